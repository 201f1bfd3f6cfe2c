#include "cli/layer_report.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/device_option.h"
#include "cli/json.h"
#include "cli/output.h"
#include "engine/layer_check.h"
#include "engine/loader.h"

namespace rocmforge::cli {
namespace {

using engine::Compared;
using engine::Deviation;
using engine::LayerCheck;

// JSON has no NaN and no infinity.
boost::json::value finite(double x) {
  if (!std::isfinite(x)) return nullptr;
  return x;
}

boost::json::object as_json(const Deviation& d) {
  return {{"rows", d.n_rows},
          {"rms", finite(d.rms)},
          {"worst_row", finite(d.worst_row)},
          {"max", finite(d.max)},
          {"cosine", finite(d.cosine)}};
}

boost::json::array as_json(const std::vector<Compared>& all) {
  boost::json::array out;
  for (const Compared& c : all) {
    out.push_back({{"name", c.name},
                   {"bound", c.bound},
                   {"parted", c.parted},
                   {"prefill", as_json(c.prefill)},
                   {"decode", as_json(c.decode)}});
  }
  return out;
}

const Compared* at(const std::vector<Compared>& all, std::int32_t index) {
  return index < 0 ? nullptr : &all[static_cast<std::size_t>(index)];
}

boost::json::value name_of(const Compared* c) {
  if (c == nullptr) return nullptr;
  return boost::json::string(c->name);
}

// What was compared. The CPU differs from itself by a fault alone, but agreeing proves nothing.
struct Sides {
  std::string device, reference;
  bool same = false;
};

void print_json(const LayerCheck& c, const Sides& sides) {
  boost::json::object out = {{"device", sides.device},
                             {"reference", sides.reference},
                             {"same_device", sides.same},
                             {"layers", as_json(c.layers)},
                             {"ops", as_json(c.ops)},
                             {"first_layer", name_of(at(c.layers, c.first_parted))},
                             {"first_op", name_of(at(c.ops, c.first_op))},
                             {"logprob_rms", finite(c.logprob_rms)},
                             {"logprob_max", finite(c.logprob_max)},
                             {"positions", c.n_positions},
                             {"greedy_same", c.n_greedy_same},
                             {"rule", c.rule},
                             {"verdict", c.pass() ? "pass" : "fail"}};
  if (sides.same && c.pass()) out["verdict"] = nullptr;
  write_output(boost::json::serialize(out) + "\n");
}

std::string columns(const Deviation& d) {
  return fmt::format("{:>9.2e} {:>9.2e} {:>9.2e} {:>9.6f}", d.rms, d.worst_row, d.max, d.cosine);
}

// Names of ops stand last, since they are long.
void print_table(const std::vector<Compared>& all, std::int32_t first) {
  const std::string head =
      fmt::format("{:>9} {:>9} {:>9} {:>9}", "rms", "worst row", "max", "cosine");
  write_output(fmt::format("{:>39} | {:>39} |\n", "prompt at once", "small steps"));
  write_output(fmt::format("{} | {} | {:>7}\n", head, head, "bound"));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Compared& c = all[i];
    const char* mark = static_cast<std::int32_t>(i) == first ? "  <- first to differ"
                       : c.parted                            ? "  differs"
                                                             : "";
    write_output(fmt::format("{} | {} | {:>7.1e}  {}{}\n", columns(c.prefill), columns(c.decode),
                             c.bound, c.name, mark));
  }
}

void print_text(const LayerCheck& c, const Sides& sides) {
  write_output(fmt::format("device:    {}\nreference: {}\n\n", sides.device, sides.reference));
  print_table(c.layers, c.first_parted);
  if (const Compared* layer = at(c.layers, c.first_parted); layer != nullptr && !c.ops.empty()) {
    write_output(fmt::format("\n{} once more, each op's result kept:\n", layer->name));
    print_table(c.ops, c.first_op);
    if (c.first_op < 0) {
      write_output(
          "no op of it differs so: look for one that writes over what another still reads\n");
    }
  }
  write_output(fmt::format(
      "\nlog-probabilities: rms {:.6f}, max {:.6f}\ngreedy tokens the same: {} of {}\nrule: {}\n"
      "verdict: {}\n",
      c.logprob_rms, c.logprob_max, c.n_greedy_same, c.n_positions, c.rule,
      !c.pass()    ? "FAIL"
      : sides.same ? "none (the CPU was compared with itself)"
                   : "pass"));
}

}  // namespace

int verify_layers(const ModelOptions& options, bool json) {
  Counters counters;
  const std::unique_ptr<backend::Device> reference = cpu_device(options.threads, counters);
  const Placement place = place_layers(options, counters);
  const engine::ModelFile file(options.gguf, counters, gguf::parse_overrides(options.overrides));
  const LayerCheck check =
      engine::check_layers(file.gguf(),
                           {.kv_dtype = options.kv_type == "f32" ? DType::kF32 : DType::kF16,
                            .fuse = !options.no_fuse,
                            .n_device_layers = place.n_device_layers,
                            .rest = place.rest.get(),
                            .mappings = file.mappings()},
                           *place.device, *reference, counters);
  const Sides sides{.device = place.device->info().detail,
                    .reference = reference->info().detail,
                    .same = place.device->info().is_host};
  if (sides.same) {
    print_note("there is no GPU in this comparison: the CPU is compared with itself");
  }
  if (json) {
    print_json(check, sides);
  } else {
    print_text(check, sides);
  }
  return check.pass() ? kExitDone : kExitError;
}

}  // namespace rocmforge::cli
