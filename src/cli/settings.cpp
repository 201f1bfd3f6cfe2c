#include "cli/settings.h"

#include <string_view>

#include "engine/setting.h"

namespace rocmforge::cli {
namespace {

using engine::Setting;

std::string_view option_of(Setting setting) {
  switch (setting) {
    case Setting::kContext:
      return "--ctx";
    case Setting::kKvType:
      return "--kv-type";
    case Setting::kDeviceLayers:
      return "--gpu-layers";
    case Setting::kSequences:
      return "--sequences";
    case Setting::kTokenizer:
      return "--tokenizer";
    case Setting::kChatTemplate:
      return "--chat-template";
  }
  return "?";
}

struct Parameter {
  std::string_view name, option;
};
// Those whose option a user would not guess by the name.
constexpr Parameter kParameters[] = {
    {"mirostat_tau", "--mirostat-ent"},
    {"mirostat_eta", "--mirostat-lr"},
    {"dynatemp_exponent", "--dynatemp-exp"},
    {"dry_sequence_breakers", "--dry-sequence-breaker"},
    {"typical_p", "--typical"},
    {"n_probs", "--logprobs"},
};

}  // namespace

std::string message_of(const Error& error) {
  const auto* refused = dynamic_cast<const engine::SettingError*>(&error);
  if (refused == nullptr) return error.what();
  return without_middle(engine::with_remedies(refused->reason(), refused->remedies(), option_of),
                        kMaxMessageBytes);
}

std::string message_of(const engine::Rejected& rejected) {
  if (!rejected.context_full) return with_option_name(rejected.message);
  return engine::with_remedies(rejected.message, {{Setting::kContext}}, option_of);
}

std::string with_option_name(const std::string& range_error) {
  constexpr std::string_view kBefore = "Invalid ";
  for (const Parameter& p : kParameters) {
    const std::string begin = std::string(kBefore).append(p.name).append(":");
    if (!range_error.starts_with(begin)) continue;
    return std::string(kBefore).append(p.option).append(range_error.substr(begin.size() - 1));
  }
  return range_error;
}

}  // namespace rocmforge::cli
