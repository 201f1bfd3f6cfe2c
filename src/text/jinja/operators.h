// What python's operators and builtin functions do with values. Each fails with python's message
// (TypeError and its like), or with that of an undefined value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace rocmforge::text::jinja {

enum class BinaryOp { kAdd, kSub, kMul, kDiv, kFloorDiv, kMod, kPow };
enum class CompareOp { kEq, kNe, kLt, kLe, kGt, kGe, kIn, kNotIn };

std::string type_name(const Value& v);  // as type(v).__name__
[[noreturn]] void fail_undefined(const Value& v);
inline void need_defined(const Value& v) {
  if (v.is_undefined()) fail_undefined(v);
}

bool truthy(const Value& v);
bool equal(const Value& a, const Value& b);
bool identical(const Value& a, const Value& b);  // python's `is`
std::size_t hash(const Value& v);
std::size_t hash_text(std::string_view text);
bool compare(CompareOp op, const Value& a, const Value& b);
inline bool less(const Value& a, const Value& b) {
  return compare(CompareOp::kLt, a, b);
}
bool contains(const Value& container, const Value& item);

Value binary(BinaryOp op, const Value& a, const Value& b);
Value negate(const Value& v);
Value positive(const Value& v);

std::optional<std::size_t> length(const Value& v);  // nothing when it has none
std::size_t need_length(const Value& v);
bool is_iterable(const Value& v);
// What iterating over it gives; an iterator is empty then.
std::vector<Value> iterate(const Value& v);

// obj[key], and obj[start:stop:step] with none for what is left out.
// Nothing when there is no such element.
std::optional<Value> element(const Value& obj, const Value& key);
Value slice(const Value& obj, const Value& start, const Value& stop, const Value& step);

std::string to_str(const Value& v);  // str(v)
std::string repr(const Value& v);
std::string repr(double d);
std::string repr_text(std::string_view text);
std::string to_string(Int i);
std::string escape_html(std::string_view text);
// As Markup.escape: what is markup stays as it is.
std::string escape_html(const Value& v);

// text.replace(old, by, most); below 0 `most` is no limit.
std::string replaced(std::string_view text, std::string_view old, std::string_view by,
                     std::int64_t most);
// text.isupper() or text.islower().
bool is_cased_as(std::string_view text, bool upper_case);

// int(text, base) and float(text); nothing when python refuses the text.
std::optional<Int> parse_int(std::string_view text, int base);
std::optional<double> parse_float(std::string_view text);
// int(v), of numbers alone; fails on infinities and what passes 128 bits.
Int truncate_to_int(double d);
// An index or a count: an int or bool, within 64 bits.
std::int64_t need_index(const Value& v, std::string_view what);

}  // namespace rocmforge::text::jinja
