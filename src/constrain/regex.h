// Regular expressions: read, then written as expressions over bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "constrain/expr.h"

namespace rocmforge::constrain {

struct Pattern {
  enum class Kind : std::uint8_t { kSet, kSeq, kAlt, kRepeat };
  Kind kind = Kind::kSeq;  // of nothing: the empty text
  CharSet set;
  std::vector<Pattern> parts;
  std::uint32_t min = 0, max = 0;  // kRepeat of parts[0]
};

// A text's shortest and longest length, in characters; kUnbounded for longest.
struct Lengths {
  std::uint32_t min, max;
};
Lengths lengths(const Pattern& pattern);

// `whole`: the expression is of a whole text whether it is anchored or not; else an end without
// anchor is open, as a search has it. `place` opens the messages, which end with the character's
// number (from 1).
Pattern parse_regex(std::string_view text, const std::string& place, bool whole);

// `chars` writes one character of a set.
Expr write(const Pattern& pattern, Builder& to, const std::function<Expr(const CharSet&)>& chars);

}  // namespace rocmforge::constrain
