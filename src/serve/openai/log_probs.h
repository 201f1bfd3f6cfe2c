// Log-probabilities as the two endpoints write them.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "engine/answer.h"
#include "engine/sampling/log_probs.h"
#include "text/tokenizer.h"

namespace rocmforge::serve {

// {"token", "logprob", "bytes", "top_logprobs": [...]}, of a chat's.
std::string chat_log_prob(const engine::LogProbs& token, const text::Tokenizer& tokenizer);

// Tokens on their way to be told with their likelihood: where a stop string cuts the answer, those
// behind the cut are not. Bytes that are no character, which show as others, may move the cut.
class CertainTokens {
 public:
  CertainTokens(const text::Tokenizer& tokenizer, const engine::Request& request)
      : tokenizer_(&tokenizer),
        waits_(!request.stop.empty()),
        answers_(!request.thinking.has_value()) {}

  // Those that have become certain to be shown, with a piece of the token's sink.
  std::vector<engine::LogProbs> push(const engine::TokenPiece& piece);
  // The last ones; `cut`: by a stop string.
  std::vector<engine::LogProbs> end(bool cut);

 private:
  struct Waiting {
    engine::LogProbs token;
    std::size_t n_bytes = 0;  // of its text that have not come out
    bool begun = false;       // some have
  };
  const text::Tokenizer* tokenizer_;
  bool waits_, answers_;  // answers_: past the thinking
  bool any_ = false;
  std::deque<Waiting> waiting_;
};

// Those of completions: four lists side by side.
class CompletionLogProbs {
 public:
  // `offset`: characters of the text before the first token's.
  explicit CompletionLogProbs(std::size_t offset = 0) : offset_(offset) {}

  // A token whose likelihood is not known: the first of a prompt.
  void add_unknown(text::TokenId token, const text::Tokenizer& tokenizer);
  void add(const engine::LogProbs& token, const text::Tokenizer& tokenizer) {
    add(engine::LogProbList::View{.chosen = token.chosen, .top = token.top}, tokenizer);
  }
  void add(const engine::LogProbList::View& token, const text::Tokenizer& tokenizer);
  // What `rest` has, behind it.
  void append(CompletionLogProbs rest);
  bool empty() const { return tokens_.empty(); }
  // {"tokens", "token_logprobs", "top_logprobs", "text_offset"}, and begins anew behind them.
  std::string take();

 private:
  void add_token(text::TokenId token, const text::Tokenizer& tokenizer);

  std::size_t offset_;
  std::string tokens_, log_probs_, top_, offsets_;
};

// Characters of UTF-8: bytes that go on with one do not count.
std::size_t n_characters(std::string_view text);

}  // namespace rocmforge::serve
