// A grammar over a vocabulary: which tokens may follow, in each state of an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "constrain/grammar.h"
#include "constrain/machine.h"
#include "constrain/token_trie.h"

namespace rocmforge::constrain {

class Matcher;

// Shared by all answers that it holds to the same grammar, from any thread: what one has found is
// there for the others. Keeps at most some kMostStates of states and kMostMasks of masks.
class TokenGrammar : public std::enable_shared_from_this<TokenGrammar> {
 public:
  static constexpr std::size_t kMostStates = std::size_t{48} << 20;
  static constexpr std::size_t kMostMasks = std::size_t{64} << 20;

  TokenGrammar(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTable> table);
  ~TokenGrammar();

  const TokenTable& table() const { return *table_; }
  // Words of a mask: bit t % 32 of word t / 32 is set where token t may follow.
  std::size_t mask_words() const { return table_->mask_words(); }
  // Bytes of what is kept.
  std::size_t kept_bytes() const;

 private:
  friend class Matcher;
  struct Kept;
  std::shared_ptr<Kept> fresh() const;

  std::shared_ptr<const Grammar> grammar_;
  std::shared_ptr<const TokenTable> table_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<Kept> kept_;
};

// One answer's place in a grammar. Not for several threads at once.
class Matcher {
 public:
  // `drops_space`: the text's first piece loses a leading space when it is shown, as decode() does
  // (Tokenizer::strips_leading_space(), where nothing but control tokens came before).
  Matcher(std::shared_ptr<const TokenGrammar> grammar, bool drops_space);

  // The tokens that may follow: mask_words() words. End-of-generation tokens where may_end();
  // no other control token ever. False when there is none: the vocabulary has no token that goes
  // on.
  bool mask(std::span<std::uint32_t> out);
  // Takes a token in; false, with nothing changed, when it may not follow. An end-of-generation
  // token changes nothing.
  bool accept(text::TokenId token);
  // The same for bytes of a text that come from elsewhere.
  bool accept(std::string_view bytes);
  // The text may end here; it must: nothing but its end may follow.
  bool may_end();
  bool must_end();
  // A limit was met, so that tokens may have been left out that could follow.
  bool limited();

 private:
  using Kept = TokenGrammar::Kept;
  void catch_up();
  bool step(std::string_view bytes);
  void first_mask(std::span<std::uint32_t> out);

  std::shared_ptr<const TokenGrammar> grammar_;
  std::shared_ptr<Kept> kept_;
  Machine::StateId state_;
  bool drops_space_;
};

}  // namespace rocmforge::constrain
