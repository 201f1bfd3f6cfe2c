// obj[start:stop:step].
#include <algorithm>

#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {
namespace {

// What a slice takes from `size` elements: `count` of them, from `first` by `step`.
struct Span {
  std::int64_t first, past, count, step;
};

Span span_of(std::int64_t size, const Value& start, const Value& stop, const Value& step) {
  const auto clamp = [&](const Value& v, std::int64_t by, std::int64_t otherwise) {
    if (v.is_none()) return otherwise;
    if (!v.is_integer()) {
      need_defined(v);
      fail("slice indices must be integers or None or have an __index__ method");
    }
    Int i = v.as_int();
    if (i < 0) i += size;
    const Int low = by > 0 ? 0 : -1, high = by > 0 ? size : size - 1;
    return static_cast<std::int64_t>(std::clamp(i, low, high));
  };
  std::int64_t by = 1;
  if (!step.is_none()) {
    if (!step.is_integer())
      fail("slice indices must be integers or None or have an __index__ method");
    if (step.as_int() == 0) fail("slice step cannot be zero");
    const Int bound = size + 1;  // more skips everything as well
    by = static_cast<std::int64_t>(std::clamp(step.as_int(), -bound, bound));
  }
  const std::int64_t first = clamp(start, by, by > 0 ? 0 : size - 1);
  const std::int64_t past = clamp(stop, by, by > 0 ? size : -1);
  std::int64_t count = 0;
  if (by > 0 && first < past) count = (past - first - 1) / by + 1;
  if (by < 0 && first > past) count = (first - past - 1) / -by + 1;
  return {first, past, count, by};
}

std::string slice_text(const std::string& text, const Value& start, const Value& stop,
                       const Value& step) {
  charge_steps(text.size() / 64);
  const std::size_t n = count_characters(text);
  const Span span = span_of(static_cast<std::int64_t>(n), start, stop, step);
  if (span.count == 0) return "";
  if (span.step == 1) {
    const std::size_t first = character_offset(text, static_cast<std::size_t>(span.first));
    const std::string_view rest = std::string_view(text).substr(first);
    return std::string(
        rest.substr(0, character_offset(rest, static_cast<std::size_t>(span.count))));
  }
  charge_steps(text.size());
  const std::vector<std::string_view> all = characters(text);
  std::string out;
  for (std::int64_t i = 0; i < span.count; ++i) {
    out += all[static_cast<std::size_t>(span.first + i * span.step)];
  }
  return out;
}

}  // namespace

Value slice(const Value& obj, const Value& start, const Value& stop, const Value& step) {
  switch (obj.kind()) {
    case Kind::kString:
      return Value::string(slice_text(obj.str(), start, stop, step), obj.markup());
    case Kind::kList:
    case Kind::kTuple: {
      const std::vector<Value>& items = obj.items();
      const Span span = span_of(static_cast<std::int64_t>(items.size()), start, stop, step);
      charge_steps(static_cast<std::size_t>(span.count) / 8);
      std::vector<Value> out;
      out.reserve(static_cast<std::size_t>(span.count));
      for (std::int64_t i = 0; i < span.count; ++i) {
        out.push_back(items[static_cast<std::size_t>(span.first + i * span.step)]);
      }
      return obj.is(Kind::kList) ? Value::list(std::move(out)) : Value::tuple(std::move(out));
    }
    case Kind::kRange: {
      const auto& range = obj.as<RangeObject>();
      const Span span = span_of(static_cast<std::int64_t>(range.size()), start, stop, step);
      const Int first = range.start + span.first * range.step;
      const Int by = span.step * range.step;
      const Int past = range.start + span.past * range.step;
      return Value::object(Kind::kRange, std::make_shared<RangeObject>(first, past, by));
    }
    case Kind::kUndefined:
      fail_undefined(obj);
    case Kind::kDict:
      fail("unhashable type: 'slice'");
    default:
      fail("'" + type_name(obj) + "' object is not subscriptable");
  }
}

}  // namespace rocmforge::text::jinja
