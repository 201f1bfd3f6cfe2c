#include "serve/openai/log_probs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "serve/json/write.h"

namespace rocmforge::serve {
namespace {

// JSON has no infinity.
constexpr double kImpossible = -9999;

std::string number(double log_prob) {
  return fmt::format("{:.9g}", std::isfinite(log_prob) ? log_prob : kImpossible);
}

std::string entry(const engine::TokenLogProb& token, const text::Tokenizer& tokenizer) {
  const std::string_view piece = tokenizer.piece_view(token.token, true);
  std::string out = R"("token":)" + quoted(piece);
  out.append(R"(,"logprob":)").append(number(token.log_prob)).append(R"(,"bytes":[)");
  for (std::size_t i = 0; i < piece.size(); ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : ",", static_cast<unsigned char>(piece[i]));
  }
  return out += ']';
}

void append(std::string& list, const std::string& item) {
  list.append(list.empty() ? "" : ",").append(item);
}

std::string taken(std::string& list) {
  std::string out = "[";
  return out.append(std::exchange(list, {})).append("]");
}

}  // namespace

std::string chat_log_prob(const engine::LogProbs& token, const text::Tokenizer& tokenizer) {
  std::string out = "{";
  out.append(entry(token.chosen, tokenizer)).append(R"(,"top_logprobs":[)");
  for (std::size_t i = 0; i < token.top.size(); ++i) {
    out.append(i == 0 ? "{" : ",{").append(entry(token.top[i], tokenizer)).append("}");
  }
  return out.append("]}");
}

std::size_t n_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::vector<engine::LogProbs> CertainTokens::push(const engine::TokenPiece& piece) {
  std::vector<engine::LogProbs> out;
  const auto release = [&] {
    out.push_back(std::move(waiting_.front().token));
    waiting_.pop_front();
  };
  // Only the answer is cut: what came before it, with its markers, is shown.
  const bool begins = !answers_ && !piece.answer.empty();
  if (!waits_ || begins || !piece.thinking.empty()) {
    while (!waiting_.empty()) release();
  }
  answers_ = answers_ || begins;
  if (piece.log_probs != nullptr) {
    const std::string_view text = tokenizer_->piece_view(piece.token, false);
    std::size_t n_bytes = text.size();
    if (begins) n_bytes = std::min(n_bytes, piece.answer.size());
    // The space that begins a text may not be shown.
    if (!std::exchange(any_, true) && text.starts_with(' ')) --n_bytes;
    waiting_.push_back({.token = *piece.log_probs, .n_bytes = n_bytes});
  }
  for (std::size_t told = piece.answer.size(); !waiting_.empty();) {
    Waiting& next = waiting_.front();
    const std::size_t n = std::min(told, next.n_bytes);
    next.begun = next.begun || n > 0;
    next.n_bytes -= n;
    told -= n;
    if (waits_ && next.n_bytes > 0) break;
    release();
  }
  return out;
}

std::vector<engine::LogProbs> CertainTokens::end(bool cut) {
  std::vector<engine::LogProbs> out;
  for (Waiting& one : waiting_) {
    if (!cut || one.begun) out.push_back(std::move(one.token));
  }
  waiting_.clear();
  return out;
}

void CompletionLogProbs::add_token(text::TokenId token, const text::Tokenizer& tokenizer) {
  const std::string_view piece = tokenizer.piece_view(token, true);
  serve::append(tokens_, quoted(piece));
  serve::append(offsets_, std::to_string(offset_));
  // A control token shows in `tokens` alone.
  if (!tokenizer.is_control(token)) offset_ += n_characters(piece);
}

void CompletionLogProbs::add_unknown(text::TokenId token, const text::Tokenizer& tokenizer) {
  add_token(token, tokenizer);
  serve::append(log_probs_, "null");
  serve::append(top_, "null");
}

void CompletionLogProbs::add(const engine::LogProbList::View& token,
                             const text::Tokenizer& tokenizer) {
  add_token(token.chosen.token, tokenizer);
  serve::append(log_probs_, number(token.chosen.log_prob));
  // The likeliest, and the chosen one where it is not among them; of those of one text the first.
  std::vector<std::string> names;
  std::string top;
  const auto tell = [&](const engine::TokenLogProb& one) {
    std::string name = quoted(tokenizer.piece_view(one.token, true));
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    serve::append(top, fmt::format("{}:{}", name, number(one.log_prob)));
    names.push_back(std::move(name));
  };
  for (const engine::TokenLogProb& one : token.top) tell(one);
  tell(token.chosen);
  serve::append(top_, fmt::format("{{{}}}", top));
}

void CompletionLogProbs::append(CompletionLogProbs rest) {
  if (rest.empty()) return;
  serve::append(tokens_, rest.tokens_);
  serve::append(log_probs_, rest.log_probs_);
  serve::append(top_, rest.top_);
  serve::append(offsets_, rest.offsets_);
  offset_ = rest.offset_;
}

std::string CompletionLogProbs::take() {
  return R"({"tokens":)" + taken(tokens_) + R"(,"token_logprobs":)" + taken(log_probs_) +
         R"(,"top_logprobs":)" + taken(top_) + R"(,"text_offset":)" + taken(offsets_) + "}";
}

}  // namespace rocmforge::serve
