#include "serve/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/answer.h"
#include "engine/suppressed.h"
#include "serve/api_error.h"

namespace rocmforge::serve {
namespace {

constexpr int kRetryFull = 1, kRetryClosing = 5;  // seconds

// A text of more bytes than this for each token of the context is tried in part.
constexpr std::size_t kTriedBytes = 16;

std::size_t find_longest_token(const text::Tokenizer& tokenizer) {
  std::size_t out = 1;
  for (text::TokenId id = 0; id < tokenizer.size(); ++id) {
    out = std::max(out, tokenizer.piece_view(id, true).size());
  }
  return out;
}

ApiError too_long(const std::string& count, std::int32_t n_ctx) {
  return {400,
          fmt::format("the prompt has {} tokens, more than the context of {} tokens", count, n_ctx),
          {.code = "context_length_exceeded"}};
}

ApiError closing() {
  return {
      503, "the server is shutting down", {.code = "shutting_down", .retry_after = kRetryClosing}};
}

}  // namespace

Context::Context(engine::Engine& engine, const engine::ChatFormat* chat, std::string no_chat,
                 ContextOptions options)
    : engine_(engine),
      grammars_(engine),
      chat_(chat),
      no_chat_(std::move(no_chat)),
      options_(std::move(options)),
      created_(std::chrono::duration_cast<std::chrono::seconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count()),
      forbidden_(engine::suppressed_tokens(engine.file(), engine.tokenizer())),
      longest_token_(find_longest_token(engine.tokenizer())),
      thread_(engine, std::max<std::size_t>(options_.max_queue, 1), options_.scheduler) {}

const engine::ChatFormat& Context::chat() const {
  if (chat_ == nullptr) throw ApiError(400, no_chat_, {.code = "no_chat_template"});
  return *chat_;
}

bool Context::is_model(std::string_view name) const {
  return name == options_.model || std::find(options_.aliases.begin(), options_.aliases.end(),
                                             name) != options_.aliases.end();
}

void Context::check_runs(const engine::Request& request) const {
  const std::int32_t n_ctx = engine_.runner().n_ctx();
  const auto wrong = engine::reject(request, n_ctx, engine_.params().n_vocab);
  if (!wrong) {
    // submit() adds those of the model's own.
    const std::size_t n_biases = request.sampling.logit_bias.size() + forbidden_.size();
    if (n_biases <= engine::kMaxLogitBiases) return;
    throw ApiError(400,
                   fmt::format("logit_bias: at most {} tokens may have one here, not {}",
                               engine::kMaxLogitBiases - forbidden_.size(),
                               request.sampling.logit_bias.size()),
                   {.param = "logit_bias"});
  }
  if (wrong->context_full) throw too_long(std::to_string(request.prompt.size()), n_ctx);
  throw ApiError(400, wrong->message);
}

void Context::check_bytes(std::size_t n_bytes) const {
  const std::int32_t n_ctx = engine_.runner().n_ctx();
  const std::size_t least = n_bytes / longest_token_;
  if (least > static_cast<std::size_t>(n_ctx)) throw too_long(fmt::format("over {}", least), n_ctx);
}

void Context::check_length(std::string_view text) const {
  check_bytes(text.size());
  const std::int32_t n_ctx = engine_.runner().n_ctx();
  const std::size_t n_tried = static_cast<std::size_t>(n_ctx) * kTriedBytes;
  if (text.size() / 2 <= n_tried) return;
  // The whole has no fewer tokens than its part, but for a few at the cut.
  const std::size_t n = tokenizer().encode(text.substr(0, n_tried), {}).size();
  if (n / 2 > static_cast<std::size_t>(n_ctx)) throw too_long(fmt::format("over {}", n), n_ctx);
}

ModelThread::Handle Context::submit(engine::Request request, engine::TextSinks sinks,
                                    ModelThread::Done done, bool admitted) {
  if (cut_) throw closing();
  auto& biases = request.sampling.logit_bias;
  biases.insert(biases.end(), forbidden_.begin(), forbidden_.end());
  std::uint64_t id = 0;
  {
    const std::scoped_lock lock(mutex_);
    id = n_submitted_++;
  }
  auto ended = [this, id, done = std::move(done)](engine::Result result) {
    {
      const std::scoped_lock lock(mutex_);
      if (open_.erase(id) == 0) ended_early_.insert(id);
    }
    done(std::move(result));
  };
  ModelThread::Done told = std::move(ended);
  if (watch_) watch_(request, sinks, told);
  const auto taken =
      thread_.submit(std::move(request), std::move(sinks), std::move(told), admitted);
  if (const auto* refused = std::get_if<ModelThread::Refused>(&taken)) {
    if (*refused == ModelThread::Refused::kClosing) throw closing();
    throw ApiError(429,
                   fmt::format("{} requests wait already, and no more may", options_.max_queue),
                   {.code = "rate_limit_exceeded", .retry_after = kRetryFull});
  }
  auto handle = std::get<ModelThread::Handle>(taken);
  const std::scoped_lock lock(mutex_);
  if (ended_early_.erase(id) == 0) open_.emplace(id, handle);
  if (cut_) handle.cancel();
  return handle;
}

void Context::cancel_all() {
  cut_ = true;
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, handle] : open_) handle.cancel();
}

}  // namespace rocmforge::serve
