#include "constrain/token_trie.h"

#include <algorithm>

namespace rocmforge::constrain {
namespace {

// Longer ones are left out of masks.
constexpr std::size_t kLongestPiece = 4096;

// Within a text of UTF-8: bytes that the character still has, and what the next of them may be.
struct Utf8Place {
  std::uint8_t left = 0, low = 0x80, high = 0xbf;
  bool broken = false;
};

Utf8Place step(const Utf8Place& at, std::uint8_t byte) {
  constexpr Utf8Place kBroken = {.broken = true};
  if (at.broken) return kBroken;
  if (at.left > 0) {
    if (byte < at.low || byte > at.high) return kBroken;
    return {.left = static_cast<std::uint8_t>(at.left - 1)};
  }
  if (byte < 0x80) return {};
  if (byte < 0xc2 || byte > 0xf4) return kBroken;
  if (byte < 0xe0) return {.left = 1};
  Utf8Place out{.left = static_cast<std::uint8_t>(byte < 0xf0 ? 2 : 3)};
  if (byte == 0xe0) out.low = 0xa0;
  if (byte == 0xed) out.high = 0x9f;
  if (byte == 0xf0) out.low = 0x90;
  if (byte == 0xf4) out.high = 0x8f;
  return out;
}

}  // namespace

TokenTrie::TokenTrie(const std::vector<std::pair<std::string_view, text::TokenId>>& pieces,
                     std::size_t mask_words)
    : all_(mask_words) {
  std::vector<std::uint32_t> path;  // open nodes
  const auto close_to = [&](std::size_t depth) {
    while (path.size() > depth) {
      nodes_[path.back()].end = static_cast<std::uint32_t>(nodes_.size());
      path.pop_back();
    }
  };
  std::string_view last;
  for (const auto& [piece, token] : pieces) {
    const auto differ = std::mismatch(piece.begin(), piece.end(), last.begin(), last.end());
    if (piece != last) close_to(static_cast<std::size_t>(differ.first - piece.begin()));
    for (std::size_t i = path.size(); i < piece.size(); ++i) {
      path.push_back(static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back({.byte = static_cast<std::uint8_t>(piece[i]),
                        .depth = static_cast<std::uint16_t>(i + 1),
                        .rank = static_cast<std::uint32_t>(tokens_.size())});
    }
    tokens_.push_back(token);
    all_[static_cast<std::size_t>(token) / 32] |= std::uint32_t{1} << (token % 32);
    max_depth_ = std::max(max_depth_, piece.size());
    last = piece;
  }
  close_to(0);
  look_below();
}

void TokenTrie::look_below() {
  const auto n = static_cast<std::uint32_t>(nodes_.size());
  below_.resize(n);
  n_characters_.resize(tokens_.size());
  std::vector<Utf8Place> places(n);
  std::vector<std::uint32_t> path(max_depth_ + 1);  // by depth
  std::vector<std::uint32_t> parents(n, n);
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint16_t depth = nodes_[i].depth;
    path[depth] = i;
    if (depth > 1) parents[i] = path[depth - std::size_t{1}];
    places[i] = step(depth > 1 ? places[parents[i]] : Utf8Place{}, nodes_[i].byte);
    const int before = depth > 1 ? below_[parents[i]].n_before : 0;
    below_[i].n_before = static_cast<std::uint16_t>(before + (places[i].left == 0 ? 1 : 0));
    std::fill(n_characters_.begin() + nodes_[i].rank, n_characters_.begin() + rank(i + 1),
              below_[i].n_before);
  }
  for (std::uint32_t i = n; i-- > 0;) {
    const Utf8Place& place = places[i];
    below_[i].is_boundary = !place.broken && place.left == 0;
    if (parents[i] == n) continue;
    Below& above = below_[parents[i]];
    above.height = std::max<std::uint16_t>(above.height, below_[i].height + 1);
    above.kinds.add(below_[i].kinds);
    const bool ends_here = rank(i + 1) > nodes_[i].rank;
    if (place.broken || (place.left > 0 && ends_here)) {
      above.kinds.add(Kinds::kBroken);
    } else if (place.left == 0) {
      above.kinds.add(nodes_[i].byte < 0x80 ? Kinds::of_ascii(nodes_[i].byte) : Kinds::kWide);
    }
  }
}

TokenTable::TokenTable(const text::Tokenizer& tokenizer, std::int32_t n_vocab)
    : tokenizer_(&tokenizer), n_vocab_(n_vocab) {
  std::array<std::vector<std::pair<std::string_view, text::TokenId>>, kLengths.size() + 1> pieces;
  for (text::TokenId id = 0; id < std::min(tokenizer.size(), n_vocab); ++id) {
    if (tokenizer.is_end_of_generation(id)) {
      ends_.push_back(id);
      continue;
    }
    if (tokenizer.is_control(id)) continue;
    const std::string_view piece = tokenizer.piece_view(id, false);
    if (piece.empty() || piece.size() > kLongestPiece) continue;
    const auto length = std::lower_bound(kLengths.begin(), kLengths.end(), piece.size());
    pieces[static_cast<std::size_t>(length - kLengths.begin())].emplace_back(piece, id);
  }
  for (auto& some : pieces) {
    std::sort(some.begin(), some.end());
    tries_.emplace_back(some, mask_words());
  }
}

}  // namespace rocmforge::constrain
