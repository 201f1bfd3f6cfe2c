#include "text/special_tokens.h"

#include <algorithm>
#include <map>

namespace rocmforge::text {
namespace {

std::uint64_t edge(std::int32_t node, char byte) {
  return static_cast<std::uint64_t>(node) << 8 | static_cast<unsigned char>(byte);
}

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

SpecialTokens::SpecialTokens(std::span<const Entry> entries) : nodes_(1) {
  for (const Entry& entry : entries) {
    if (entry.text.empty()) continue;
    opens_[static_cast<unsigned char>(entry.text[0])] = true;
    std::int32_t node = 0;
    for (const char byte : entry.text) {
      const auto [at, is_new] =
          children_.try_emplace(edge(node, byte), static_cast<std::int32_t>(nodes_.size()));
      if (is_new) nodes_.emplace_back();
      node = at->second;
    }
    nodes_[static_cast<std::size_t>(node)].entry = static_cast<std::int32_t>(entries_.size());
    entries_.push_back(entry);
  }
  for (const Entry& entry : entries_) {
    std::int32_t node = 0, above = -1;
    for (const char byte : entry.text) {
      node = child(node, byte);
      Node& here = nodes_[static_cast<std::size_t>(node)];
      here.shorter = above;
      if (here.entry >= 0) above = node;
    }
  }
}

std::int32_t SpecialTokens::child(std::int32_t node, char byte) const {
  const auto at = children_.find(edge(node, byte));
  return at == children_.end() ? -1 : at->second;
}

// The node of the longest token that stands at `pos`, or -1.
std::int32_t SpecialTokens::longest_at(std::string_view text, std::size_t pos) const {
  std::int32_t best = -1;
  for (std::int32_t node = 0; pos < text.size(); ++pos) {
    node = child(node, text[pos]);
    if (node < 0) break;
    if (nodes_[static_cast<std::size_t>(node)].entry >= 0) best = node;
  }
  return best;
}

std::vector<Fragment> SpecialTokens::partition(std::string_view text) const {
  // By length, the longest first: places where a token of that length stands. A place that is
  // taken moves on to the next shorter token there, so there is at most one entry a byte.
  struct Place {
    std::size_t pos;
    std::int32_t node;
  };
  const auto length_of = [&](std::int32_t node) {
    return entries_[static_cast<std::size_t>(nodes_[static_cast<std::size_t>(node)].entry)]
        .text.size();
  };
  std::map<std::size_t, std::vector<Place>, std::greater<>> places;
  for (std::size_t pos = 0; pos < text.size(); ++pos) {
    if (!opens_[static_cast<unsigned char>(text[pos])]) continue;
    const std::int32_t node = longest_at(text, pos);
    if (node >= 0) places[length_of(node)].push_back({pos, node});
  }

  std::vector<Fragment> found;
  std::vector<bool> taken(places.empty() ? 0 : text.size());
  while (!places.empty()) {
    auto bucket = places.extract(places.begin());
    const std::size_t length = bucket.key();
    std::sort(bucket.mapped().begin(), bucket.mapped().end(),
              [](const Place& a, const Place& b) { return a.pos < b.pos; });
    for (const Place& place : bucket.mapped()) {
      // What is taken is at least as long as this: it would cover the first or the last byte.
      if (taken[place.pos]) continue;
      const Node& node = nodes_[static_cast<std::size_t>(place.node)];
      if (taken[place.pos + length - 1]) {
        if (node.shorter >= 0) places[length_of(node.shorter)].push_back({place.pos, node.shorter});
        continue;
      }
      const Entry& entry = entries_[static_cast<std::size_t>(node.entry)];
      std::size_t end = place.pos + length;
      if (entry.strips_right)
        while (end < text.size() && !taken[end] && is_ascii_space(text[end])) ++end;
      std::size_t begin = place.pos;
      if (entry.strips_left)
        while (begin > 0 && !taken[begin - 1] && is_ascii_space(text[begin - 1])) --begin;
      for (std::size_t i = begin; i < end; ++i) taken[i] = true;
      found.push_back({begin, end, entry.id});
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
