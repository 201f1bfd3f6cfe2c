// What `rocmforge bench` measured, and the forms in which it says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/device.h"
#include "cli/model_options.h"
#include "engine/bench.h"

namespace rocmforge::cli {

// What ran, and where, as one reads it in a table.
struct BenchFacts {
  std::string type;  // "llama 135M Q4_1": architecture, parameters, type of most bytes
  std::int64_t bytes = 0, n_params = 0;
  double load_seconds = 0;  // device and model, until ready
  backend::DeviceInfo device;
  std::string rest;               // the CPU's name where it runs some of the layers
  std::int32_t n_threads = 1;     // of the CPU that work is spread over
  std::int32_t n_gpu_layers = 0;  // layers on a GPU

  bool is_gpu() const { return device.name != "cpu"; }
};

struct BenchRow {
  engine::BenchTest test;
  engine::StepBytes step;
  std::vector<double> seconds;
  std::string time;  // ISO 8601, UTC

  std::string name() const;            // "pp512", "tg128 x8 @ d512"
  std::vector<double> speeds() const;  // tokens a second, of each run
};

BenchFacts facts_of(Session& session);

// `form`: md, json or csv.
void write_report(const std::string& form, const std::vector<BenchRow>& rows,
                  const BenchFacts& facts, const ModelOptions& model);

}  // namespace rocmforge::cli
