#include "text/tools/json_scanner.h"

#include <string>

namespace rocmforge::text {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool JsonScanner::whole_number() const {
  return at_ == At::kNumber && (number_ == Number::kZero || number_ == Number::kInt ||
                                number_ == Number::kFraction || number_ == Number::kExponent);
}

JsonScanner::State JsonScanner::end() {
  at_ = At::kCommaOrEnd;
  return open_.empty() ? State::kDone : State::kMore;
}

JsonScanner::State JsonScanner::close(char c) {
  if (open_.empty() || open_.back() != (c == '}' ? '{' : '[')) return State::kBad;
  open_.pop_back();
  return end();
}

JsonScanner::State JsonScanner::begin(char c) {
  switch (c) {
    case '{':
    case '[':
      if (open_.size() == kMaxDepth) return State::kBad;
      open_.push_back(c);
      at_ = c == '{' ? At::kKeyOrEnd : At::kValueOrEnd;
      return State::kMore;
    case '"':
      key_ = false;
      at_ = At::kString;
      return State::kMore;
    case 't':
      literal_ = "rue";
      break;
    case 'f':
      literal_ = "alse";
      break;
    case 'n':
      literal_ = "ull";
      break;
    default:
      if (c != '-' && !is_digit(c)) return State::kBad;
      number_ = c == '-' ? Number::kMinus : c == '0' ? Number::kZero : Number::kInt;
      at_ = At::kNumber;
      return State::kMore;
  }
  at_ = At::kLiteral;
  return State::kMore;
}

JsonScanner::State JsonScanner::push_string(char c) {
  if (at_ == At::kString) {
    if (static_cast<unsigned char>(c) < 0x20) return State::kBad;
    if (c == '\\') at_ = At::kEscape;
    if (c != '"') return State::kMore;
    if (!key_) return end();
    at_ = At::kColon;
    return State::kMore;
  }
  if (at_ == At::kEscape) {
    if (std::string_view("\"\\/bfnrtu").find(c) == std::string_view::npos) return State::kBad;
    hex_left_ = 4;
    at_ = c == 'u' ? At::kHex : At::kString;
    return State::kMore;
  }
  if (!is_hex(c)) return State::kBad;
  if (--hex_left_ == 0) at_ = At::kString;
  return State::kMore;
}

JsonScanner::State JsonScanner::push_number(char c) {
  const bool digit = is_digit(c), e = c == 'e' || c == 'E';
  const auto go = [&](Number next) {
    number_ = next;
    return State::kMore;
  };
  switch (number_) {
    case Number::kMinus:
      if (digit) return go(c == '0' ? Number::kZero : Number::kInt);
      return State::kBad;
    case Number::kZero:
    case Number::kInt:
      if (digit && number_ == Number::kInt) return State::kMore;
      if (c == '.') return go(Number::kPoint);
      if (e) return go(Number::kE);
      break;
    case Number::kPoint:
      return digit ? go(Number::kFraction) : State::kBad;
    case Number::kFraction:
      if (digit) return State::kMore;
      if (e) return go(Number::kE);
      break;
    case Number::kE:
      if (c == '+' || c == '-') return go(Number::kSign);
      return digit ? go(Number::kExponent) : State::kBad;
    case Number::kSign:
      return digit ? go(Number::kExponent) : State::kBad;
    case Number::kExponent:
      if (digit) return State::kMore;
      break;
  }
  if (end() == State::kDone) return State::kDoneBefore;
  return push(c);
}

JsonScanner::State JsonScanner::push(char c) {
  switch (at_) {
    case At::kString:
    case At::kEscape:
    case At::kHex:
      return push_string(c);
    case At::kNumber:
      return push_number(c);
    case At::kLiteral:
      if (c != literal_.front()) return State::kBad;
      literal_.remove_prefix(1);
      return literal_.empty() ? end() : State::kMore;
    default:
      break;
  }
  if (is_space(c)) return open_.empty() ? State::kBad : State::kMore;
  switch (at_) {
    case At::kValueOrEnd:
      if (c == ']') return close(c);
      return begin(c);
    case At::kKeyOrEnd:
      if (c == '}') return close(c);
      [[fallthrough]];
    case At::kKey:
      if (c != '"') return State::kBad;
      key_ = true;
      at_ = At::kString;
      return State::kMore;
    case At::kColon:
      if (c != ':') return State::kBad;
      at_ = At::kValue;
      return State::kMore;
    case At::kCommaOrEnd:
      if (c == ',' && !open_.empty()) {
        at_ = open_.back() == '{' ? At::kKey : At::kValue;
        return State::kMore;
      }
      return c == '}' || c == ']' ? close(c) : State::kBad;
    default:
      return begin(c);
  }
}

}  // namespace rocmforge::text
