#include "cli/model_options.h"

#include <chrono>

#include "backend/cpu/device.h"
#include "base/error.h"

namespace rocmforge::cli {
namespace {

std::unique_ptr<backend::Device> make_device(const ModelOptions& options, Counters& counters) {
  if (options.device == "cpu" || options.device == "auto") {
    return cpu::make_device({.n_threads = options.threads, .isa = cpu::best_isa()}, counters);
  }
  throw Error(ErrorCode::kUsage, "--device: \"" + options.device +
                                     "\" is not supported by this version; it runs on: cpu");
}

}  // namespace

void add_model_options(CLI::App& command, ModelOptions& options, bool required) {
  auto* gguf =
      command.add_option("-m,--gguf,--model", options.gguf, "Model file (GGUF)")->type_name("PATH");
  if (required) gguf->required();
  command.add_option("--device", options.device, "Where to run: cpu, or auto (the best there is)")
      ->capture_default_str();
  command.add_option("-t,--threads", options.threads, "CPU threads; 0: one for each physical core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command
      .add_option("-c,--ctx,--ctx-size", options.ctx,
                  "Tokens of context; 0: the model's own, at most 4096")
      ->check(CLI::Range(0, 1 << 24))
      ->capture_default_str();
  command.add_option("--kv-type", options.kv_type, "Type of the KV cache: f16 or f32")
      ->check(CLI::IsMember({"f16", "f32"}))
      ->capture_default_str();
  command.add_flag("--no-fuse", options.no_fuse,
                   "Run the plain graph, op by op (slow; to tell whether a fusion is at fault)");
}

Session::Session(const ModelOptions& options) : device_(make_device(options, counters_)) {
  const auto start = std::chrono::steady_clock::now();
  engine_ = std::make_unique<engine::Engine>(
      engine::EngineOptions{.path = options.gguf,
                            .n_ctx = options.ctx,
                            .kv_dtype = options.kv_type == "f32" ? DType::kF32 : DType::kF16,
                            .fuse = !options.no_fuse},
      *device_, counters_);
  load_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace rocmforge::cli
