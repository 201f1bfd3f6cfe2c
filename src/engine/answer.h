// One request's answer as its tokens come: text, thinking, and when it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/constraint.h"
#include "engine/request.h"
#include "text/detokenizer.h"
#include "text/stop_strings.h"
#include "text/thinking.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

using TextSink = std::function<void(std::string_view text)>;
// A token that was taken, and what became certain with it: nothing, where it is held back as part
// of a character, a stop string or a marker.
struct TokenPiece {
  text::TokenId token = text::kNoToken;  // kNoToken: the end, with what was held back until then
  std::string_view answer, thinking;
  const LogProbs* log_probs = nullptr;  // where sampling.n_logprobs asked for them
};
using TokenSink = std::function<void(const TokenPiece& piece)>;
// Who hears of a text as it comes: whole characters that are final, no part of a stop string. The
// views are valid during the call.
struct TextSinks {
  TextSink answer = {}, thinking = {};
  // Told of each of Completion::tokens once, after the other two; and of the end where that brings
  // text. Its pieces add up to Completion::text and thinking.
  TokenSink token = {};
};

class Answer {
 public:
  // `request` and what the sinks refer to outlive it. `n_ctx`: positions there are.
  Answer(const text::Tokenizer& tokenizer, const Request& request, TextSinks sinks,
         std::int32_t n_ctx);

  // Takes one token in; true when it was the last. `log_probs` where they were asked for; null: it
  // was not chosen, but put in.
  bool take(text::TokenId token, const LogProbs* log_probs);
  // Tokens that are to follow instead of a chosen one, each to be handed to take() as well: the end
  // of thinking, when its budget is spent. To be asked for before the first token and after each
  // that was chosen.
  std::vector<text::TokenId> forced();
  // Ends it otherwise.
  void end(FinishReason reason) { completion_.reason = reason; }
  // What was held back comes out, once, after the last token.
  void finish();

  // Whether one more token may be taken, whatever the next one is.
  bool may_go_on_after_next() const;
  // Prompt and answer so far.
  std::span<const text::TokenId> history() const { return history_; }
  Completion& completion() { return completion_; }

  // What it is held to; null: to nothing.
  Constraint* constraint() { return constraint_ ? &*constraint_ : nullptr; }

 private:
  void emit(const text::ThinkingParser::Split& split);
  void emit_answer(const std::string& text);
  void push(std::string_view text);
  void tell(text::TokenId token, const LogProbs* log_probs);

  const text::Tokenizer& tokenizer_;
  const Request& request_;
  TextSinks sinks_;
  std::int32_t n_ctx_;
  text::Detokenizer detokenizer_;
  std::optional<text::ThinkingParser> thinking_;
  std::optional<Constraint> constraint_;
  std::string behind_thinking_;  // that the last token has brought
  std::int32_t n_thinking_ = 0;  // tokens, all within a block
  bool closed_ = false;          // its end was forced
  text::StopStrings stops_;
  std::vector<text::TokenId> history_;
  std::string new_answer_, new_thinking_;  // for the token's sink
  Completion completion_;
};

// Nothing, or why the request cannot be run with contexts of n_ctx tokens.
std::optional<Rejected> reject(const Request& request, std::int32_t n_ctx, std::int32_t n_vocab);

}  // namespace rocmforge::engine
