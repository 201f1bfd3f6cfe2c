#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>

#include "backend/cpu/device.h"
#include "base/version.h"
#include "cli/json.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

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

// One row as llama-bench names its fields; csv writes the scalars of the same object.
boost::json::object to_json(const BenchRow& row, const BenchFacts& facts,
                            const ModelOptions& model) {
  const Moments seconds = moments(row.seconds), speed = moments(row.speeds());
  boost::json::array ns, ts;
  for (const double s : row.seconds) ns.push_back(std::llround(s * 1e9));
  for (const double s : row.speeds()) ts.push_back(s);
  return {{"build_commit", commit()},
          {"build_number", version()},
          {"cpu_info", !facts.is_gpu()       ? facts.device.detail
                       : !facts.rest.empty() ? facts.rest
                                             : cpu::processor_name()},
          {"gpu_info", facts.is_gpu() ? facts.device.detail : ""},
          {"backends", facts.device.name},
          {"model_filename", model.name()},
          {"model_type", facts.type},
          {"model_size", facts.bytes},
          {"model_n_params", facts.n_params},
          {"n_batch", engine::EngineOptions().max_rows},
          {"n_ubatch", engine::EngineOptions().max_rows},
          {"n_threads", facts.n_threads},
          {"type_k", model.kv_type},
          {"type_v", model.kv_type},
          {"n_gpu_layers", facts.n_gpu_layers},
          {"flash_attn", model.no_fuse ? 0 : 1},
          {"n_prompt", row.test.n_prompt},
          {"n_gen", row.test.n_gen},
          {"n_depth", row.test.n_depth},
          {"test_time", row.time},
          {"avg_ns", std::llround(seconds.mean * 1e9)},
          {"stddev_ns", std::llround(seconds.deviation * 1e9)},
          {"avg_ts", speed.mean},
          {"stddev_ts", speed.deviation},
          {"n_sequences", row.test.n_sequences},
          {"step_weight_bytes", row.step.weights},
          {"step_kv_bytes", row.step.kv},
          {"load_seconds", facts.load_seconds},
          {"samples_ns", ns},
          {"samples_ts", ts}};
}

void print_md(const std::vector<BenchRow>& rows, const BenchFacts& facts) {
  const std::string rest = facts.rest.empty() ? "" : facts.rest + " and ";
  write_output(fmt::format("{}{}\n\n", rest, facts.device.detail));
  write_output(
      fmt::format("| model | size | params | backend | {} | test | t/s |\n"
                  "| --- | ---: | ---: | --- | ---: | ---: | ---: |\n",
                  facts.is_gpu() ? "ngl" : "threads"));
  for (const BenchRow& row : rows) {
    const Moments speed = moments(row.speeds());
    write_output(fmt::format("| {} | {:.2f} MiB | {} | {} | {} | {} | {:.2f} ± {:.2f} |\n",
                             facts.type, static_cast<double>(facts.bytes) / (1 << 20),
                             human(static_cast<double>(facts.n_params)), facts.device.name,
                             facts.is_gpu() ? facts.n_gpu_layers : facts.n_threads, row.name(),
                             speed.mean, speed.deviation));
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

}  // namespace

std::string BenchRow::name() const {
  std::string out =
      test.n_gen == 0 ? fmt::format("pp{}", test.n_prompt) : fmt::format("tg{}", test.n_gen);
  if (test.n_sequences > 1) out += fmt::format(" x{}", test.n_sequences);
  if (test.n_depth > 0) out += fmt::format(" @ d{}", test.n_depth);
  return out;
}

std::vector<double> BenchRow::speeds() const {
  std::vector<double> out;
  for (const double s : seconds) out.push_back(test.n_tokens() / s);
  return out;
}

BenchFacts facts_of(Session& session) {
  engine::Engine& engine = session.engine();
  BenchFacts out;
  out.load_seconds = session.load_seconds();
  out.device = session.device().info();
  if (out.is_gpu()) {
    out.n_gpu_layers = engine.runner().n_device_layers();
    if (backend::Device* rest = session.rest()) {
      out.rest = rest->info().detail;
      out.n_threads = rest->info().n_units;
    }
  } else {
    out.n_threads = out.device.n_units;
  }
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

void write_report(const std::string& form, const std::vector<BenchRow>& rows,
                  const BenchFacts& facts, const ModelOptions& model) {
  if (form == "md") return print_md(rows, facts);
  boost::json::array json;
  for (const BenchRow& row : rows) json.push_back(to_json(row, facts, model));
  if (form == "json") write_output(boost::json::serialize(json) + "\n");
  if (form == "csv") print_csv(json);
}

}  // namespace rocmforge::cli
