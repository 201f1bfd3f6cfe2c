// The options that every subcommand with a model has, and what they open.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "backend/device.h"
#include "base/counters.h"
#include "engine/engine.h"

namespace rocmforge::cli {

struct ModelOptions {
  std::string gguf;
  std::string device = "auto";
  std::int32_t threads = 0;
  std::int32_t ctx = 0;
  std::string kv_type = "f16";
  bool no_fuse = false;
  std::int32_t max_sequences = 1;           // that run together
  std::optional<model::RandomSpec> random;  // instead of `gguf`

  const std::string& name() const { return random ? random->text : gguf; }
};

// -m, --gguf, --model.
CLI::Option* add_gguf_option(CLI::App& command, std::string& path, const char* description);
// `required`: the subcommand makes no sense without --gguf. Defaults are those of `options`.
void add_model_options(CLI::App& command, ModelOptions& options, bool required = true);

// A device, the counters and the engine on it, in the order that they need each other.
class Session {
 public:
  explicit Session(const ModelOptions& options);
  ~Session();  // logs the counters

  engine::Engine& engine() { return *engine_; }
  backend::Device& device() { return *device_; }
  const Counters& counters() const { return counters_; }
  double load_seconds() const { return load_seconds_; }

 private:
  Counters counters_;
  std::unique_ptr<backend::Device> device_;
  std::unique_ptr<engine::Engine> engine_;
  double load_seconds_ = 0;
};

}  // namespace rocmforge::cli
