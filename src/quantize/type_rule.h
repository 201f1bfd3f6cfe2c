// A user's own choice for some tensors: "attn_v=Q6_K".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tensor/dtype.h"

namespace re2 {
class RE2;
}

namespace rocmforge::quantize {

class TypeRule {
 public:
  // "PATTERN=TYPE": an RE2 regular expression, the last "=" ends it; a type's name in any case.
  // Error{kUsage} quoting `text`.
  explicit TypeRule(std::string_view text);

  // Whether the pattern is found somewhere in the name.
  bool matches(std::string_view tensor) const;
  DType type() const { return type_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::shared_ptr<const re2::RE2> pattern_;
  DType type_;
};

}  // namespace rocmforge::quantize
