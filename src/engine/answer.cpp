#include "engine/answer.h"

#include <algorithm>
#include <utility>

namespace rocmforge::engine {
namespace {

constexpr std::size_t kUsualTokenBytes = 8;
// Tokens whose log-probabilities there is room for from the beginning.
constexpr std::size_t kMostLogProbs = 4096;

// After nothing but control tokens the answer opens a text, and loses the tokenizer's space prefix.
bool opens_text(const text::Tokenizer& tokenizer, std::span<const text::TokenId> prompt) {
  return std::all_of(prompt.begin(), prompt.end(),
                     [&](text::TokenId id) { return tokenizer.is_control(id); });
}

// Control tokens that give text: the request's, and the markers of thinking.
std::vector<text::TokenId> shown_tokens(const text::Tokenizer& tokenizer, const Request& request) {
  std::vector<text::TokenId> out = request.shown;
  if (!request.thinking) return out;
  for (const std::string& marker :
       {request.thinking->markers.open, request.thinking->markers.close}) {
    const text::TokenId id = tokenizer.find_token(marker);
    if (id != text::kNoToken) out.push_back(id);
  }
  return out;
}

}  // namespace

Answer::Answer(const text::Tokenizer& tokenizer, const Request& request, TextSinks sinks,
               std::int32_t n_ctx)
    : tokenizer_(tokenizer),
      request_(request),
      sinks_(std::move(sinks)),
      n_ctx_(n_ctx),
      detokenizer_(tokenizer, opens_text(tokenizer, request.prompt), false,
                   shown_tokens(tokenizer, request)),
      stops_(request.stop),
      history_(request.prompt) {
  if (request.thinking) thinking_.emplace(request.thinking->markers, request.thinking->opened);
  if (request.grammar != nullptr) {
    const bool drops_space =
        opens_text(tokenizer, request.prompt) && tokenizer.strips_leading_space();
    Constraint::Begin begin{.drops_space = drops_space};
    if (request.thinking) {
      begin.thinking = request.thinking->opened;
      begin.opening = tokenizer.find_token(request.thinking->markers.open);
    }
    constraint_.emplace(request.grammar, begin);
  }
  // Nothing is allocated a token, but for texts longer than is usual.
  const auto most = static_cast<std::size_t>(std::min(request.max_tokens, n_ctx)) + 1;
  history_.reserve(history_.size() + most);
  completion_.tokens.reserve(most);
  if (request.sampling.n_logprobs >= 0 && request.keep_log_probs) {
    completion_.log_probs.reserve(std::min(most, kMostLogProbs),
                                  static_cast<std::size_t>(request.sampling.n_logprobs));
  }
  const std::size_t text_bytes = most * kUsualTokenBytes;
  completion_.text.reserve(text_bytes);
  if (thinking_) completion_.thinking.reserve(text_bytes);
  completion_.timing.n_prompt = static_cast<std::int32_t>(request.prompt.size());
}

bool Answer::take(text::TokenId token, const LogProbs* log_probs) {
  Completion& out = completion_;
  out.reason = FinishReason::kCompleted;
  if (tokenizer_.is_end_of_generation(token) && !request_.ignore_eos) {
    out.end_token = token;
    if (log_probs != nullptr && request_.sampling.n_logprobs >= 0) out.end_log_probs = *log_probs;
    return true;
  }
  out.tokens.push_back(token);
  const bool chosen = log_probs != nullptr;
  const LogProbs certain{.chosen = {.token = token, .log_prob = 0}, .top = {}};
  if (log_probs == nullptr) log_probs = &certain;
  if (request_.sampling.n_logprobs >= 0 && request_.keep_log_probs) {
    out.log_probs.push_back(*log_probs);
  }
  history_.push_back(token);
  ++out.timing.n_generated;
  const bool within = thinking_ && thinking_->thinking();
  behind_thinking_.clear();
  push(detokenizer_.push(token));
  if (constraint_ && (chosen || within)) {  // what is put in behind the thinking is no answer
    constraint_->take(token, thinking_ && thinking_->thinking(), behind_thinking_);
  }
  if (within && thinking_->thinking()) ++n_thinking_;
  tell(token, log_probs);
  if (stops_.stopped()) {
    out.stopped_by = stops_.stopped_by();
    return true;
  }
  if (constraint_ && constraint_->must_end()) return true;
  out.reason = FinishReason::kLength;
  if (std::ssize(out.tokens) >= request_.max_tokens) return true;
  out.context_full = std::ssize(history_) > n_ctx_;  // the last one's successor needs no room
  return out.context_full;
}

std::vector<text::TokenId> Answer::forced() {
  if (closed_ || !thinking_ || !thinking_->thinking()) return {};
  const Thinking& rule = *request_.thinking;
  if (rule.budget < 0 || n_thinking_ < rule.budget || detokenizer_.within_character()) return {};
  closed_ = true;
  return rule.closing;
}

bool Answer::may_go_on_after_next() const {
  return std::ssize(history_) < n_ctx_ && std::ssize(completion_.tokens) + 1 < request_.max_tokens;
}

void Answer::finish() {
  if (stops_.stopped()) return;
  push(detokenizer_.flush());
  if (thinking_) emit(thinking_->flush());
  emit_answer(stops_.flush());
  if (!new_answer_.empty() || !new_thinking_.empty()) tell(text::kNoToken, nullptr);
}

void Answer::tell(text::TokenId token, const LogProbs* log_probs) {
  if (!sinks_.token) return;
  if (request_.sampling.n_logprobs < 0) log_probs = nullptr;
  sinks_.token(
      {.token = token, .answer = new_answer_, .thinking = new_thinking_, .log_probs = log_probs});
  new_answer_.clear();
  new_thinking_.clear();
}

void Answer::push(std::string_view text) {
  if (text.empty()) return;
  if (thinking_) {
    emit(thinking_->push(text));
  } else {
    emit_answer(stops_.push(text));
  }
}

void Answer::emit(const text::ThinkingParser::Split& split) {
  if (!split.thinking.empty()) {
    completion_.thinking += split.thinking;
    if (sinks_.token) new_thinking_ += split.thinking;
    if (sinks_.thinking) sinks_.thinking(split.thinking);
  }
  if (constraint_) behind_thinking_ += split.answer;
  if (!split.answer.empty()) emit_answer(stops_.push(split.answer));
}

void Answer::emit_answer(const std::string& text) {
  if (text.empty()) return;
  completion_.text += text;
  if (sinks_.token) new_answer_ += text;
  if (sinks_.answer) sinks_.answer(text);
}

std::optional<Rejected> reject(const Request& request, std::int32_t n_ctx, std::int32_t n_vocab) {
  if (request.prompt.empty()) return Rejected{"the prompt has no tokens"};
  if (request.prompt.size() > static_cast<std::size_t>(n_ctx)) {
    return Rejected{.message = "the prompt has " + std::to_string(request.prompt.size()) +
                               " tokens, more than the context of " + std::to_string(n_ctx),
                    .context_full = true};
  }
  for (const text::TokenId token : request.prompt) {
    if (token < 0 || token >= n_vocab) {
      return Rejected{"the prompt holds token " + std::to_string(token) +
                      ", outside the vocabulary of " + std::to_string(n_vocab)};
    }
  }
  if (request.grammar != nullptr && request.grammar->table().n_vocab() != n_vocab) {
    return Rejected{"the grammar is of another vocabulary"};
  }
  const bool reads_prompt = request.n_prompt_logprobs >= 0 || request.embedding != Embedding::kNone;
  if (request.max_tokens < (reads_prompt ? 0 : 1)) {
    return Rejected{"max_tokens must be greater than 0"};
  }
  if (request.n_prompt_logprobs > kMaxLogprobs) {
    return Rejected{"at most " + std::to_string(kMaxLogprobs) +
                    " log-probabilities a token are given, not " +
                    std::to_string(request.n_prompt_logprobs)};
  }
  std::string wrong = range_error(request.sampling, n_vocab);
  if (!wrong.empty()) return Rejected{std::move(wrong)};
  return std::nullopt;
}

}  // namespace rocmforge::engine
