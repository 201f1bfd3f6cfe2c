// The whole of the library, as a program sees it: a model on a device, ready to answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backend/device.h"
#include "base/counters.h"
#include "engine/loader.h"
#include "engine/request.h"
#include "engine/runner.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

struct EngineOptions {
  std::string path = {};                         // the GGUF file
  std::optional<model::RandomSpec> random = {};  // instead of a file: made-up weights
  // 0: the model's own, at most kDefaultContext; fewer where the device's memory holds no more, but
  // no fewer than kLeastContext.
  std::int32_t n_ctx = 0;
  DType kv_dtype = DType::kF16;
  std::int32_t max_rows = 512;
  std::int32_t max_sequences = 1;  // that run together, each with room for n_ctx
  bool fuse = true;
  // As in RunnerOptions: the layers on the engine's device, the last ones, and where the others go.
  std::int32_t n_device_layers = kAllLayers;
  backend::Device* rest = nullptr;
  std::optional<bool> run_ahead = {};  // as in RunnerOptions
  LoadProgress progress = {};
};
inline constexpr std::int32_t kDefaultContext = 4096;
inline constexpr std::int32_t kLeastContext = 512;

class Engine {
 public:
  // Loads the model. Errors name the file and the culprit. The devices and `counters` outlive
  // it.
  Engine(const EngineOptions& options, backend::Device& device, Counters& counters);

  // Error{kUnsupported} for a model without a vocabulary.
  const text::Tokenizer& tokenizer() const;
  const model::HyperParams& params() const { return runner_->params(); }
  const gguf::File& file() const { return file_.gguf(); }
  Runner& runner() { return *runner_; }

  // Answers one request, piece by piece: `on_text` gets text that is final (whole characters, no
  // part of a stop string). `cancel`, when given, ends it within one step. Device errors end the
  // request as kFailed, never the process.
  using TextSink = std::function<void(std::string_view text)>;
  Result generate(const Request& request, const TextSink& on_text,
                  const std::atomic<bool>* cancel = nullptr);

 private:
  ModelFile file_;
  std::unique_ptr<text::Tokenizer> tokenizer_;  // null: there is no vocabulary
  std::unique_ptr<Runner> runner_;
};

}  // namespace rocmforge::engine
