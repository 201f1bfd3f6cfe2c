// Follows one JSON value byte by byte.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace rocmforge::text {

// Strict JSON (RFC 8259), at most kMaxDepth deep; white space before the value is none of it.
class JsonScanner {
 public:
  static constexpr std::size_t kMaxDepth = 64;
  enum class State {
    kMore,        // the byte is part of the value, which goes on
    kDone,        // the byte is the value's last
    kDoneBefore,  // a number ended before this byte
    kBad,
  };

  State push(char c);
  // Whether what was pushed is a whole number, as the value of a text that ends here.
  bool whole_number() const;

 private:
  enum class At : std::uint8_t {
    kValue,       // of a member, or after a comma, or the first
    kValueOrEnd,  // after [
    kKeyOrEnd,    // after {
    kKey,         // after a comma
    kColon,
    kCommaOrEnd,
    kString,
    kEscape,
    kHex,
    kLiteral,
    kNumber,
  };
  enum class Number : std::uint8_t { kMinus, kZero, kInt, kPoint, kFraction, kE, kSign, kExponent };

  State begin(char c);
  State end();  // of a value
  State close(char c);
  State push_string(char c);
  State push_number(char c);

  At at_ = At::kValue;
  Number number_ = Number::kMinus;
  bool key_ = false;  // the string is one
  int hex_left_ = 0;
  std::string_view literal_;  // what is left of it
  std::vector<char> open_;    // { and [
};

}  // namespace rocmforge::text
