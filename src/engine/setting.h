// What a caller can set otherwise so that a thing is not refused. The engine says which and what
// value would do; a program knows what it calls them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace rocmforge::engine {

enum class Setting : std::uint8_t {
  kContext,
  kKvType,
  kDeviceLayers,
  kSequences,
  kTokenizer,
  kChatTemplate,
};
std::string_view to_string(Setting setting);  // "context", "KV type", ...

struct Remedy {
  Setting setting;
  std::string value = {};  // that would do; empty: another one
};

// `reason`, and the remedies by the names that `name_of` gives: "REASON; would fit: NAME VALUE, or
// NAME VALUE"; where none has a value "REASON (NAME, NAME)".
std::string with_remedies(const std::string& reason, const std::vector<Remedy>& remedies,
                          const std::function<std::string_view(Setting)>& name_of);

// An error with remedies. what() has those with values, by the engine's own names.
class SettingError : public Error {
 public:
  SettingError(ErrorCode code, const std::string& reason, std::vector<Remedy> remedies);
  const std::string& reason() const { return reason_; }
  const std::vector<Remedy>& remedies() const { return remedies_; }

 private:
  std::string reason_;
  std::vector<Remedy> remedies_;
};

}  // namespace rocmforge::engine
