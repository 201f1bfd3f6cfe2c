// `rocmforge bench`: prompt and generation speed, in the form of llama-bench.
#include "engine/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/version.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/json.h"
#include "cli/model_options.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

struct Options {
  ModelOptions model;
  std::vector<std::int32_t> n_prompt = {512};
  std::vector<std::int32_t> n_gen = {128};
  std::int32_t repetitions = 5;
  std::string output = "md";
};

// What the model file is, as one reads it in a table.
struct ModelFacts {
  std::string type;  // "llama 135M Q4_1": architecture, parameters, type of most bytes
  std::int64_t bytes = 0, n_params = 0;
};

struct Row {
  engine::BenchTest test;
  std::vector<double> seconds;
  std::string time;  // ISO 8601, UTC

  std::int32_t n_tokens() const { return test.n_prompt + test.n_gen; }
  std::string name() const {
    if (test.n_gen == 0) return fmt::format("pp{}", test.n_prompt);
    return fmt::format("tg{}", test.n_gen);
  }
  std::vector<double> speeds() const {
    std::vector<double> out;
    for (const double s : seconds) out.push_back(n_tokens() / s);
    return out;
  }
};

struct Moments {
  double mean = 0, deviation = 0;  // of the sample
};

Moments moments(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum2 = 0;
  for (const double v : values) sum2 += (v - mean) * (v - mean);
  return {mean, values.size() > 1 ? std::sqrt(sum2 / (n - 1)) : 0};
}

std::string human(double n) {
  constexpr std::array kUnits = {"", "K", "M", "B"};
  std::size_t unit = 0;
  while (n >= 1000 && unit + 1 < kUnits.size()) {
    n /= 1000;
    ++unit;
  }
  return n < 10 && unit > 0 ? fmt::format("{:.2f}{}", n, kUnits[unit])
                            : fmt::format("{:.0f}{}", n, kUnits[unit]);
}

ModelFacts facts_of(engine::Engine& engine) {
  ModelFacts out;
  std::map<DType, std::uint64_t> bytes;
  for (const gguf::TensorInfo& t : engine.file().tensors()) {
    out.bytes += static_cast<std::int64_t>(t.n_bytes);
    out.n_params += t.shape.n_elems();
    bytes[t.dtype] += t.n_bytes;
  }
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  out.type = fmt::format("{} {} {}", engine.params().architecture,
                         human(static_cast<double>(out.n_params)), to_string(most->first));
  return out;
}

std::string now() {
  const std::time_t t = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&t, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

// One row as llama-bench names its fields; csv writes the scalars of the same object.
boost::json::object to_json(const Row& row, const ModelFacts& facts, const Options& o,
                            const backend::DeviceInfo& device) {
  const Moments seconds = moments(row.seconds), speed = moments(row.speeds());
  boost::json::array ns, ts;
  for (const double s : row.seconds) ns.push_back(std::llround(s * 1e9));
  for (const double s : row.speeds()) ts.push_back(s);
  return {{"build_commit", commit()},
          {"build_number", version()},
          {"cpu_info", device.detail},
          {"gpu_info", ""},
          {"backends", device.name},
          {"model_filename", o.model.gguf},
          {"model_type", facts.type},
          {"model_size", facts.bytes},
          {"model_n_params", facts.n_params},
          {"n_batch", engine::EngineOptions().max_rows},
          {"n_ubatch", engine::EngineOptions().max_rows},
          {"n_threads", device.n_units},
          {"type_k", o.model.kv_type},
          {"type_v", o.model.kv_type},
          {"n_gpu_layers", 0},
          {"flash_attn", o.model.no_fuse ? 0 : 1},
          {"n_prompt", row.test.n_prompt},
          {"n_gen", row.test.n_gen},
          {"n_depth", 0},
          {"test_time", row.time},
          {"avg_ns", std::llround(seconds.mean * 1e9)},
          {"stddev_ns", std::llround(seconds.deviation * 1e9)},
          {"avg_ts", speed.mean},
          {"stddev_ts", speed.deviation},
          {"samples_ns", ns},
          {"samples_ts", ts}};
}

void print_md(const std::vector<Row>& rows, const ModelFacts& facts,
              const backend::DeviceInfo& device) {
  write_output(fmt::format("{}\n\n", device.detail));
  write_output(
      "| model | size | params | backend | threads | test | t/s |\n"
      "| --- | ---: | ---: | --- | ---: | ---: | ---: |\n");
  for (const Row& row : rows) {
    const Moments speed = moments(row.speeds());
    write_output(fmt::format("| {} | {:.2f} MiB | {} | {} | {} | {} | {:.2f} ± {:.2f} |\n",
                             facts.type, static_cast<double>(facts.bytes) / (1 << 20),
                             human(static_cast<double>(facts.n_params)), device.name,
                             device.n_units, row.name(), speed.mean, speed.deviation));
  }
}

// Text in quotes, with a quote doubled.
std::string csv_field(const boost::json::value& value) {
  if (!value.is_string()) return boost::json::serialize(value);
  std::string out(1, '"');
  for (const char c : value.get_string()) out.append(c == '"' ? 2 : 1, c);
  out.push_back('"');
  return out;
}

void print_csv(const boost::json::array& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string head, line;
    for (const auto& [key, value] : rows[i].get_object()) {
      if (value.is_array()) continue;  // samples
      const char* comma = line.empty() ? "" : ",";
      head += fmt::format("{}{}", comma, std::string_view(key));
      line += fmt::format("{}{}", comma, csv_field(value));
    }
    write_output(i == 0 ? fmt::format("{}\n{}\n", head, line) : fmt::format("{}\n", line));
  }
}

int bench(Options o) {
  std::vector<engine::BenchTest> tests;
  for (const std::int32_t n : o.n_prompt) {
    if (n > 0) tests.push_back({.n_prompt = n, .n_gen = 0});
  }
  for (const std::int32_t n : o.n_gen) {
    if (n > 0) tests.push_back({.n_prompt = 0, .n_gen = n});
  }
  if (tests.empty()) throw Error(ErrorCode::kUsage, "bench: nothing to measure: -p and -n are 0");
  const bool ctx_given = o.model.ctx != 0;  // then it is held to
  for (const engine::BenchTest& t : tests) {
    if (!ctx_given) o.model.ctx = std::max(o.model.ctx, t.n_prompt + t.n_gen);
  }
  Session session(o.model);
  const ModelFacts facts = facts_of(session.engine());
  const backend::DeviceInfo device = session.device().info();
  std::vector<Row> rows;
  for (const engine::BenchTest& t : tests) {
    const std::string start = now();
    rows.push_back({t, engine::bench(session.engine(), t, o.repetitions), start});
  }
  boost::json::array json;
  for (const Row& row : rows) json.push_back(to_json(row, facts, o, device));
  if (o.output == "json") write_output(boost::json::serialize(json) + "\n");
  if (o.output == "csv") print_csv(json);
  if (o.output == "md") print_md(rows, facts, device);
  return kExitDone;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bench", "Measure prompt and generation speed");
  const auto add = [command](const char* names, auto& value, const CLI::Validator& check,
                             const char* description) {
    return command->add_option(names, value, description)->type_name("N")->transform(check);
  };
  const CLI::Validator tokens = whole_number(0, 1 << 20);
  add("-p,--n-prompt", o->n_prompt, tokens, "Tokens of a prompt; several with commas; 0: none")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  add("-n,--n-gen", o->n_gen, tokens, "Tokens to generate; several with commas; 0: none")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  add("-r,--repetitions", o->repetitions, whole_number(1, 1000), "Runs of each test")
      ->capture_default_str();
  command->add_option("-o,--output", o->output, "Form of the result: md, json or csv")
      ->type_name("FORM")
      ->check(one_of({"md", "json", "csv"}))
      ->capture_default_str();
  add_model_options(*command, o->model);
  command->footer(
      R"(ppN: a prompt of N tokens at once. tgN: N tokens one by one. Each test runs once more than asked,
and the first run does not count. The result is mean and standard deviation of tokens a second;
json and csv name their fields as llama-bench does.

Examples:
  rocmforge bench --gguf model.gguf
  rocmforge bench --gguf model.gguf -p 128,512 -n 0 -r 3 -o json)");
  command->callback([o, &action] { action = [o] { return bench(*o); }; });
}

}  // namespace rocmforge::cli
