#include "backend/gpu/driver/kfd.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

namespace rocmforge::gpu {
namespace {

using Properties = std::map<std::string, std::int64_t>;

Properties read_node(const std::filesystem::path& path) {
  Properties out;
  std::ifstream file(path);
  std::string key;
  std::uint64_t value = 0;  // some are unsigned 64-bit numbers
  while (file >> key >> value) out[key] = static_cast<std::int64_t>(value);
  return out;
}

std::int64_t value_of(const Properties& properties, const char* key) {
  const auto at = properties.find(key);
  return at != properties.end() ? at->second : 0;
}

std::string name_of(std::int64_t version) {
  constexpr const char* kDigits = "0123456789abcdef";
  const std::int64_t minor = version / 100 % 100, stepping = version % 100;
  if (version <= 0 || minor > 15 || stepping > 15) return "";
  return "gfx" + std::to_string(version / 10000) + kDigits[minor] + kDigits[stepping];
}

}  // namespace

std::string kfd_target(const std::string& nodes, const PciPlace& place) {
  std::error_code failed;
  for (std::filesystem::directory_iterator at(nodes, failed), end; !failed && at != end;
       at.increment(failed)) {
    const Properties node = read_node(at->path() / "properties");
    const std::int64_t location = value_of(node, "location_id");  // bus, 5 bits device, 3 function
    if (value_of(node, "gfx_target_version") > 0 && value_of(node, "domain") == place.domain &&
        location >> 8 == place.bus && (location >> 3 & 31) == place.device) {
      return name_of(value_of(node, "gfx_target_version"));
    }
  }
  return "";
}

}  // namespace rocmforge::gpu
