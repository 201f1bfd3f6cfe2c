#include "text/special_tokens.h"

#include <algorithm>
#include <map>
#include <utility>

#include "text/sparse_bits.h"
#include "text/utf8.h"

namespace rocmforge::text {
namespace {

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

unsigned char from_behind(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[text.size() - 1 - i]);
}

bool before_from_behind(std::string_view a, std::string_view b) {
  const std::size_t n = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < n; ++i)
    if (from_behind(a, i) != from_behind(b, i)) return from_behind(a, i) < from_behind(b, i);
  return a.size() < b.size();
}

}  // namespace

SpecialTokens::SpecialTokens(std::span<const Entry> entries)
    : tokens_(1, Token{.entry = {.id = kNoToken, .text = {}}}) {
  std::vector<std::int32_t> order;
  for (const Entry& entry : entries) {
    if (entry.text.empty()) continue;
    order.push_back(static_cast<std::int32_t>(tokens_.size()));
    tokens_.push_back({.entry = entry});
  }
  std::sort(order.begin(), order.end(), [this](std::int32_t a, std::int32_t b) {
    const std::string_view left = entry(a).text, right = entry(b).text;
    return left == right ? a < b : before_from_behind(left, right);
  });
  nodes_.emplace_back();
  bytes_.push_back(0);
  // By levels: each node as the tokens, of `order`, that lead through it.
  std::vector<std::pair<std::int32_t, std::int32_t>> level = {
      {0, static_cast<std::int32_t>(order.size())}};
  for (std::size_t depth = 0; !level.empty(); ++depth) add_level(order, level, depth);
  nodes_.push_back({.first_child = static_cast<std::int32_t>(nodes_.size())});
}

// The children of all nodes of a level, which is what `level` is then.
void SpecialTokens::add_level(std::span<const std::int32_t> order,
                              std::vector<std::pair<std::int32_t, std::int32_t>>& level,
                              std::size_t depth) {
  std::vector<std::pair<std::int32_t, std::int32_t>> below;
  auto node = static_cast<std::int32_t>(nodes_.size() - level.size());
  levels_.push_back(node);
  for (auto [at, end] : level) {
    const auto text = [&](std::int32_t i) {
      return entry(order[static_cast<std::size_t>(i)]).text;
    };
    nodes_[static_cast<std::size_t>(node)].first_child = static_cast<std::int32_t>(nodes_.size());
    std::int32_t token = 0;
    for (; at < end && text(at).size() == depth; ++at) token = order[static_cast<std::size_t>(at)];
    close_node(node, token);
    while (at < end) {
      const std::int32_t begin = at;
      const unsigned char byte = from_behind(text(begin), depth);
      while (at < end && from_behind(text(at), depth) == byte) ++at;
      const auto made = static_cast<std::int32_t>(nodes_.size());
      // Shallower than the child, so it has its children already.
      const std::int32_t fail =
          depth == 0 ? 0 : next(nodes_[static_cast<std::size_t>(node)].fail, byte);
      if (depth == 0) from_root_[byte] = made;
      nodes_.push_back({.fail = fail});
      bytes_.push_back(byte);
      below.emplace_back(begin, at);
    }
    ++node;
  }
  level = std::move(below);
}

void SpecialTokens::close_node(std::int32_t node, std::int32_t token) {
  Node& here = nodes_[static_cast<std::size_t>(node)];
  const std::int32_t shorter = nodes_[static_cast<std::size_t>(here.fail)].longest;
  here.longest = token == 0 ? shorter : token;
  if (token == 0) return;
  const auto at = [this](std::int32_t i) -> Token& { return tokens_[static_cast<std::size_t>(i)]; };
  Token& made = at(token);
  made.shorter = shorter;
  made.place_in_list = at(shorter).place_in_list + 1;
  // Two jumps of one length make a jump of twice that (and one): a list of n is gone through in
  // O(log n).
  const std::int32_t one = at(shorter).jump, two = at(one).jump;
  const bool alike = at(shorter).place_in_list - at(one).place_in_list ==
                     at(one).place_in_list - at(two).place_in_list;
  made.jump = alike ? two : shorter;
}

std::size_t SpecialTokens::depth(std::int32_t node) const {
  const auto above = std::upper_bound(levels_.begin(), levels_.end(), node);
  return static_cast<std::size_t>(above - levels_.begin()) - 1;
}

std::int32_t SpecialTokens::child(std::int32_t node, unsigned char byte) const {
  const auto begin = bytes_.begin() + nodes_[static_cast<std::size_t>(node)].first_child;
  const auto end = bytes_.begin() + nodes_[static_cast<std::size_t>(node) + 1].first_child;
  const auto at = std::lower_bound(begin, end, byte);
  return at == end || *at != byte ? 0 : static_cast<std::int32_t>(at - bytes_.begin());
}

std::int32_t SpecialTokens::next(std::int32_t node, unsigned char byte) const {
  for (; node != 0; node = nodes_[static_cast<std::size_t>(node)].fail)
    if (const std::int32_t below = child(node, byte); below != 0) return below;
  return from_root_[byte];
}

// From the last to the first.
std::vector<SpecialTokens::Start> SpecialTokens::starts(std::string_view text) const {
  std::vector<Start> out;
  std::int32_t node = 0;
  for (std::size_t pos = text.size(); pos > 0; --pos) {
    node = next(node, static_cast<unsigned char>(text[pos - 1]));
    const std::int32_t token = nodes_[static_cast<std::size_t>(node)].longest;
    if (token != 0) out.push_back({static_cast<std::uint32_t>(pos - 1), token});
  }
  return out;
}

std::vector<SpecialTokens::Place> SpecialTokens::longest(std::string_view text) const {
  const std::vector<Start> all = starts(text);
  std::vector<Place> out;
  out.reserve(all.size());
  for (std::size_t i = all.size(); i > 0; --i)
    out.push_back(
        {all[i - 1].pos, static_cast<std::uint32_t>(entry(all[i - 1].token).text.size())});
  return out;
}

// The next of the list, from `token` on, that has no more than `size` bytes; 0: none.
std::int32_t SpecialTokens::no_longer_than(std::int32_t token, std::size_t size) const {
  while (entry(token).text.size() > size) {
    const Token& here = tokens_[static_cast<std::size_t>(token)];
    token = entry(here.jump).text.size() > size ? here.jump : here.shorter;
  }
  return token;
}

std::vector<Fragment> SpecialTokens::partition(std::string_view text, std::string_view mark) const {
  // By length, the longest first: places where a token of that length stands. A place that is
  // taken moves on to a shorter token there, so there is at most one entry a byte. It moves on at
  // most log2(length) times: what took the room left is at least as long as the token that moves,
  // and begins behind less than that, so that the room halves.
  std::map<std::size_t, std::vector<Start>, std::greater<>> places;
  {
    std::vector<Start> all = starts(text);
    for (std::size_t i = all.size(); i > 0; --i) {
      const Start& start = all[i - 1];
      const Entry& token = entry(start.token);
      const std::size_t size = token.text.size();
      if (!mark.empty() && token.yields_to_mark && size == utf8_size(text[start.pos]) &&
          text.substr(0, start.pos).ends_with(mark))
        continue;
      places[size].push_back(start);
    }
  }

  std::vector<Fragment> found;
  SparseBits taken(places.empty() ? 0 : text.size());
  while (!places.empty()) {
    auto bucket = places.extract(places.begin());
    const std::size_t length = bucket.key();
    const auto by_place = [](const Start& a, const Start& b) { return a.pos < b.pos; };
    if (!std::is_sorted(bucket.mapped().begin(), bucket.mapped().end(), by_place))
      std::sort(bucket.mapped().begin(), bucket.mapped().end(), by_place);
    for (const Start& place : bucket.mapped()) {
      const std::size_t room = taken.next(place.pos) - place.pos;
      if (room == 0) continue;
      if (room < length) {
        const std::int32_t shorter = no_longer_than(place.token, room);
        if (shorter != 0) places[entry(shorter).text.size()].push_back({place.pos, shorter});
        continue;
      }
      const Entry& token = entry(place.token);
      std::size_t begin = place.pos, end = begin + length;
      if (token.strips_right)
        while (end < text.size() && !taken[end] && is_ascii_space(text[end])) ++end;
      if (token.strips_left)
        while (begin > 0 && !taken[begin - 1] && is_ascii_space(text[begin - 1])) --begin;
      for (std::size_t i = begin; i < end; ++i) taken.set(i);
      found.push_back({begin, end, token.id});
    }
  }

  std::sort(found.begin(), found.end(),
            [](const Fragment& a, const Fragment& b) { return a.begin < b.begin; });
  std::vector<Fragment> all;
  std::size_t done = 0;
  for (const Fragment& fragment : found) {
    if (fragment.begin > done) all.push_back({done, fragment.begin, kNoToken});
    all.push_back(fragment);
    done = fragment.end;
  }
  if (done < text.size()) all.push_back({done, text.size(), kNoToken});
  return all;
}

}  // namespace rocmforge::text
