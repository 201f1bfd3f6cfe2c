// The strings that `format` names: RFC 3339, 4122, 5321 (the usual part), 1123, 4291, 3986.
#include <array>
#include <utility>

#include "constrain/json_text.h"

namespace rocmforge::constrain {
namespace {

// With 29 February in leap years alone.
const std::string kDate =
    "(?:[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    "|(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)-02-29)";
const std::string kTime =
    "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?"
    "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
const std::string kLabel = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const std::string kHost = kLabel + "(?:\\." + kLabel + "){0,2}";
const std::string kOctet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const std::string kIpv4 = kOctet + "(?:\\." + kOctet + "){3}";
const std::string kUnit = "[A-Za-z0-9._~!$&'()*+,;=:@-]";
const std::string kCoded = "(?:" + kUnit + "|%[0-9A-Fa-f]{2})";

std::string ipv6() {
  const std::string h = "[0-9A-Fa-f]{1,4}";
  std::string out = "(?:" + h + ":){7}" + h;
  for (int before = 0; before <= 7; ++before) {  // groups in front of "::"
    const int behind = 7 - before;
    const std::string n = std::to_string(before - 1);
    const std::string front = before == 0 ? "" : h + "(?::" + h + "){" + n + "}";
    out += "|" + front + "::";
    if (behind > 1) out += "(?:" + h + "(?::" + h + "){0," + std::to_string(behind - 2) + "})?";
  }
  return out;
}

const std::array<std::pair<std::string_view, std::string>, 9>& formats() {
  static const std::array<std::pair<std::string_view, std::string>, 9> all = {{
      {"date", kDate},
      {"time", kTime},
      {"date-time", kDate + "T" + kTime},
      {"uuid", "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"},
      {"email", "[A-Za-z0-9_+-]{1,32}(?:\\.[A-Za-z0-9_+-]{1,15}){0,2}@" + kHost},
      {"hostname", kHost},
      {"ipv4", kIpv4},
      {"ipv6", ipv6()},
      {"uri", "[A-Za-z][A-Za-z0-9+.-]{0,30}:(?://" + kHost + "(?::[0-9]{1,5})?(?:/" + kCoded +
                  "*)*|" + kCoded + "+(?:/" + kCoded + "*)*)(?:\\?(?:" + kCoded +
                  "|[/?])*)?(?:#(?:" + kCoded + "|[/?])*)?"},
  }};
  return all;
}

}  // namespace

std::optional<Pattern> format_pattern(std::string_view name) {
  for (const auto& [known, pattern] : formats()) {
    if (known == name) return parse_regex(pattern, "format", true);
  }
  return std::nullopt;
}

std::string known_formats() {
  std::string out;
  for (const auto& [name, pattern] : formats()) {
    out.append(out.empty() ? "" : ", ").append(name);
  }
  return out;
}

}  // namespace rocmforge::constrain
