// The whole of the library, as a program sees it: a model on a device, ready to answer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/device.h"
#include "base/counters.h"
#include "engine/answer.h"
#include "engine/kv_cache.h"
#include "engine/loader.h"
#include "engine/request.h"
#include "engine/runner.h"
#include "engine/sampling/dry.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

struct EngineOptions {
  std::string path = {};                         // the GGUF file
  std::optional<model::RandomSpec> random = {};  // instead of a file: made-up weights
  std::vector<gguf::Override> overrides = {};    // of the file's metadata
  std::string tokenizer = {};  // a tokenizer.json, or its folder, in place of the file's own
  std::shared_ptr<const OpenedModel> opened = {};  // instead of the four above
  // 0: the model's own, at most kDefaultContext; fewer where the device's memory holds no more, but
  // no fewer than kLeastContext.
  std::int32_t n_ctx = 0;
  DType kv_dtype = DType::kF16;
  std::int32_t max_rows = 512;
  std::int32_t max_sequences = 1;  // that run together, each with room for n_ctx
  // Above 0: where the memory has no room for max_sequences, fewer will do, but not fewer than
  // these. Fewer run together before the context shrinks or layers leave the device.
  std::int32_t least_sequences = 0;
  std::int64_t kv_tokens = 0;  // as in RunnerOptions: fewer than all may need at once
  bool fuse = true;
  // As in RunnerOptions: the layers on the engine's device, the last ones, and where the others go.
  std::int32_t n_device_layers = kAllLayers;
  backend::Device* rest = nullptr;
  std::optional<bool> run_ahead = {};  // as in RunnerOptions
  bool check_weights = false;          // every weight, before anything is loaded
  ScanProgress check_progress = {};
  LoadProgress progress = {};
};
inline constexpr std::int32_t kDefaultContext = 4096;
inline constexpr std::int32_t kLeastContext = 512;

// Who hears of a request on its way, and what it may use.
struct Listener {
  TextSinks sinks = {};
  const std::atomic<bool>* cancel = nullptr;  // ends it within one step
  // What it has in common with the prompt is not run again; afterwards it holds what has been run,
  // and nothing after an error on the way. Null: the request begins with nothing, and leaves
  // nothing.
  KvCache* cache = nullptr;
  // When it came in, where it has waited for the scheduler too; not set: when it is added.
  std::optional<std::chrono::steady_clock::time_point> arrived = {};
};

// The context that the options ask for of a model, before it is known what fits.
std::int32_t context_of(const EngineOptions& options, const gguf::File& file);

class Engine {
 public:
  // Loads the model. Errors name the file and the culprit. The devices and `counters` outlive
  // it.
  Engine(const EngineOptions& options, backend::Device& device, Counters& counters);

  // Error{kUnsupported} for a model without a vocabulary.
  const text::Tokenizer& tokenizer() const { return model_->require_tokenizer(); }
  const model::HyperParams& params() const { return runner_->params(); }
  const gguf::File& file() const { return model_->file.gguf(); }
  Runner& runner() { return *runner_; }

  // What SamplingParams::dry_breakers are as tokens: found once for each list of them, not for each
  // request. Null where DRY is off.
  std::shared_ptr<const DryBreakers> dry_breakers(const SamplingParams& params);

  // What grammars (Request::grammar) are made with: built at the first call, from any thread.
  std::shared_ptr<const constrain::TokenTable> token_table();

  // Answers one request, piece by piece, alone (scheduler.h: many). Device errors end it as
  // kFailed, never the process.
  Result answer(const Request& request, const Listener& listener);
  using TextSink = engine::TextSink;
  Result generate(const Request& request, const TextSink& on_text,
                  const std::atomic<bool>* cancel = nullptr);

 private:
  std::shared_ptr<const OpenedModel> model_;
  BreakerCache breakers_;
  std::mutex table_mutex_;
  std::shared_ptr<const constrain::TokenTable> table_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace rocmforge::engine
