// A vocabulary as a tree of its pieces, to be walked along with an automaton.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace rocmforge::constrain {

// What a piece is made of: one bit each for the characters of one byte (the controls that no text
// has share kControl), for the longer ones together, and for bytes that are no whole character.
struct Kinds {
  static constexpr std::uint8_t kControl = 0, kWide = 1, kBroken = 2;
  std::array<std::uint64_t, 2> bits{};

  static std::uint8_t of_ascii(std::uint8_t byte) {
    const bool is_control =
        byte == 0x7f || (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r');
    return is_control ? kControl : byte;
  }
  void add(std::uint8_t kind) { bits[kind / 64] |= std::uint64_t{1} << (kind % 64); }
  void add(const Kinds& other) {
    bits[0] |= other.bits[0];
    bits[1] |= other.bits[1];
  }
  void remove(std::uint8_t kind) { bits[kind / 64] &= ~(std::uint64_t{1} << (kind % 64)); }
  bool within(const Kinds& other) const {
    return ((bits[0] & ~other.bits[0]) | (bits[1] & ~other.bits[1])) == 0;
  }
};

// In the order of a walk that takes a node before its children.
class TokenTrie {
 public:
  struct Node {
    std::uint8_t byte = 0;
    std::uint16_t depth = 0;  // bytes up to here, from 1
    std::uint32_t end = 0;    // the first node that is not below this one
    std::uint32_t rank = 0;   // in tokens(), of the first that ends here; or of what follows
  };
  // What stands below a node.
  struct Below {
    Kinds kinds;
    std::uint16_t height = 0;    // bytes of the longest
    std::uint16_t n_before = 0;  // characters up to here
    bool is_boundary = false;    // the node ends a character: `kinds` are of what follows
  };
  // Sorted by their pieces, which are not empty.
  TokenTrie(const std::vector<std::pair<std::string_view, text::TokenId>>& pieces,
            std::size_t mask_words);

  const std::vector<Node>& nodes() const { return nodes_; }
  const Below& below(std::uint32_t node) const { return below_[node]; }
  std::size_t max_depth() const { return max_depth_; }
  // In the walk's order; those that end at or below node i are [rank(i), rank(nodes()[i].end)).
  const std::vector<text::TokenId>& tokens() const { return tokens_; }
  std::uint32_t rank(std::uint32_t node) const {
    return node < nodes_.size() ? nodes_[node].rank : static_cast<std::uint32_t>(tokens_.size());
  }
  // How many characters each has; of one that is no whole characters, nobody asks.
  const std::vector<std::uint16_t>& n_characters() const { return n_characters_; }
  // A mask of all of them.
  const std::vector<std::uint32_t>& all() const { return all_; }

 private:
  void look_below();

  std::vector<Node> nodes_;
  std::vector<Below> below_;
  std::vector<text::TokenId> tokens_;
  std::vector<std::uint16_t> n_characters_;
  std::vector<std::uint32_t> all_;
  std::size_t max_depth_ = 0;
};

// What of a tokenizer a constraint needs: made once for each, some 100 ms and 10 MB at 150000
// tokens. The tokenizer outlives it. Immutable.
class TokenTable {
 public:
  // Pieces of at most so many bytes stand in trees of their own, the others in a last one.
  static constexpr std::array<std::size_t, 2> kLengths = {16, 48};

  // `n_vocab`: bits of a mask that mean something: the logits' number, which may exceed the
  // tokenizer's.
  TokenTable(const text::Tokenizer& tokenizer, std::int32_t n_vocab);

  const text::Tokenizer& tokenizer() const { return *tokenizer_; }
  std::size_t mask_words() const { return (static_cast<std::size_t>(n_vocab_) + 31) / 32; }
  std::int32_t n_vocab() const { return n_vocab_; }
  const std::vector<TokenTrie>& tries() const { return tries_; }
  // End-of-generation tokens.
  const std::vector<text::TokenId>& ends() const { return ends_; }

 private:
  const text::Tokenizer* tokenizer_;
  std::int32_t n_vocab_;
  std::vector<TokenTrie> tries_;
  std::vector<text::TokenId> ends_;
};

}  // namespace rocmforge::constrain
