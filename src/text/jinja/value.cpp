#include "text/jinja/value.h"

#include <algorithm>

#include "text/jinja/operators.h"

namespace rocmforge::text::jinja {
namespace {

// Below this many entries a dict is searched from its beginning.
constexpr std::size_t kSmallDict = 8;

int checked_depth(int depth) {
  if (depth > kMaxValueDepth) {
    fail("values nest deeper than " + std::to_string(kMaxValueDepth) + " levels");
  }
  return depth;
}

int depth_over(const std::vector<Value>& items) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, depth_of(item));
  return checked_depth(depth + 1);
}

int depth_over(const Dict& dict) {
  int depth = 0;
  for (const auto& [key, value] : dict.entries()) {
    depth = std::max({depth, depth_of(key), depth_of(value)});
  }
  return checked_depth(depth + 1);
}

}  // namespace

Value Value::none() {
  Value v;
  v.kind_ = Kind::kNone;
  return v;
}

Value Value::boolean(bool b) {
  Value v;
  v.kind_ = Kind::kBool;
  v.int_ = b ? 1 : 0;
  return v;
}

Value Value::integer(Int i) {
  Value v;
  v.kind_ = Kind::kInt;
  v.int_ = i;
  return v;
}

Value Value::number(double d) {
  Value v;
  v.kind_ = Kind::kFloat;
  v.double_ = d;
  return v;
}

Value Value::string(std::string text, bool markup) {
  check_length(text.size());
  charge_steps(text.size() / 64);
  return object(Kind::kString, std::make_shared<StringObject>(std::move(text), markup));
}

Value Value::list(std::vector<Value> items) {
  return object(Kind::kList, std::make_shared<ListObject>(std::move(items)));
}

Value Value::tuple(std::vector<Value> items) {
  return object(Kind::kTuple, std::make_shared<ListObject>(std::move(items)));
}

Value Value::dict(Dict entries) {
  return object(Kind::kDict, std::make_shared<DictObject>(std::move(entries)));
}

Value Value::iterator(std::vector<Value> items, const char* type) {
  return object(Kind::kIterator, std::make_shared<IteratorObject>(std::move(items), type));
}

Value Value::undefined(std::string message) {
  return object(Kind::kUndefined, std::make_shared<UndefinedObject>(std::move(message)));
}

Value Value::object(Kind kind, std::shared_ptr<Object> object) {
  Value v;
  v.kind_ = kind;
  v.object_ = std::move(object);
  return v;
}

const std::string& Value::str() const {
  return as<StringObject>().text;
}

bool Value::markup() const {
  return kind_ == Kind::kString && as<StringObject>().markup;
}

const std::vector<Value>& Value::items() const {
  return as<ListObject>().items;
}

const Dict& Value::entries() const {
  return as<DictObject>().dict;
}

std::size_t Dict::index_of(const Value& key) const {
  if (places_.empty()) {
    hash(key);  // fails on keys that have none
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (equal(entries_[i].first, key)) return i;
    }
    return entries_.size();
  }
  const auto [first, past] = places_.equal_range(hash(key));
  for (auto it = first; it != past; ++it) {
    if (equal(entries_[it->second].first, key)) return it->second;
  }
  return entries_.size();
}

const Value* Dict::find(const Value& key) const {
  const std::size_t i = index_of(key);
  return i == entries_.size() ? nullptr : &entries_[i].second;
}

const Value* Dict::find(std::string_view key) const {
  if (places_.empty()) {
    for (const auto& [k, v] : entries_) {
      if (k.is_string() && k.str() == key) return &v;
    }
    return nullptr;
  }
  const auto [first, past] = places_.equal_range(hash_text(key));
  for (auto it = first; it != past; ++it) {
    const auto& [k, v] = entries_[it->second];
    if (k.is_string() && k.str() == key) return &v;
  }
  return nullptr;
}

void Dict::set(Value key, Value value) {
  const std::size_t i = index_of(key);
  if (i < entries_.size()) {
    entries_[i].second = std::move(value);
    return;
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (entries_.size() <= kSmallDict) return;
  if (places_.empty()) {
    for (std::size_t j = 0; j + 1 < entries_.size(); ++j)
      places_.emplace(hash(entries_[j].first), j);
  }
  places_.emplace(hash(entries_.back().first), entries_.size() - 1);
}

ListObject::ListObject(std::vector<Value> v)
    : Object(sizeof(*this) + v.capacity() * sizeof(Value)),
      items(std::move(v)),
      depth(depth_over(items)) {
  charge_steps(items.size() / 8);
}

DictObject::DictObject(Dict d)
    : Object(sizeof(*this) + d.size() * 2 * sizeof(std::pair<Value, Value>)),
      dict(std::move(d)),
      depth(depth_over(dict)) {}

IteratorObject::IteratorObject(std::vector<Value> v, const char* t)
    : Object(sizeof(*this) + v.capacity() * sizeof(Value)),
      items(std::move(v)),
      type(t),
      depth(depth_over(items)) {}

Int RangeObject::size() const {
  if (step > 0) return start < stop ? (stop - start - 1) / step + 1 : 0;
  return start > stop ? (start - stop - 1) / -step + 1 : 0;
}

std::vector<Value> ViewObject::items() const {
  std::vector<Value> out;
  out.reserve(dict.entries().size());
  for (const auto& [key, value] : dict.entries().entries()) {
    switch (part) {
      case Part::kKeys:
        out.push_back(key);
        break;
      case Part::kValues:
        out.push_back(value);
        break;
      case Part::kItems:
        out.push_back(Value::tuple({key, value}));
        break;
    }
  }
  return out;
}

}  // namespace rocmforge::text::jinja
