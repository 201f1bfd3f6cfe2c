// Ranges of numbers, digit by digit.
#include <algorithm>
#include <string>

#include "constrain/json_text.h"

namespace rocmforge::constrain {
namespace {

constexpr std::uint64_t kMostWhole = 9'999'999'999'999'999;  // of 16 digits
constexpr std::size_t kMostFraction = 16;
// What a double tells apart, so that no decimal beside a bound is read as the bound.
constexpr std::size_t kExactDigits = 15;
constexpr std::uint64_t kMostDecimal = 999'999'999'999'999;

}  // namespace

// Digits of a fraction between two others, both filled up with zeros to the same length.
struct JsonText::Decimals {
  std::string low, high;
  bool low_excluded, high_excluded;
};

Expr JsonText::digit(char low, char high) {
  if (low > high) return to_.never();
  return to_.chars({{static_cast<char32_t>(low), static_cast<char32_t>(high)}});
}

Expr JsonText::digits(std::size_t min, std::size_t max) {
  return to_.repeat(digit('0', '9'), static_cast<std::uint32_t>(min),
                    static_cast<std::uint32_t>(max));
}

Expr JsonText::integer() {
  const Expr big = to_.seq({digit('1', '9'), digits(0, 15)});
  return to_.alt({to_.literal("0"), big, to_.seq({to_.literal("-"), big})});
}

Expr JsonText::number() {
  if (!number_) {
    const Expr whole = to_.alt({to_.literal("0"), to_.seq({digit('1', '9'), digits(0, 15)})});
    const Expr fraction = to_.seq({to_.literal("."), digits(1, kMostFraction)});
    const Expr exponent =
        to_.seq({to_.chars({{'E', 'E'}, {'e', 'e'}}),
                 to_.optional(to_.chars({{'+', '+'}, {'-', '-'}})), digits(1, 2)});
    number_ = to_.rule("a number", to_.seq({to_.optional(to_.literal("-")), whole,
                                            to_.optional(fraction), to_.optional(exponent)}));
  }
  return to_.call(*number_);
}

// Numbers from `low` to `high` of one length.
Expr JsonText::same_length(std::string_view low, std::string_view high) {
  if (low.empty()) return to_.empty();
  if (low.find_first_not_of('0') == low.npos && high.find_first_not_of('9') == high.npos) {
    return digits(low.size(), low.size());
  }
  const std::size_t rest = low.size() - 1;
  const Expr first = digit(low[0], low[0]);
  if (low[0] == high[0]) {
    return to_.seq({first, same_length(low.substr(1), high.substr(1))});
  }
  const Expr from = same_length(low.substr(1), std::string(rest, '9'));
  const Expr up_to = same_length(std::string(rest, '0'), high.substr(1));
  return to_.alt({
      to_.seq({first, from}),
      to_.seq({digit(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1)),
               digits(rest, rest)}),
      to_.seq({digit(high[0], high[0]), up_to}),
  });
}

Expr JsonText::whole(std::uint64_t low, std::uint64_t high) {
  std::vector<Expr> ways;
  std::uint64_t first = 0, last = 9;  // of so many digits
  while (first <= high) {
    if (low <= last) {
      ways.push_back(
          same_length(std::to_string(std::max(low, first)), std::to_string(std::min(high, last))));
    }
    if (last > kMostWhole * 100) break;
    first = last + 1;
    last = last * 10 + 9;
  }
  return to_.alt(std::move(ways));
}

Expr JsonText::integer(std::int64_t low, std::int64_t high) {
  if (low > high) return to_.never();
  const auto size = [](std::int64_t x) { return static_cast<std::uint64_t>(x < 0 ? -x : x); };
  std::vector<Expr> ways;
  if (low < 0) {
    ways.push_back(to_.seq({to_.literal("-"), whole(high < 0 ? size(high) : 1, size(low))}));
  }
  if (high >= 0) ways.push_back(whole(low < 0 ? 0 : size(low), size(high)));
  return to_.alt(std::move(ways));
}

// What follows `at` digits of the fraction; while it is on an end's digits it must not pass it.
Expr JsonText::decimals(const Decimals& d, std::size_t at, bool on_low, bool on_high) {
  const std::size_t n = d.low.size();
  const auto zeros = [at](const std::string& s) {
    return s.find_first_not_of('0', at) == std::string::npos;
  };
  const bool ends = (!on_low || (zeros(d.low) && !d.low_excluded)) &&
                    (!on_high || !zeros(d.high) || !d.high_excluded);
  const Expr stop = ends ? to_.empty() : to_.never();
  if (at == n) return stop;
  const char low = on_low ? d.low[at] : '0', high = on_high ? d.high[at] : '9';
  Expr go_on = to_.never();
  if (!on_low && !on_high) {
    go_on = digits(1, n - at);
  } else {
    std::vector<Expr> ways;
    const auto way = [&](char first, char last, bool still_low, bool still_high) {
      if (first > last) return;
      ways.push_back(to_.seq({digit(first, last), decimals(d, at + 1, still_low, still_high)}));
    };
    if (on_low && on_high && low == high) {
      way(low, low, true, true);
    } else {
      if (on_low) way(low, low, true, false);
      way(static_cast<char>(on_low ? low + 1 : '0'), static_cast<char>(on_high ? high - 1 : '9'),
          false, false);
      if (on_high) way(high, high, false, true);
    }
    go_on = to_.alt(std::move(ways));
  }
  if (at == 0) go_on = to_.seq({to_.literal("."), go_on});
  return to_.alt({stop, go_on});
}

// Not below 0, with at most so many digits behind the point.
Expr JsonText::positive(const std::optional<Bound>& low, const std::optional<Bound>& high,
                        std::size_t n_digits) {
  const Bound from = low ? *low : Bound{};
  const Bound to = high ? *high : Bound{.whole = kMostDecimal};
  Decimals d{.low = from.fraction,
             .high = to.fraction,
             .low_excluded = from.excluded,
             .high_excluded = to.excluded};
  d.low.resize(n_digits, '0');
  d.high.resize(n_digits, '0');
  if (from.whole > to.whole) return to_.never();
  if (from.whole == to.whole && d.low > d.high) return to_.never();
  if (from.whole == to.whole) {
    return to_.seq({whole(from.whole, from.whole), decimals(d, 0, true, true)});
  }
  std::vector<Expr> ways = {to_.seq({whole(from.whole, from.whole), decimals(d, 0, true, false)})};
  if (to.whole - from.whole > 1) {
    ways.push_back(to_.seq({whole(from.whole + 1, to.whole - 1), decimals(d, 0, false, false)}));
  }
  ways.push_back(to_.seq({whole(to.whole, to.whole), decimals(d, 0, false, true)}));
  return to_.alt(std::move(ways));
}

Expr JsonText::number(const std::optional<Bound>& low, const std::optional<Bound>& high) {
  std::size_t before = 1, behind = 0;
  for (const std::optional<Bound>& b : {low, high}) {
    if (!b) continue;
    before = std::max(before, std::to_string(b->whole + 1).size());
    behind = std::max(behind, b->fraction.size());
  }
  const std::size_t n = std::max(behind, before < kExactDigits ? kExactDigits - before : 0);
  std::vector<Expr> ways;
  const auto turned = [](const std::optional<Bound>& b) {
    std::optional<Bound> out = b;
    if (out) out->negative = false;
    return out;
  };
  const std::optional<Bound> above_zero = Bound{.excluded = true};
  if (!low || low->negative) {  // -x, x from -high to -low
    const bool below = high && high->negative;
    ways.push_back(
        to_.seq({to_.literal("-"), positive(below ? turned(high) : above_zero, turned(low), n)}));
  }
  if (!high || !high->negative) {
    ways.push_back(positive(low && !low->negative ? low : std::nullopt, high, n));
  }
  return to_.alt(std::move(ways));
}

}  // namespace rocmforge::constrain
