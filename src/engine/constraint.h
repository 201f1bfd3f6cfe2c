// What holds an answer to its grammar, from where the answer begins.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "constrain/token_grammar.h"
#include "text/vocab.h"

namespace rocmforge::engine {

class Constraint {
 public:
  // `opening`: the token that opens a block of thinking, which may stand in the grammar's place at
  // the beginning; kNoToken: none. `thinking`: the text begins within such a block.
  // `drops_space`: see Matcher.
  struct Begin {
    bool drops_space = false;
    bool thinking = false;
    text::TokenId opening = text::kNoToken;
  };
  Constraint(std::shared_ptr<const constrain::TokenGrammar> grammar, Begin begin);

  // The tokens that may come next: the grammar's, or in thinking all but those that end the answer.
  // Made once for each token; valid until the next is taken.
  std::span<const std::uint32_t> mask();
  // A token was taken; `thinking`: the text is within a block now; `answer`: what has come out
  // behind the block, where the token has ended it.
  void take(text::TokenId token, bool thinking, std::string_view answer);
  // Nothing but the answer's end may follow.
  bool must_end() { return state_ == State::kAnswer && matcher_.must_end(); }
  // No token may follow: the last mask was empty, or a token that was put in fits nowhere.
  bool stuck() const { return stuck_; }

 private:
  enum class State : std::uint8_t { kStart, kThinking, kAnswer };

  std::shared_ptr<const constrain::TokenGrammar> grammar_;
  constrain::Matcher matcher_;
  State state_;
  text::TokenId opening_;
  bool stuck_ = false, has_mask_ = false;
  std::vector<std::uint32_t> mask_;
};

// Logits with -inf for the tokens that a mask leaves out.
void apply_mask(std::span<const float> logits, std::span<const std::uint32_t> mask,
                std::vector<float>& out);

}  // namespace rocmforge::engine
