#include "quantize/type_rule.h"

#include <re2/re2.h>

#include <optional>

#include "base/error.h"

namespace rocmforge::quantize {
namespace {

Error wrong(std::string_view text, const std::string& why) {
  return {ErrorCode::kUsage, "--tensor-type: \"" + std::string(text) + "\": " + why};
}

}  // namespace

TypeRule::TypeRule(std::string_view text) : text_(text), type_(DType::kF32) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0) throw wrong(text, "is not PATTERN=TYPE");
  const std::string_view name = text.substr(equals + 1);
  const std::optional<DType> type = dtype_from_name(name);
  if (!type || *type == DType::kI32) {
    std::string all;
    for (const DType t : kAllDTypes) {
      if (t != DType::kI32) all += (all.empty() ? "" : ", ") + std::string(to_string(t));
    }
    throw wrong(text, "\"" + std::string(name) + "\" is not one of " + all);
  }
  type_ = *type;
  RE2::Options options;
  options.set_log_errors(false);
  pattern_ = std::make_shared<const RE2>(re2::StringPiece(text.data(), equals), options);
  if (!pattern_->ok()) throw wrong(text, "the pattern is wrong: " + pattern_->error());
}

bool TypeRule::matches(std::string_view tensor) const {
  return RE2::PartialMatch(re2::StringPiece(tensor.data(), tensor.size()), *pattern_);
}

}  // namespace rocmforge::quantize
