// The options that every subcommand with a model has, and what they open.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
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
  std::string gpu_layers;  // empty: all, and nothing was asked for
  std::int32_t threads = 0;
  std::int32_t ctx = 0;
  std::string kv_type = "f16";
  bool no_fuse = false;
  bool check_tensors = false;
  std::int32_t max_sequences = 1;           // that run together
  std::int64_t kv_tokens = 0;               // of all together; 0: of each a context
  std::int32_t least_sequences = 0;         // as EngineOptions has it
  std::optional<model::RandomSpec> random;  // instead of `gguf`
  std::vector<std::string> overrides;       // of --override-kv
  std::string tokenizer;  // a tokenizer.json, or its folder; empty: the own one of the model

  const std::string& name() const { return random ? random->text : gguf; }
};

// -m, --gguf, --model.
CLI::Option* add_gguf_option(CLI::App& command, std::string& path, const char* description);
// --tokenizer.
void add_tokenizer_option(CLI::App& command, std::string& path);
// --override-kv.
void add_override_option(CLI::App& command, std::vector<std::string>& overrides);
// `required`: the subcommand makes no sense without --gguf. Defaults are those of `options`.
void add_model_options(CLI::App& command, ModelOptions& options, bool required = true);

// The devices that --device and --gpu-layers name.
struct Placement {
  std::unique_ptr<backend::Device> rest;  // the CPU, for layers that are not on the device; or null
  std::unique_ptr<backend::Device> device;
  std::int32_t n_device_layers = engine::kAllLayers;  // as EngineOptions has it
};
// The first choice, which is not given up for another where the model does not fit it.
Placement place_layers(const ModelOptions& options, Counters& counters);

// What settles options that depend on the model's file, before the model is loaded.
using Settle = std::function<void(const engine::OpenedModel& model, ModelOptions& options)>;

// The devices, the counters and the engine on them, in the order that they need each other.
class Session {
 public:
  // The file is opened once, whatever devices are tried; `settle` is called once.
  explicit Session(const ModelOptions& options, const Settle& settle = {});
  ~Session();  // logs the counters

  engine::Engine& engine() { return *engine_; }
  backend::Device& device() { return *place_.device; }
  // Runs the layers that are not on device(); null: all are.
  backend::Device* rest() {
    return engine_->runner().n_device_layers() < engine_->params().n_layers ? place_.rest.get()
                                                                            : nullptr;
  }
  const Counters& counters() const { return counters_; }
  double load_seconds() const { return load_seconds_; }

 private:
  Counters counters_;
  Placement place_;
  std::unique_ptr<engine::Engine> engine_;
  double load_seconds_ = 0;
};

}  // namespace rocmforge::cli
