#include "engine/engine.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "engine/scheduler.h"

namespace rocmforge::engine {
namespace {

RunnerOptions runner_options(const EngineOptions& options, const ModelFile& model) {
  return {.n_ctx = context_of(options, model.gguf()),
          .least_ctx = options.n_ctx > 0 ? 0 : kLeastContext,
          .max_sequences = options.max_sequences,
          .least_sequences = options.least_sequences,
          .kv_tokens = options.kv_tokens,
          .max_rows = options.max_rows,
          .kv_dtype = options.kv_dtype,
          .fuse = options.fuse,
          .device_cut = true,
          .n_device_layers = options.n_device_layers,
          .rest = options.rest,
          .run_ahead = options.run_ahead,
          .mappings = model.mappings(),
          .progress = options.progress};
}

std::shared_ptr<const OpenedModel> open(const EngineOptions& options, Counters& counters) {
  if (options.random) return std::make_shared<const OpenedModel>(*options.random, counters);
  return std::make_shared<const OpenedModel>(options.path, counters, options.overrides,
                                             options.tokenizer);
}

}  // namespace

std::int32_t context_of(const EngineOptions& options, const gguf::File& file) {
  if (options.n_ctx > 0) return options.n_ctx;
  const std::string key =
      std::string(file.get_string("general.architecture").value_or("")) + ".context_length";
  const std::uint64_t trained = file.get_u64(key).value_or(kDefaultContext);
  return static_cast<std::int32_t>(std::clamp<std::uint64_t>(trained, 1, kDefaultContext));
}

Engine::Engine(const EngineOptions& options, backend::Device& device, Counters& counters)
    : model_(options.opened ? options.opened : open(options, counters)) {
  const gguf::File& file = model_->file.gguf();
  if (options.check_weights) {
    model_->file.check_weights(options.check_progress);
  } else {
    model_->file.warn_of_bad_weights();
  }
  runner_ = std::make_unique<Runner>(file, runner_options(options, model_->file), device, counters);
  if (model_->tokenizer != nullptr) check_vocabulary(file, runner_->params(), *model_->tokenizer);
}

std::shared_ptr<const DryBreakers> Engine::dry_breakers(const SamplingParams& params) {
  return breakers_.find(params, tokenizer());
}

std::shared_ptr<const constrain::TokenTable> Engine::token_table() {
  const text::Tokenizer& words = tokenizer();
  const std::lock_guard lock(table_mutex_);
  if (table_ == nullptr) {
    table_ = std::make_shared<const constrain::TokenTable>(
        words, static_cast<std::int32_t>(params().n_vocab));
  }
  return table_;
}

Result Engine::answer(const Request& request, const Listener& listener) {
  std::optional<Result> out;
  Scheduler scheduler(*this, [&](std::size_t, Result result) { out = std::move(result); });
  scheduler.add(request, listener);
  while (scheduler.step()) {
  }
  check(out.has_value(), "a request has an end");
  return *std::move(out);
}

Result Engine::generate(const Request& request, const TextSink& on_text,
                        const std::atomic<bool>* cancel) {
  return answer(request, Listener{.sinks = {.answer = on_text}, .cancel = cancel});
}

}  // namespace rocmforge::engine
