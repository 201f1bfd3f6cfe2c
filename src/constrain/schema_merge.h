// Schemas as JSON: references, and two of them that hold together.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"

namespace rocmforge::constrain {

[[noreturn]] void schema_error(ErrorCode code, const std::string& place, const std::string& what);

// A pointer's next part, escaped.
std::string below(const std::string& place, std::string_view key);
std::string below(const std::string& place, std::size_t index);

// One bit a type.
enum JsonType : std::uint32_t {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64
};
inline constexpr std::uint32_t kAllTypes = 127;
std::uint32_t type_of(const boost::json::value& value);  // 1.0 is an integer; integers are numbers
// Of `type` alone; all where there is none.
std::uint32_t named_types(const boost::json::object& schema, const std::string& place);

class SchemaDocument {
 public:
  explicit SchemaDocument(std::string_view text);

  const boost::json::value& root() const { return root_; }
  // What a local reference names; `place` is its pointer.
  const boost::json::value& find(const boost::json::object& schema, const std::string& at,
                                 std::string& place) const;
  // Without $ref and allOf: what they name is merged in. Refused where they go on for ever.
  boost::json::value flat(const boost::json::value& schema, const std::string& place,
                          int depth = 0) const;
  // Holds where both hold; each flat.
  boost::json::value merged(const boost::json::value& a, const boost::json::value& b,
                            const std::string& place, int depth = 0) const;
  // True when no value can be of both.
  bool disjoint(const boost::json::value& a, const boost::json::value& b, const std::string& place,
                int depth = 0) const;

 private:
  void spend(const std::string& place, int depth) const;

  boost::json::value root_;
  mutable int spent_ = 0;  // steps of the three above, which could be very many
};

// Keywords that say nothing of the value.
bool is_annotation(std::string_view keyword);

}  // namespace rocmforge::constrain
