#include "text/control_guard.h"

#include <algorithm>

#include "text/sparse_bits.h"
#include "text/utf8.h"

namespace rocmforge::text {
namespace {

// Texts and tables in which a part of a token is looked for; models have a few KiB of tokens.
constexpr std::size_t kMaxPart = 64, kMaxJoined = std::size_t{64} << 10;
constexpr std::string_view kSpaces = " \t\n\r\f\v";

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) >> 6U) == 2;
}

std::string backwards(std::string_view text) {
  return {text.rbegin(), text.rend()};
}

std::vector<std::string> all_backwards(std::span<const SpecialTokens::Entry> entries) {
  std::vector<std::string> out;
  out.reserve(entries.size());
  for (const SpecialTokens::Entry& entry : entries) out.push_back(backwards(entry.text));
  return out;
}

std::vector<SpecialTokens::Entry> entries_of(const std::vector<std::string>& texts) {
  std::vector<SpecialTokens::Entry> out;
  for (const std::string& text : texts) out.push_back({.id = 0, .text = text});
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

// Places where a mark may stand.
SparseBits open_places(std::string_view text, const SpecialTokens& user_defined) {
  SparseBits open(text.size());
  std::size_t done = 1;
  const auto fill = [&](std::size_t end) {
    for (; done < end; ++done)
      if (!is_continuation(text[done])) open.set(done);
  };
  for (const Fragment& fragment : user_defined.partition(text)) {
    if (fragment.id == kNoToken) continue;
    fill(fragment.begin + 1);
    done = std::max(done, fragment.end);
  }
  fill(text.size());
  return open;
}

}  // namespace

bool is_plain_name(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

ControlGuard::ControlGuard(std::span<const SpecialTokens::Entry> control)
    : reversed_(all_backwards(control)), tokens_(control), backwards_(entries_of(reversed_)) {
  for (const SpecialTokens::Entry& entry : control) {
    if (entry.text.empty()) continue;
    if (entry.text.size() == utf8_size(entry.text[0])) single_.insert(entry.text);
    if (joined_.size() + entry.text.size() < kMaxJoined) joined_.append(entry.text).append(1, '\0');
  }
}

// Where a token may be completed by what comes before the text, or behind it, or both.
void ControlGuard::find_edges(std::string_view text, std::vector<Stretch>& out) const {
  tokens_.ends_of_tokens(text, [&](std::size_t begin, auto size) {
    if ((begin == 0 || is_space(text[begin - 1])) && size() > 1)
      out.push_back({begin, begin + size()});
  });
  backwards_.ends_of_tokens(backwards(text), [&](std::size_t from_end, auto size) {
    const std::size_t end = text.size() - from_end;
    if ((from_end == 0 || is_space(text[end])) && size() > 1)
      out.push_back({end - size(), end, true});
  });
  const std::string_view part = trimmed(text);
  if (part.size() > 1 && part.size() <= kMaxPart && joined_.find(part) != std::string::npos) {
    const auto begin = static_cast<std::size_t>(part.data() - text.data());
    out.push_back({begin, begin + part.size()});
  }
}

std::string ControlGuard::marked(std::string_view text, std::string_view mark,
                                 const SpecialTokens& user_defined) const {
  std::vector<Stretch> stretches;
  for (const SpecialTokens::Place& place : tokens_.longest(text))
    stretches.push_back({place.begin, std::size_t{place.begin} + place.size});
  const std::size_t n_whole = stretches.size();
  if (!is_plain_name(text)) find_edges(text, stretches);
  if (stretches.empty()) return std::string(text);

  // A control token that holds no open place is part of a user-defined one, and loses to it.
  const SparseBits open = open_places(text, user_defined);
  std::vector<bool> places(text.size());
  std::size_t last = 0, seen = 1;  // of the open places; the ends of what is parted there ascend
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const Stretch& stretch = stretches[i];
    for (; stretch.at_last && seen < stretch.end; ++seen)
      if (open[seen]) last = seen;
    const std::size_t at = stretch.at_last ? last : open.next(stretch.begin + 1);
    if (at > stretch.begin && at < stretch.end) places[at] = true;
    const bool may_open = stretch.begin == 0 || open[stretch.begin];
    if (i < n_whole && may_open &&
        single_.contains(text.substr(stretch.begin, utf8_size(text[stretch.begin]))))
      places[stretch.begin] = true;
  }
  std::string out;
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!places[i]) continue;
    out.append(text.substr(done, i - done)).append(mark);
    done = i;
  }
  return out.append(text.substr(done));
}

}  // namespace rocmforge::text
