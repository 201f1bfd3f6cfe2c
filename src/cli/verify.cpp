// `rocmforge verify`: holds a model's log-probabilities against recorded ones, or a device against
// the CPU.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "cli/app.h"
#include "cli/json.h"
#include "cli/layer_report.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "engine/golden.h"

namespace rocmforge::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string golden;
  std::string reference;
  bool json = false;
};

// JSON has no NaN and no infinity.
boost::json::value finite(double x) {
  if (!std::isfinite(x)) return nullptr;
  return x;
}

std::string rule_of(const engine::Verdict& verdict) {
  return verdict.rule + (verdict.known ? "" : " (--reference)");
}

void print_json(const engine::Differences& d, const engine::Differences* reference,
                const engine::Verdict& verdict) {
  boost::json::object out{
      {"rms", finite(d.rms)}, {"max", finite(d.max)},           {"compared", d.n},
      {"steps", d.n_steps},   {"greedy_same", d.n_greedy_same}, {"rule", rule_of(verdict)}};
  if (reference != nullptr) out["reference_rms"] = finite(reference->rms);
  out["verdict"] = nullptr;
  if (verdict.known) out["verdict"] = verdict.pass ? "pass" : "fail";
  write_output(boost::json::serialize(out) + "\n");
}

void print_text(const engine::Differences& d, const engine::Verdict& verdict) {
  write_output(fmt::format(
      "compared: {} log-probabilities of {} steps\nrms: {:.6f}\nmax: {:.6f}\ngreedy tokens the "
      "same: {} of {}\nrule: {}\nverdict: {}\n",
      d.n, d.n_steps, d.rms, d.max, d.n_greedy_same, d.n_steps, rule_of(verdict),
      !verdict.known ? "none"
      : verdict.pass ? "pass"
                     : "FAIL"));
}

// What `compare` gives; its errors with the path of the file they are about.
template <typename Compare>
engine::Differences naming(const std::string& path, Compare compare) {
  try {
    return compare();
  } catch (const Error& e) {
    throw Error(e.code(), message_of(e) + " (" + path + ")");
  }
}

int verify(const Options& o) {
  if (o.golden.empty()) return verify_layers(o.model, o.json);
  const engine::Golden golden = read_golden(o.golden);
  std::optional<engine::Differences> reference;
  if (!o.reference.empty()) {
    const engine::Golden other = read_golden(o.reference);
    reference = naming(o.reference, [&] { return engine::compare(other, golden); });
  }
  Session session(o.model);
  const engine::Differences ours =
      naming(o.golden, [&] { return engine::compare(session.engine(), golden); });
  const auto& tensors = session.engine().file().tensors();
  const bool all_f32 = std::all_of(tensors.begin(), tensors.end(),
                                   [](const auto& t) { return t.dtype == DType::kF32; });
  const engine::Differences* against = reference ? &*reference : nullptr;
  const engine::Verdict verdict =
      engine::judge(ours, all_f32, o.model.kv_type == "f32" ? DType::kF32 : DType::kF16, against);
  if (o.json) {
    print_json(ours, against, verdict);
  } else {
    print_text(ours, verdict);
  }
  return verdict.known && !verdict.pass ? kExitError : kExitDone;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  o->model.kv_type = "f32";
  CLI::App* command =
      app.add_subcommand("verify", "Compare a device with the CPU, or a model with a recording");
  CLI::Option* golden =
      command
          ->add_option("--golden", o->golden,
                       "Recorded prompts, tokens and log-probabilities (JSON), compared instead")
          ->type_name("PATH");
  command
      ->add_option("--reference", o->reference,
                   "The same steps by another implementation: ours may be 1.1 times as far off")
      ->type_name("PATH")
      ->needs(golden);
  command->add_flag("--json", o->json, "Print one JSON object");
  add_model_options(*command, o->model);
  command->footer(
      R"(Without --golden, the same random tokens run on the device and on the CPU: a prompt of 160, then a
few small steps. Each layer's result is compared, and the verdict is pass or FAIL (exit code 1), or
none where the CPU is the device too. Where a layer differs by more than rounding explains, its ops
are compared one by one, and the first that differs is named. --no-fuse runs the plain graph on both,
whose ops are smaller. --ctx has no effect.

With --golden, the recorded tokens are forced, step by step, and the log-probabilities compared. The
verdict is pass, FAIL, or none: weights that are not all F32 need a --reference.
A golden: [{"prompt": [id, ...], "steps": [{"id": id, "top": [[id, log-probability], ...]}, ...]}]

Examples:
  rocmforge verify --gguf model.gguf --device hip
  rocmforge verify --gguf model.gguf --device hip --kv-type f16 --no-fuse
  rocmforge verify --gguf model.gguf --golden model.json --reference model.other.json)");
  command->callback([o, &action] { action = [o] { return verify(*o); }; });
}

}  // namespace rocmforge::cli
