// Tokens that are cut out of a text before anything else, by their own text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "text/vocab.h"

namespace rocmforge::text {

// A stretch of the text that is one special token (id), or that holds none (id == kNoToken).
struct Fragment {
  std::size_t begin, end;
  TokenId id;
};

class SpecialTokens {
 public:
  struct Entry {
    TokenId id;
    std::string_view text;        // must outlive the object; empty ones are never found
    bool strips_right = false;    // swallows the ASCII white space behind it
    bool strips_left = false;     // and that before it
    bool yields_to_mark = false;  // see partition()
  };
  explicit SpecialTokens(std::span<const Entry> entries);

  // A partition of `text` without the swallowed white space, in order. Longer tokens win over
  // shorter ones wherever they overlap, then the leftmost. A token of one character that yields
  // to the mark is none right behind `mark`, where that is not empty. Time is linear in the text,
  // times a logarithm, whatever the tokens.
  std::vector<Fragment> partition(std::string_view text, std::string_view mark = {}) const;

  struct Place {
    std::uint32_t begin, size;
  };
  // Where a token stands, ascending; of those that begin together the longest.
  std::vector<Place> longest(std::string_view text) const;

  // For each place, from the last to the first: visit(place, size), where size() gives how many of
  // the bytes that begin there are the end of a token (or all of one), at most.
  template <class Visit>
  void ends_of_tokens(std::string_view text, const Visit& visit) const {
    std::int32_t node = 0;
    for (std::size_t pos = text.size(); pos > 0; --pos) {
      node = next(node, static_cast<unsigned char>(text[pos - 1]));
      if (node != 0) visit(pos - 1, [&] { return depth(node); });
    }
  }

 private:
  // The tokens' texts are read backwards, and so is a text: what the automaton of Aho and Corasick
  // finds to end somewhere begins there. Node 0 is the root; children lie side by side, in the
  // order of their bytes, up to where the next node's begin.
  struct Node {
    std::int32_t first_child = 0;
    std::int32_t fail = 0;     // the node of the longest proper suffix that has one
    std::int32_t longest = 0;  // the longest token that ends here; 0: none
  };
  // A token, from 1 on: 0 is none, and has no bytes. Those that begin at one place form a list, in
  // which `jump` goes on by many.
  struct Token {
    Entry entry;
    std::int32_t shorter = 0, jump = 0, place_in_list = 0;
  };
  struct Start {
    std::uint32_t pos;
    std::int32_t token;
  };

  void add_level(std::span<const std::int32_t> order,
                 std::vector<std::pair<std::int32_t, std::int32_t>>& level, std::size_t depth);
  void close_node(std::int32_t node, std::int32_t token);
  std::size_t depth(std::int32_t node) const;
  std::int32_t child(std::int32_t node, unsigned char byte) const;
  std::int32_t next(std::int32_t node, unsigned char byte) const;
  std::vector<Start> starts(std::string_view text) const;
  std::int32_t no_longer_than(std::int32_t token, std::size_t size) const;
  const Entry& entry(std::int32_t token) const {
    return tokens_[static_cast<std::size_t>(token)].entry;
  }

  std::vector<Token> tokens_;
  std::vector<Node> nodes_;                    // and one more, whose first child is the end
  std::vector<std::int32_t> levels_;           // the first node of each depth
  std::vector<unsigned char> bytes_;           // that lead to each node
  std::array<std::int32_t, 256> from_root_{};  // 0: none
};

}  // namespace rocmforge::text
