// Filters of lists and their like.
#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/merge_sort.h"
#include "text/jinja/operators.h"
#include "text/jinja/unicode.h"

namespace rocmforge::text::jinja {

AttributePath::AttributePath(const Value& attribute) {
  if (attribute.is_none()) return;
  if (!attribute.is_string()) {
    parts_.push_back(attribute);
    return;
  }
  const std::string& path = attribute.str();
  for (std::size_t pos = 0; pos <= path.size();) {
    const std::size_t dot = std::min(path.find('.', pos), path.size());
    const std::string part = path.substr(pos, dot - pos);
    const bool number = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    parts_.push_back(number ? Value::integer(*parse_int(part, 10)) : Value::string(part));
    pos = dot + 1;
  }
}

Value AttributePath::of(Value v, const Value* otherwise) const {
  for (const Value& part : parts_) {
    v = get_item(v, part);
    if (otherwise != nullptr && v.is_undefined()) v = *otherwise;
  }
  return v;
}

Value sort_key(const Value& v, bool case_sensitive) {
  return v.is_string() && !case_sensitive ? Value::string(lower(v.str())) : v;
}

namespace {

Value length_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("length", arguments, {});
  return Value::integer(static_cast<Int>(need_length(v)));
}

Value list_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("list", arguments, {});
  return Value::list(iterate(v));
}

Value first_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("first", arguments, {});
  if (v.is_sequence() && !v.items().empty()) return v.items()[0];
  if (v.is(Kind::kIterator)) {  // takes one
    auto& it = v.as<IteratorObject>();
    if (it.next < it.items.size()) return it.items[it.next++];
  } else if (const std::vector<Value> items = iterate(v); !items.empty()) {
    return items[0];
  }
  return Value::undefined("No first item, sequence was empty.");
}

Value last_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("last", arguments, {});
  if (v.is(Kind::kIterator) || !is_iterable(v)) {
    fail("'" + type_name(v) + "' object is not reversible");
  }
  const std::vector<Value> items = iterate(v);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value join_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  const std::string separator = bound.has(0) ? to_str(bound.at(0)) : "";
  const AttributePath path(bound.get(1, Value::none()));
  std::string out;
  bool first = true;
  for (const Value& item : iterate(v)) {
    if (!std::exchange(first, false)) out += separator;
    out += to_str(path.of(item));
    check_length(out.size());
  }
  return Value::string(std::move(out));
}

Value items_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("items", arguments, {});
  if (v.is_undefined()) return Value::iterator({});
  if (!v.is(Kind::kDict)) fail("Can only get item pairs from a mapping.");
  return Value::iterator(ViewObject(v, ViewObject::Part::kItems).items());
}

using Keyed = std::pair<Value, Value>;  // what is compared, and the item

void sort_keyed(std::vector<Keyed>& items, bool reverse) {
  // As python's: stable in both directions.
  merge_sort(items, [&](const Keyed& a, const Keyed& b) {
    return reverse ? less(b.first, a.first) : less(a.first, b.first);
  });
}

std::vector<Value> without_keys(std::vector<Keyed> items) {
  std::vector<Value> out;
  out.reserve(items.size());
  for (Keyed& item : items) out.push_back(std::move(item.second));
  return out;
}

Value dict_sort(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string by = bound.has(1) ? bound.text(1) : "key";
  if (by != "key" && by != "value") fail("You can only sort by either \"key\" or \"value\"");
  need_defined(v);
  if (!v.is(Kind::kDict)) fail("'" + type_name(v) + "' object has no attribute 'items'");
  std::vector<Keyed> items;
  for (const auto& [key, value] : v.entries().entries()) {
    items.emplace_back(sort_key(by == "key" ? key : value, bound.flag(0, false)),
                       Value::tuple({key, value}));
  }
  sort_keyed(items, bound.flag(2, false));
  return Value::list(without_keys(std::move(items)));
}

// Several paths, by commas, as one list to compare.
std::vector<AttributePath> paths_of(const Value& attribute) {
  std::vector<AttributePath> out;
  if (!attribute.is_string()) return {AttributePath(attribute)};
  const std::string& all = attribute.str();
  for (std::size_t pos = 0; pos <= all.size();) {
    const std::size_t comma = std::min(all.find(',', pos), all.size());
    out.emplace_back(Value::string(all.substr(pos, comma - pos)));
    pos = comma + 1;
  }
  return out;
}

Value sort_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const std::vector<AttributePath> paths = paths_of(bound.get(2, Value::none()));
  std::vector<Keyed> items;
  for (Value& item : iterate(v)) {
    std::vector<Value> keys;
    for (const AttributePath& path : paths) {
      keys.push_back(sort_key(path.of(item), bound.flag(1, false)));
    }
    items.emplace_back(Value::list(std::move(keys)), std::move(item));
  }
  sort_keyed(items, bound.flag(0, false));
  return Value::list(without_keys(std::move(items)));
}

Value unique_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  const AttributePath path(bound.get(1, Value::none()));
  Dict seen;
  std::vector<Value> out;
  for (Value& item : iterate(v)) {
    Value key = sort_key(path.of(item), bound.flag(0, false));
    if (seen.find(key) != nullptr) continue;
    seen.set(std::move(key), Value::none());
    out.push_back(std::move(item));
  }
  return Value::iterator(std::move(out));
}

template <bool kGreatest>
Value extreme(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound(kGreatest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  const AttributePath path(bound.get(1, Value::none()));
  const std::vector<Value> items = iterate(v);
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  const auto key_of = [&](const Value& item) {
    return sort_key(path.of(item), bound.flag(0, false));
  };
  std::size_t best = 0;
  Value best_key = key_of(items[0]);
  for (std::size_t i = 1; i < items.size(); ++i) {
    Value key = key_of(items[i]);
    if (kGreatest ? less(best_key, key) : less(key, best_key)) {
      best = i;
      best_key = std::move(key);
    }
  }
  return items[best];
}

Value sum_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  const AttributePath path(bound.get(0, Value::none()));
  Value total = bound.get(1, Value::integer(0));
  if (total.is_string()) fail("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : iterate(v)) total = binary(BinaryOp::kAdd, total, path.of(item));
  return total;
}

Value reverse_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("reverse", arguments, {});
  if (v.is_string()) return slice(v, Value::none(), Value::none(), Value::integer(-1));
  if (!is_iterable(v)) fail("argument must be iterable");
  std::vector<Value> items = iterate(v);
  std::reverse(items.begin(), items.end());
  // A list where python cannot walk backwards.
  if (v.is(Kind::kIterator)) return Value::list(std::move(items));
  return Value::iterator(std::move(items), "reversed");
}

Value batch_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const std::int64_t size = bound.index(0, 1);
  std::vector<Value> out, batch;
  for (Value& item : iterate(v)) {
    if (static_cast<std::int64_t>(batch.size()) == size) {
      out.push_back(Value::list(std::exchange(batch, {})));
    }
    batch.push_back(std::move(item));
  }
  if (!batch.empty()) {
    if (bound.given(1)) {
      charge_steps(static_cast<std::size_t>(std::max<std::int64_t>(size, 0)));
      while (static_cast<std::int64_t>(batch.size()) < size) batch.push_back(bound.at(1));
    }
    out.push_back(Value::list(std::move(batch)));
  }
  return Value::iterator(std::move(out));
}

Value slice_of(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"}, 1);
  const std::vector<Value> items = iterate(v);
  const std::int64_t n = bound.index(0, 1);
  if (n == 0) fail("integer division or modulo by zero");
  charge_steps(static_cast<std::size_t>(std::max<std::int64_t>(n, 0)));
  std::vector<Value> out;
  const auto total = static_cast<std::int64_t>(items.size());
  std::int64_t start = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t end = start + total / n + (i < total % n ? 1 : 0);
    std::vector<Value> part(items.begin() + start, items.begin() + end);
    if (bound.given(1) && i >= total % n) part.push_back(bound.at(1));
    out.push_back(Value::list(std::move(part)));
    start = end;
  }
  return Value::iterator(std::move(out));
}

Value group_by(Interpreter&, const Value& v, const Arguments& arguments) {
  const Bound bound("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const AttributePath path(bound.at(0));
  const Value* otherwise = bound.given(1) ? &bound.at(1) : nullptr;
  const bool case_sensitive = bound.flag(2, false);
  std::vector<Keyed> items;
  for (Value& item : iterate(v)) {
    Value key = sort_key(path.of(item, otherwise), case_sensitive);
    items.emplace_back(std::move(key), std::move(item));
  }
  sort_keyed(items, false);
  std::vector<Value> out;
  for (std::size_t i = 0; i < items.size();) {
    std::vector<Value> group;
    const std::size_t first = i;
    for (; i < items.size() && equal(items[i].first, items[first].first); ++i) {
      group.push_back(items[i].second);
    }
    const Value key = path.of(group[0], otherwise);
    Value tuple = Value::tuple({key, Value::list(std::move(group))});
    tuple.as<ListObject>().is_group = true;
    out.push_back(std::move(tuple));
  }
  return Value::list(std::move(out));
}

constexpr NamedFilter kFilters[] = {
    {"batch", batch_of},     {"count", length_of}, {"dictsort", dict_sort}, {"first", first_of},
    {"groupby", group_by},   {"items", items_of},  {"join", join_of},       {"last", last_of},
    {"length", length_of},   {"list", list_of},    {"max", extreme<true>},  {"min", extreme<false>},
    {"reverse", reverse_of}, {"slice", slice_of},  {"sort", sort_of},       {"sum", sum_of},
    {"unique", unique_of},
};

}  // namespace

std::span<const NamedFilter> sequence_filters() {
  return kFilters;
}

}  // namespace rocmforge::text::jinja
