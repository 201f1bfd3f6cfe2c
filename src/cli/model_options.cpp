#include "cli/model_options.h"

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/load_bar.h"

namespace rocmforge::cli {
namespace {

// An engine, or its error with a word on what --gguf takes.
std::unique_ptr<engine::Engine> open_engine(const ModelOptions& options, backend::Device& device,
                                            Counters& counters,
                                            const engine::LoadProgress& progress) {
  if (options.gguf.find("://") != std::string::npos) {
    throw Error(ErrorCode::kUsage,
                "--gguf: " + options.gguf + ": models are not downloaded; give the path of a file");
  }
  return std::make_unique<engine::Engine>(
      engine::EngineOptions{.path = options.gguf,
                            .random = options.random,
                            .n_ctx = options.ctx,
                            .kv_dtype = options.kv_type == "f32" ? DType::kF32 : DType::kF16,
                            .max_sequences = options.max_sequences,
                            .fuse = !options.no_fuse,
                            .progress = progress},
      device, counters);
}

// What another device may do better: not a fault of the file or of the options.
bool is_of_the_device(const Error& e) {
  if (e.code() == ErrorCode::kOutOfMemory || e.code() == ErrorCode::kDevice) return true;
  return e.code() == ErrorCode::kUnsupported && std::string_view(e.what()).starts_with("[gpu]");
}

}  // namespace

CLI::Option* add_gguf_option(CLI::App& command, std::string& path, const char* description) {
  // An empty one, of a variable that is not set, is told from none.
  const auto not_empty = [](std::string& text) { return text.empty() ? "the path is empty" : ""; };
  return command.add_option("-m,--gguf,--model", path, description)
      ->type_name("PATH")
      ->check(CLI::Validator(not_empty, ""))
      ->group(kModelGroup);
}

void add_model_options(CLI::App& command, ModelOptions& options, bool required) {
  add_gguf_option(command, options.gguf,
                  required ? "Model file (GGUF)" : "Model file (GGUF), needed by this version")
      ->required(required);
  command
      .add_option("-c,--ctx,--ctx-size", options.ctx,
                  "Tokens of context; 0: the model's own, at most 4096")
      ->type_name("N")
      ->transform(whole_number(0, 1 << 24))
      ->capture_default_str()
      ->group(kModelGroup);
  command
      .add_option("--device", options.device,
                  "Where to run: auto (a GPU if there is one), cpu, hip, cuda, or one of\n"
                  "several: hip:1")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(kModelGroup);
  command.add_option("-t,--threads", options.threads, "CPU threads; 0: one for each physical core")
      ->type_name("N")
      ->transform(whole_number(0, 1024))
      ->capture_default_str()
      ->group(kModelGroup);
  command.add_option("--kv-type", options.kv_type, "Type of the KV cache: f16 or f32")
      ->type_name("TYPE")
      ->check(one_of({"f16", "f32"}))
      ->capture_default_str()
      ->group(kModelGroup);
  command
      .add_flag("--no-fuse", options.no_fuse,
                "Run the plain graph, op by op: slow, to find a fault")
      ->group(kModelGroup);
}

Session::Session(const ModelOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<DeviceChoice> choices = device_choices(options.device, options.threads);
  Interrupt interrupt;
  LoadBar bar(STDERR_FILENO);
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    bar.show(done, total);
    return !interrupt.requested().load();
  };
  for (std::size_t i = 0; engine_ == nullptr; ++i) {
    try {
      device_ = choices.at(i).make(counters_);
      engine_ = open_engine(options, *device_, counters_, progress);
      bar.erase();
    } catch (const Error& e) {
      bar.erase();
      if (e.code() == ErrorCode::kCancelled) {
        device_.reset();
        interrupt.obey();
      }
      if (i + 1 == choices.size() || !is_of_the_device(e)) throw;
      log(LogLevel::kWarn, std::string(e.what()) + "; running on " + choices[i + 1].name);
      device_.reset();
    }
  }
  interrupt.obey();
  load_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const model::HyperParams& params = engine_->params();
  log(LogLevel::kInfo, options.name() + ": " + params.architecture + ", " +
                           std::to_string(params.n_layers) + " layers, context of " +
                           std::to_string(engine_->runner().n_ctx()) + " tokens on " +
                           device_->info().detail);
}

Session::~Session() {
  log(LogLevel::kDebug, "counters: " + to_string(counters_.read()));
}

}  // namespace rocmforge::cli
