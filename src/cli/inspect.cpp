// `rocmforge inspect`: what is in a model file, also one that cannot be run.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/cpu/device.h"
#include "base/error.h"
#include "base/mapped_file.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "engine/fit.h"
#include "engine/loader.h"
#include "gguf/listing.h"
#include "gguf/model_files.h"

namespace rocmforge::cli {
namespace {

namespace json = boost::json;

struct Options {
  std::string gguf;
  std::int32_t ctx = 0;
  std::string kv_type = "f16";
  std::string tokenizer;
  std::vector<std::string> overrides;  // of --override-kv
  bool as_json = false;
};

struct Part {
  MappedFile mapping;
  gguf::Listing listing;
};

struct Key {
  const gguf::File* file;
  const gguf::KeyValue* kv;
};

struct Memory {
  std::int32_t n_ctx = 0;
  std::int64_t weights = 0, kv = 0, work = 0;  // bytes

  std::int64_t total() const { return weights + kv + work; }
};

struct Contents {
  std::vector<gguf::Override> overrides;  // the first part's keys are seen through them
  std::vector<Part> parts;
  std::uint64_t file_bytes = 0, n_parameters = 0, weight_bytes = 0;
  struct Type {
    std::size_t n_tensors = 0;
    std::uint64_t n_parameters = 0, n_bytes = 0;
  };
  std::map<std::string, Type> types;
  std::optional<Memory> memory;
  std::string why_not;  // it cannot be run; empty: it can

  const gguf::File& keys() const { return parts.front().listing.keys; }
  // The first part's, and those that later parts alone have, as a load takes them.
  std::vector<Key> all_keys() const {
    std::vector<Key> out;
    for (auto part = parts.begin(); part != parts.end(); ++part) {
      for (const gguf::KeyValue& kv : part->listing.keys.metadata()) {
        const bool is_own = kv.key.starts_with("split.") || kv.key == "general.alignment";
        const bool is_old = std::any_of(parts.begin(), part, [&](const Part& p) {
          return is_own || p.listing.keys.find(kv.key) != nullptr;
        });
        if (!is_old) out.push_back({&part->listing.keys, &kv});
      }
    }
    return out;
  }
  double bits_per_weight() const {
    return n_parameters == 0
               ? 0
               : 8 * static_cast<double>(weight_bytes) / static_cast<double>(n_parameters);
  }
};

std::string size_text(std::uint64_t bytes) {
  constexpr double kKiB = 1024;
  const auto n = static_cast<double>(bytes);
  if (n < kKiB) return fmt::format("{} bytes", bytes);
  if (n < kKiB * kKiB) return fmt::format("{:.1f} KiB", n / kKiB);
  if (n < kKiB * kKiB * kKiB) return fmt::format("{:.1f} MiB", n / kKiB / kKiB);
  return fmt::format("{:.2f} GiB", n / kKiB / kKiB / kKiB);
}

// What it takes to run it on a CPU, whose weights stay in the file; planned, but nothing is loaded.
Memory plan_memory(const Options& o, const Contents& contents) {
  Counters counters;
  const engine::ModelFile file(o.gguf, counters, contents.overrides);
  const auto device = cpu::make_device({}, counters);
  engine::RunnerOptions options{.max_sequences = 1,
                                .kv_dtype = o.kv_type == "f32" ? DType::kF32 : DType::kF16,
                                .device_cut = true};
  const model::Model model = model::build_model(
      file.gguf(), {.kv_dtype = options.kv_dtype, .max_rows = options.max_rows}, counters);
  if (const auto tokenizer = engine::find_tokenizer(file.gguf(), o.tokenizer)) {
    engine::check_vocabulary(file.gguf(), model.params, *tokenizer);
  }
  options.n_ctx = o.ctx > 0 ? o.ctx : std::min(model.params.n_ctx_train, engine::kDefaultContext);
  const engine::PlacedModel placed = engine::place_model(model, options, *device, o.gguf, counters);
  Memory out{.n_ctx = options.n_ctx, .weights = static_cast<std::int64_t>(contents.weight_bytes)};
  for (const engine::PlacedStage& stage : placed.stages) {
    out.kv += stage.plan.kv.bytes();
    out.work += stage.plan.arena_bytes;
  }
  return out;
}

void add_tensors(const gguf::Listing& listing, Contents& out) {
  for (const gguf::Listed& t : listing.tensors) {
    const auto n = static_cast<std::uint64_t>(t.shape.n_elems());
    Contents::Type& type = out.types[t.type];
    ++type.n_tensors;
    type.n_parameters += n;
    type.n_bytes += t.n_bytes;
    out.n_parameters += n;
    out.weight_bytes += t.n_bytes;
  }
}

Contents read_contents(const Options& o) {
  Contents out;
  out.overrides = gguf::parse_overrides(o.overrides);
  const auto open = [&out](const std::string& path) {
    MappedFile mapping(path);
    gguf::Listing listing = gguf::list(mapping.bytes(), path);
    out.file_bytes += mapping.bytes().size();
    add_tensors(listing, out);
    out.parts.push_back({std::move(mapping), std::move(listing)});
  };
  open(o.gguf);
  out.parts.front().listing.keys.set(out.overrides);
  try {
    const std::vector<std::string> paths = gguf::part_paths(out.keys());
    for (std::size_t i = 1; i < paths.size(); ++i) open(paths[i]);
    out.memory = plan_memory(o, out);
  } catch (const Error& e) {
    out.why_not = message_of(e);
  }
  return out;
}

// ---- as text

constexpr std::size_t kShownElements = 8, kShownBytes = 60;

std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (!gguf::is_utf8(out)) out = gguf::printable(out);
  return without_middle(out, kShownBytes);
}

// The first elements, in the words of File's own look-ups.
std::vector<std::string> elements(const gguf::File& file, const gguf::KeyValue& kv,
                                  const gguf::Array& array, std::size_t most) {
  std::vector<std::string> out;
  const auto add = [&](const auto& values, auto text) {
    for (std::size_t i = 0; i < std::min(most, values.size()); ++i) out.push_back(text(values[i]));
  };
  switch (array.type) {
    case gguf::ValueType::kString:
      add(array.strings, [](std::string_view s) { return shown(s); });
      break;
    case gguf::ValueType::kBool:
      add(array.raw, [](std::byte b) { return std::string(b != std::byte{0} ? "true" : "false"); });
      break;
    case gguf::ValueType::kF32:
    case gguf::ValueType::kF64:
      add(*file.get_floats(kv.key), [](float f) { return fmt::format("{:g}", f); });
      break;
    default:
      add(*file.get_ints(kv.key), [](std::int64_t n) { return std::to_string(n); });
  }
  return out;
}

std::string value_text(const gguf::File& file, const gguf::KeyValue& kv) {
  if (const auto* n = std::get_if<std::uint64_t>(&kv.value)) return std::to_string(*n);
  if (const auto* n = std::get_if<std::int64_t>(&kv.value)) return std::to_string(*n);
  if (const auto* x = std::get_if<double>(&kv.value)) return fmt::format("{:g}", *x);
  if (const auto* b = std::get_if<bool>(&kv.value)) return *b ? "true" : "false";
  if (const auto* s = std::get_if<std::string_view>(&kv.value)) return shown(*s);
  const auto& array = std::get<gguf::Array>(kv.value);
  std::string out;
  for (const std::string& e : elements(file, kv, array, kShownElements)) {
    out += (out.empty() ? "" : ", ") + e;
  }
  return array.size > kShownElements ? out + ", ..." : out;
}

std::string type_text(const gguf::KeyValue& kv) {
  const auto* array = std::get_if<gguf::Array>(&kv.value);
  if (array == nullptr) return std::string(to_string(kv.type));
  return fmt::format("{}[{}]", to_string(array->type), array->size);
}

template <class Rows, class Text>
std::size_t widest(const Rows& rows, Text text) {
  std::size_t out = 0;
  for (const auto& row : rows) out = std::max(out, text(row).size());
  return out;
}

std::string tensors_text(const Contents& c) {
  std::size_t name = 0, type = 0, shape = 0;
  for (const Part& part : c.parts) {
    const auto& all = part.listing.tensors;
    name = std::max(name, widest(all, [](const auto& t) { return gguf::printable(t.name); }));
    type = std::max(type, widest(all, [](const auto& t) { return t.type; }));
    shape = std::max(shape, widest(all, [](const auto& t) { return to_string(t.shape); }));
  }
  std::string out;
  for (const Part& part : c.parts) {
    out += c.parts.size() == 1 ? "tensors (name, type, shape, offset, bytes):\n"
                               : "tensors of " + part.mapping.path() + ":\n";
    for (const gguf::Listed& t : part.listing.tensors) {
      out += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {:>12}  {:>12}\n", gguf::printable(t.name),
                         name, t.type, type, to_string(t.shape), shape, t.offset, t.n_bytes);
    }
  }
  return out;
}

std::string as_text(const Options& o, const Contents& c) {
  const gguf::File& keys = c.keys();
  std::size_t n_tensors = 0;
  for (const Part& part : c.parts) n_tensors += part.listing.tensors.size();
  std::string out =
      fmt::format("{}: GGUF version {}, {} keys, {} tensors, {}{}\n", o.gguf, keys.version(),
                  c.all_keys().size(), n_tensors, size_text(c.file_bytes),
                  c.parts.size() > 1 ? fmt::format(" in {} parts", c.parts.size()) : "");
  out += "keys:\n";
  const std::vector<Key> all = c.all_keys();
  const std::size_t name = widest(all, [](const Key& k) { return gguf::printable(k.kv->key); });
  const std::size_t type = widest(all, [](const Key& k) { return type_text(*k.kv); });
  for (const auto& [file, kv] : all) {
    out += fmt::format("  {:<{}}  {:<{}}  {}\n", gguf::printable(kv->key), name, type_text(*kv),
                       type, value_text(*file, *kv));
  }
  out += tensors_text(c);
  out += "types:\n";
  for (const auto& [label, t] : c.types) {
    out += fmt::format("  {:<8}  {:>5} tensors  {:>14} weights  {:>11}\n", label, t.n_tensors,
                       t.n_parameters, size_text(t.n_bytes));
  }
  out += fmt::format("weights: {}, {:.2f} bits each\n", c.n_parameters, c.bits_per_weight());
  if (c.memory) {
    const Memory& m = *c.memory;
    out += fmt::format(
        "memory with a context of {}: {} (weights {}, KV cache in {} {}, work {})\n", m.n_ctx,
        size_text(static_cast<std::uint64_t>(m.total())),
        size_text(static_cast<std::uint64_t>(m.weights)), o.kv_type == "f32" ? "F32" : "F16",
        size_text(static_cast<std::uint64_t>(m.kv)), size_text(static_cast<std::uint64_t>(m.work)));
  }
  out += c.why_not.empty() ? "runs here: yes\n" : "runs here: no: " + c.why_not + "\n";
  return out;
}

// ---- as JSON

// A string of JSON; bytes that are no UTF-8 as U+FFFD.
json::value text_value(std::string_view text) {
  return json::parse(to_json_string(text));
}

json::value value_json(const gguf::File& file, const gguf::KeyValue& kv) {
  if (const auto* n = std::get_if<std::uint64_t>(&kv.value)) return *n;
  if (const auto* n = std::get_if<std::int64_t>(&kv.value)) return *n;
  if (const auto* x = std::get_if<double>(&kv.value)) {
    return std::isfinite(*x) ? json::value(*x) : json::value(fmt::format("{}", *x));
  }
  if (const auto* b = std::get_if<bool>(&kv.value)) return *b;
  if (const auto* s = std::get_if<std::string_view>(&kv.value)) return text_value(*s);
  const auto& array = std::get<gguf::Array>(kv.value);
  json::array first;
  for (const std::string& e : elements(file, kv, array, kShownElements)) {
    first.push_back(text_value(e));
  }
  return {{"array_of", std::string(to_string(array.type))},
          {"size", array.size},
          {"first", std::move(first)}};
}

json::array tensors_json(const Contents& c) {
  json::array out;
  for (std::size_t part = 0; part < c.parts.size(); ++part) {
    for (const gguf::Listed& t : c.parts[part].listing.tensors) {
      json::array shape;
      for (int i = 0; i < t.shape.rank(); ++i) shape.push_back(t.shape[i]);
      out.push_back({{"name", text_value(t.name)},
                     {"type", t.type},
                     {"shape", std::move(shape)},
                     {"part", part},
                     {"offset", t.offset},
                     {"bytes", t.n_bytes}});
    }
  }
  return out;
}

std::string as_json(const Options& o, const Contents& c) {
  json::object keys, types;
  for (const auto& [file, kv] : c.all_keys()) {
    keys[json::value_to<std::string>(text_value(kv->key))] = value_json(*file, *kv);
  }
  for (const auto& [label, t] : c.types) {
    types[label] = {{"tensors", t.n_tensors}, {"parameters", t.n_parameters}, {"bytes", t.n_bytes}};
  }
  json::array parts;
  for (const Part& part : c.parts) parts.push_back(text_value(part.mapping.path()));
  json::value memory = nullptr;
  if (c.memory) {
    memory = {{"ctx", c.memory->n_ctx}, {"kv_type", o.kv_type},   {"weights", c.memory->weights},
              {"kv", c.memory->kv},     {"work", c.memory->work}, {"total", c.memory->total()}};
  }
  const json::object all = {
      {"path", text_value(o.gguf)},
      {"parts", std::move(parts)},
      {"version", c.keys().version()},
      {"alignment", c.keys().alignment()},
      {"bytes", c.file_bytes},
      {"metadata", std::move(keys)},
      {"tensors", tensors_json(c)},
      {"types", std::move(types)},
      {"parameters", c.n_parameters},
      {"bits_per_weight", c.bits_per_weight()},
      {"memory", std::move(memory)},
      {"runs", c.why_not.empty()},
      {"why_not", c.why_not.empty() ? json::value(nullptr) : text_value(c.why_not)}};
  return json::serialize(all) + "\n";
}

int inspect(const Options& o) {
  const Contents contents = read_contents(o);
  write_output(o.as_json ? as_json(o, contents) : as_text(o, contents));
  return kExitDone;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("inspect", "Show what is in a model file: keys, tensors, memory");
  command->add_option("model", o->gguf, "Model file (GGUF), as with --gguf")->type_name("PATH");
  add_gguf_option(*command, o->gguf, "Model file (GGUF)");
  command
      ->add_option("-c,--ctx,--ctx-size", o->ctx,
                   "Tokens of context that memory is told for; 0: the model's own, at most 4096")
      ->type_name("N")
      ->transform(whole_number(0, 1 << 24))
      ->capture_default_str();
  command->add_option("--kv-type", o->kv_type, "The KV cache's numbers: f16 or f32")
      ->type_name("TYPE")
      ->check(one_of({"f16", "f32"}))
      ->capture_default_str();
  add_tokenizer_option(*command, o->tokenizer);
  add_override_option(*command, o->overrides);
  for (const char* name : {"--gguf", "--tokenizer", "--override-kv"}) {
    command->get_option(name)->group("Options");
  }
  command->add_flag("--json", o->as_json, "Print one JSON object");
  command->footer(
      R"(Nothing is loaded: it is as quick for a large model. Files of an architecture or of types that do not
run here are shown too, with the reason at the end. Of a model in several parts, give the first. With
--override-kv and --tokenizer it shows what a load with the same would take.

Examples:
  rocmforge inspect model.gguf
  rocmforge inspect model.gguf --ctx 32768 --json)");
  command->callback([o, &action] {
    action = [o] {
      if (o->gguf.empty())
        throw Error(ErrorCode::kUsage, "which file? Give its path: rocmforge inspect MODEL");
      return inspect(*o);
    };
  });
}

}  // namespace rocmforge::cli
