// What a template computes with: python's values, as far as templates reach them. All are immutable
// but namespaces, and the positions of iterators, cyclers and joiners.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/jinja/budget.h"

namespace rocmforge::text::jinja {

using Int = __int128;  // python's are unbounded; beyond this the template fails

enum class Kind : std::uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kDict,
  kRange,
  kView,      // keys(), values() or items() of a dict
  kIterator,  // read once: what map, select, reverse and their like give
  kNamespace,
  kFunction,
  kLoop,
  kCycler,
  kJoiner
};

// What lives on the heap; its size counts towards the budget of the rendering that made it.
struct Object {
  explicit Object(std::size_t bytes) : charged(charge_memory(bytes)) {}
  virtual ~Object() { refund_memory(charged); }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  // Drops what it refers to; for those that may be part of a cycle.
  virtual void cut() {}
  std::size_t charged;
};

class Dict;

class Value {
 public:
  Value() = default;  // undefined, without a message
  static Value none();
  static Value boolean(bool b);
  static Value integer(Int i);
  static Value number(double d);
  // `markup`: what `safe` and `escape` give, which escapes what is added to it.
  static Value string(std::string text, bool markup = false);
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value dict(Dict entries);
  static Value iterator(std::vector<Value> items, const char* type = "generator");
  // `message` is what fails when it is used.
  static Value undefined(std::string message);
  static Value object(Kind kind, std::shared_ptr<Object> object);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_undefined() const { return kind_ == Kind::kUndefined; }
  bool is_none() const { return kind_ == Kind::kNone; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_sequence() const { return kind_ == Kind::kList || kind_ == Kind::kTuple; }
  bool is_integer() const { return kind_ == Kind::kInt || kind_ == Kind::kBool; }  // as in python
  bool is_number() const { return is_integer() || kind_ == Kind::kFloat; }

  // Each is for values of its kind alone.
  bool as_bool() const { return int_ != 0; }
  Int as_int() const { return int_; }  // of bools too
  double as_double() const { return kind_ == Kind::kFloat ? double_ : static_cast<double>(int_); }
  const std::string& str() const;
  bool markup() const;
  const std::vector<Value>& items() const;  // of lists and tuples
  const Dict& entries() const;
  template <typename T>
  T& as() const {
    return static_cast<T&>(*object_);
  }
  const Object* identity() const { return object_.get(); }
  const std::shared_ptr<Object>& shared() const { return object_; }

 private:
  Kind kind_ = Kind::kUndefined;
  union {
    Int int_ = 0;
    double double_;
  };
  std::shared_ptr<Object> object_;
};

// In order of insertion, as python's dict.
class Dict {
 public:
  const Value* find(const Value& key) const;  // fails on keys that have no hash
  const Value* find(std::string_view key) const;
  void set(Value key, Value value);
  void set(std::string key, Value value) { set(Value::string(std::move(key)), std::move(value)); }
  void reserve(std::size_t n) { entries_.reserve(n); }
  std::size_t size() const { return entries_.size(); }
  const std::vector<std::pair<Value, Value>>& entries() const { return entries_; }

 private:
  std::size_t index_of(const Value& key) const;
  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_multimap<std::size_t, std::size_t> places_;  // by hash, once there are many
};

// Containers within containers; more fails, so that no walk over a value is deep.
inline constexpr int kMaxValueDepth = 200;
int depth_of(const Value& value);

struct StringObject final : Object {
  StringObject(std::string t, bool m)
      : Object(sizeof(StringObject) + t.capacity()), text(std::move(t)), markup(m) {}
  std::string text;
  bool markup;
};

struct ListObject final : Object {
  explicit ListObject(std::vector<Value> v);
  std::vector<Value> items;
  int depth;
  // Names of the items, for a tuple of groupby.
  bool is_group = false;
};

struct DictObject final : Object {
  explicit DictObject(Dict d);
  Dict dict;
  int depth;
};

struct UndefinedObject final : Object {
  explicit UndefinedObject(std::string m) : Object(sizeof(*this)), message(std::move(m)) {}
  std::string message;
};

struct RangeObject final : Object {
  RangeObject(Int first, Int past, Int by)
      : Object(sizeof(*this)), start(first), stop(past), step(by) {}
  Int size() const;
  Int start, stop, step;  // step is not 0
};

struct ViewObject final : Object {
  enum class Part { kKeys, kValues, kItems };
  ViewObject(Value d, Part p) : Object(sizeof(*this)), dict(std::move(d)), part(p) {}
  std::vector<Value> items() const;
  Value dict;
  Part part;
};

struct IteratorObject final : Object {
  IteratorObject(std::vector<Value> v, const char* t);
  std::vector<Value> items;
  std::size_t next = 0;
  const char* type;
  int depth;
};

struct NamespaceObject final : Object {
  NamespaceObject() : Object(sizeof(*this)) {}
  void cut() override { attributes = {}; }
  Dict attributes;
};

struct CyclerObject final : Object {
  explicit CyclerObject(Value t) : Object(sizeof(*this)), items(std::move(t)) {}
  Value items;  // a tuple that is not empty
  std::size_t pos = 0;
};

struct JoinerObject final : Object {
  explicit JoinerObject(Value s) : Object(sizeof(*this)), separator(std::move(s)) {}
  Value separator;
  bool used = false;
};

}  // namespace rocmforge::text::jinja
