#include "engine/setting.h"

#include <algorithm>
#include <utility>

namespace rocmforge::engine {
namespace {

bool any_value(const std::vector<Remedy>& remedies) {
  return std::any_of(remedies.begin(), remedies.end(),
                     [](const Remedy& r) { return !r.value.empty(); });
}

std::string own_words(const std::string& reason, const std::vector<Remedy>& remedies) {
  if (!any_value(remedies)) return reason;
  return with_remedies(reason, remedies, [](Setting s) { return to_string(s); });
}

}  // namespace

std::string_view to_string(Setting setting) {
  switch (setting) {
    case Setting::kContext:
      return "context";
    case Setting::kKvType:
      return "KV type";
    case Setting::kDeviceLayers:
      return "device layers";
    case Setting::kSequences:
      return "sequences";
    case Setting::kTokenizer:
      return "tokenizer";
    case Setting::kChatTemplate:
      return "chat template";
  }
  return "?";
}

std::string with_remedies(const std::string& reason, const std::vector<Remedy>& remedies,
                          const std::function<std::string_view(Setting)>& name_of) {
  if (remedies.empty()) return reason;
  const bool valued = any_value(remedies);
  std::string out;
  for (const Remedy& r : remedies) {
    if (!out.empty()) out += valued ? ", or " : ", ";
    out += name_of(r.setting);
    if (!r.value.empty()) out.append(" ").append(r.value);
  }
  return valued ? reason + "; would fit: " + out : reason + " (" + out + ")";
}

SettingError::SettingError(ErrorCode code, const std::string& reason, std::vector<Remedy> remedies)
    : Error(code, own_words(reason, remedies)), reason_(reason), remedies_(std::move(remedies)) {}

}  // namespace rocmforge::engine
