// Tokens that are cut out of a text before anything else, by their own text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
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
    std::string_view text;      // must outlive the object; empty ones are never found
    bool strips_right = false;  // swallows the ASCII white space behind it
    bool strips_left = false;   // and that before it
  };
  explicit SpecialTokens(std::span<const Entry> entries);

  // A partition of `text` without the swallowed white space, in order. Longer tokens win over
  // shorter ones wherever they overlap, then the leftmost. Time is linear in the text (times the
  // longest token's length).
  std::vector<Fragment> partition(std::string_view text) const;

 private:
  // A trie over bytes; node 0 is the root.
  struct Node {
    std::int32_t entry = -1;    // the token that ends here
    std::int32_t shorter = -1;  // nearest node above at which a token ends
  };
  std::int32_t child(std::int32_t node, char byte) const;
  std::int32_t longest_at(std::string_view text, std::size_t pos) const;

  std::vector<Entry> entries_;
  std::vector<Node> nodes_;
  std::unordered_map<std::uint64_t, std::int32_t> children_;  // node << 8 | byte
  std::array<bool, 256> opens_{};                             // bytes that open a token
};

}  // namespace rocmforge::text
