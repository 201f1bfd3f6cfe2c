// JSON's own texts as expressions: what a schema is written with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "constrain/expr.h"
#include "constrain/regex.h"

namespace rocmforge::constrain {

// Objects and arrays nest no deeper: a parser with Boost's default limit takes what comes out.
inline constexpr std::uint32_t kMostJsonDepth = 32;

// An end of a range of numbers.
struct Bound {
  bool negative = false;
  std::uint64_t whole = 0;
  std::string fraction = {};  // digits, no zeros at the end
  bool excluded = false;
};

class JsonText {
 public:
  explicit JsonText(Builder& to) : to_(to) {}

  // A character within a string, as JSON writes it: of `set`, escaped only where it must be; any,
  // however it is escaped.
  Expr character(const CharSet& set);
  Expr any_character();

  Expr string();                                      // any
  Expr string(std::uint32_t min, std::uint32_t max);  // lengths in characters
  Expr string(const Pattern& content);
  // A member's name that is none of these.
  Expr name_except(const std::vector<std::string>& names);

  // Digits are bounded (docs/structured-output.md), so that a number comes to an end.
  Expr integer();
  Expr number();
  Expr integer(std::int64_t low, std::int64_t high);
  // Decimals between two ends, without exponent; a missing one is that of the digits.
  Expr number(const std::optional<Bound>& low, const std::optional<Bound>& high);

  Expr boolean() { return to_.alt({to_.literal("true"), to_.literal("false")}); }
  Expr null() { return to_.literal("null"); }
  Expr value();   // any
  Expr object();  // any
  Expr array();   // any

  // One space may follow each; there is no other white space.
  Expr comma() { return to_.seq({to_.literal(","), to_.optional(to_.literal(" "))}); }
  Expr colon() { return to_.seq({to_.literal(":"), to_.optional(to_.literal(" "))}); }
  // `[`, items with commas between, `]`, as the contents of a rule that nests.
  Expr list(std::string_view open, Expr item, std::uint32_t min, std::uint32_t max,
            std::string_view close);

 private:
  Expr whole(std::uint64_t low, std::uint64_t high);
  Expr same_length(std::string_view low, std::string_view high);
  struct Decimals;
  Expr decimals(const Decimals& d, std::size_t at, bool on_low, bool on_high);
  Expr positive(const std::optional<Bound>& low, const std::optional<Bound>& high,
                std::size_t digits);
  Expr digit(char low, char high);
  Expr digits(std::size_t min, std::size_t max);

  Builder& to_;
  std::optional<RuleId> string_, number_, value_, object_, array_;
};

// The strings that a `format` names; nullopt for one that is not known.
std::optional<Pattern> format_pattern(std::string_view name);
// Their names, for a message.
std::string known_formats();

}  // namespace rocmforge::constrain
