#include "cli/model_options.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/load_bar.h"
#include "cli/settings.h"

namespace rocmforge::cli {
namespace {

constexpr const char* kWrongLayers = "is neither a whole number from 0 on nor all or auto";

// --gpu-layers, as the engine takes it. Error{kUsage} for other words.
std::int32_t layers_of(const std::string& text) {
  if (text.empty() || text == "all") return engine::kAllLayers;
  if (text == "auto") return engine::kLayersThatFit;
  std::int32_t n = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, n);
  if (error == std::errc() && stop == end && n >= 0) return n;
  throw Error(ErrorCode::kUsage, "--gpu-layers: \"" + text + "\" " + kWrongLayers);
}

void check_is_path(const std::string& gguf) {
  if (gguf.find("://") == std::string::npos) return;
  throw Error(ErrorCode::kUsage,
              "--gguf: " + gguf + ": models are not downloaded; give the path of a file");
}

Placement place_on(const DeviceChoice& choice, const ModelOptions& options, Counters& counters) {
  Placement out{.rest = nullptr,
                .device = choice.make(counters),
                .n_device_layers = layers_of(options.gpu_layers)};
  const bool parts = out.n_device_layers != engine::kAllLayers;
  if (parts && !out.device->info().is_host) out.rest = cpu_device(options.threads, counters);
  return out;
}

// The file, or its error with a word on what --gguf takes.
std::shared_ptr<const engine::OpenedModel> open_model(const ModelOptions& options,
                                                      Counters& counters) {
  check_is_path(options.gguf);
  if (options.random && !options.overrides.empty())
    throw Error(ErrorCode::kUsage, "--override-kv: --random has no file whose keys it could set");
  if (options.random) return std::make_shared<const engine::OpenedModel>(*options.random, counters);
  return std::make_shared<const engine::OpenedModel>(
      options.gguf, counters, gguf::parse_overrides(options.overrides), options.tokenizer);
}

std::unique_ptr<engine::Engine> make_engine(
    const ModelOptions& options, const std::shared_ptr<const engine::OpenedModel>& opened,
    const Placement& place, Counters& counters, const engine::ScanProgress& check_progress,
    const engine::LoadProgress& progress) {
  return std::make_unique<engine::Engine>(
      engine::EngineOptions{.opened = opened,
                            .n_ctx = options.ctx,
                            .kv_dtype = options.kv_type == "f32" ? DType::kF32 : DType::kF16,
                            .max_sequences = options.max_sequences,
                            .least_sequences = options.least_sequences,
                            .kv_tokens = options.kv_tokens,
                            .fuse = !options.no_fuse,
                            .n_device_layers = place.n_device_layers,
                            .rest = place.rest.get(),
                            .check_weights = options.check_tensors,
                            .check_progress = check_progress,
                            .progress = progress},
      *place.device, counters);
}

// The devices to try: the CPU alone where no layer is to be on a GPU. One that was named is to be
// there even so.
std::vector<DeviceChoice> choices_of(const ModelOptions& options) {
  const std::int32_t n_layers = layers_of(options.gpu_layers);
  check_device_option(options.device);
  const bool unused = n_layers == 0 && options.device != "auto";
  if (unused) device_choices(options.device, options.threads);  // which throws: it is to be there
  std::vector<DeviceChoice> choices =
      device_choices(n_layers == 0 ? "cpu" : options.device, options.threads);
  if (n_layers != 0 && !options.gpu_layers.empty() && choices.front().name == "cpu") {
    const std::string why = options.device == "cpu" ? "--device cpu was asked for"
                                                    : "there is no GPU (see `rocmforge devices`)";
    log(LogLevel::kWarn,
        "--gpu-layers " + options.gpu_layers + ": " + why + "; every layer runs on the CPU");
  }
  return choices;
}

// What another device may do better: not a fault of the file or of the options.
bool is_of_the_device(const Error& e) {
  if (e.code() == ErrorCode::kOutOfMemory || e.code() == ErrorCode::kDevice) return true;
  return e.code() == ErrorCode::kUnsupported && std::string_view(e.what()).starts_with("[gpu]");
}

}  // namespace

CLI::Option* add_gguf_option(CLI::App& command, std::string& path, const char* description) {
  return command.add_option("-m,--gguf,--model", path, description)
      ->type_name("PATH")
      ->check(not_empty_path())
      ->group(kModelGroup);
}

void add_tokenizer_option(CLI::App& command, std::string& path) {
  command
      .add_option("--tokenizer", path,
                  "A tokenizer.json, or the folder of one, in place of the model's own; also the\n"
                  "variable ROCMFORGE_TOKENIZER")
      ->type_name("PATH")
      ->envname("ROCMFORGE_TOKENIZER")
      ->group(kModelGroup);
}

void add_override_option(CLI::App& command, std::vector<std::string>& overrides) {
  command
      .add_option("--override-kv", overrides,
                  "Take KEY for VALUE, whatever the file says; TYPE: int, float, bool, str.\n"
                  "May be given several times")
      ->type_name("KEY=TYPE:VALUE")
      ->allow_extra_args(false)
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
  command
      .add_option("--gpu-layers,--n-gpu-layers", options.gpu_layers,
                  "Layers on the GPU, the last ones; those before run on the CPU: a number\n"
                  "(0: none), all, or auto, as many as fit; also -ngl [all; with --device auto,\n"
                  "auto where they do not fit]")
      ->type_name("N")
      ->check(CLI::Validator(
          [](std::string& text) { return text.empty() ? std::string(kWrongLayers) : ""; }, ""))
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
  command
      .add_flag("--check-tensors", options.check_tensors,
                "Look at every weight before loading: one that is no number is an error")
      ->group(kModelGroup);
  add_tokenizer_option(command, options.tokenizer);
  add_override_option(command, options.overrides);
}

Placement place_layers(const ModelOptions& options, Counters& counters) {
  check_is_path(options.gguf);
  return place_on(choices_of(options).front(), options, counters);
}

Session::Session(const ModelOptions& options, const Settle& settle) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<DeviceChoice> choices = choices_of(options);
  const auto opened = open_model(options, counters_);
  ModelOptions trying = options;
  if (settle) settle(*opened, trying);
  Interrupt interrupt;
  LoadBar bar(STDERR_FILENO), check_bar(STDERR_FILENO, LoadBar::kPatience, check_line);
  const auto check_progress = [&](std::int64_t done, std::int64_t total) {
    check_bar.show(done, total);
    if (done == total) {
      check_bar.erase();
      trying.check_tensors = false;  // on another device they are the same
    }
    return !interrupt.requested().load();
  };
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    bar.show(done, total);
    return !interrupt.requested().load();
  };
  std::size_t i = 0;
  while (engine_ == nullptr) {
    try {
      place_ = place_on(choices.at(i), trying, counters_);
      engine_ = make_engine(trying, opened, place_, counters_, check_progress, progress);
      bar.erase();
    } catch (const Error& e) {
      bar.erase();
      check_bar.erase();
      if (e.code() == ErrorCode::kCancelled) {
        place_ = {};
        interrupt.obey();
      }
      if (i + 1 == choices.size() || !is_of_the_device(e)) throw;
      place_ = {};
      if (e.code() == ErrorCode::kOutOfMemory && trying.gpu_layers.empty()) {
        log(LogLevel::kWarn, message_of(e) + "; running with as many layers as fit");
        trying.gpu_layers = "auto";
        continue;
      }
      // So many layers were asked for, and not fewer.
      if (e.code() == ErrorCode::kOutOfMemory && trying.gpu_layers != "auto") throw;
      ++i;
      log(LogLevel::kWarn, message_of(e) + "; running on " + choices[i].name);
    }
  }
  interrupt.obey();
  load_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const model::HyperParams& params = engine_->params();
  const std::int32_t n_ctx = engine_->runner().n_ctx();
  if (const std::int32_t wanted = engine::context_of({.n_ctx = trying.ctx}, engine_->file());
      n_ctx < wanted) {
    log(LogLevel::kWarn, options.name() + ": a context of " + std::to_string(wanted) +
                             " tokens does not fit the memory; it is " + std::to_string(n_ctx) +
                             " (--ctx)");
  }
  if (options.ctx > params.n_ctx_train) {
    log(LogLevel::kWarn, options.name() + ": trained for " + std::to_string(params.n_ctx_train) +
                             " tokens of context, asked for " + std::to_string(options.ctx) +
                             " (--ctx)");
  }
  std::string where = " on " + place_.device->info().detail;
  if (const std::int32_t n = engine_->runner().n_device_layers(); n < params.n_layers) {
    where = "; " + std::to_string(params.n_layers - n) + " layers on " +
            place_.rest->info().detail + ", " + std::to_string(n) + where;
  }
  log(LogLevel::kInfo, options.name() + ": " + params.architecture + ", " +
                           std::to_string(params.n_layers) + " layers, context of " +
                           std::to_string(engine_->runner().n_ctx()) + " tokens" + where);
}

Session::~Session() {
  log(LogLevel::kDebug, "counters: " + to_string(counters_.read()));
}

}  // namespace rocmforge::cli
