#include "machine/card.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "base/error.h"

namespace rocmforge::emu {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw Error(ErrorCode::kUsage, "[emu] card \"" + text + "\": " + why);
}

std::string quoted(std::string_view text) {
  std::string out(1, '"');
  out.append(text).append(1, '"');
  return out;
}

// AMD's data sheets. GDDR6 moves 16 bits a pin and memory clock as HIP states it, LPDDR5X 8.
Card named(const std::string& text, std::string_view name) {
  Card card;
  if (name == "7900xt") return card;
  if (name == "7900xtx") {
    card.name = "AMD Radeon RX 7900 XTX (emulated)";
    card.units = 96;
    card.memory_bytes = std::uint64_t{24} << 30;
    card.clock_mhz = 2500;
    card.bus_bits = 384;
    return card;
  }
  if (name == "8060s") {
    card.name = "AMD Radeon 8060S (emulated)";
    card.target = "gfx1151";
    card.units = 40;
    card.memory_bytes = std::uint64_t{64} << 30;
    card.clock_mhz = 2900;
    card.memory_clock_mhz = 1000;
    card.bus_bits = 256;
    card.l2_bytes = 2U << 20;
    return card;
  }
  refuse(text, "no card " + quoted(name) + "; there are 7900xt, 7900xtx, 8060s");
}

// A number, with K, M, G or T (powers of 1024) behind it.
std::uint64_t number(const std::string& text, std::string_view value) {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  std::string_view unit = value.substr(static_cast<std::size_t>(end - value.data()));
  const std::size_t power = unit.empty() ? 0 : std::string_view("KMGT").find(unit.front()) + 1;
  if (error != std::errc() || unit.size() > 1 || (!unit.empty() && power == 0)) {
    refuse(text, quoted(value) + " is no number");
  }
  const int shift = static_cast<int>(power) * 10;
  if (n > std::numeric_limits<std::uint64_t>::max() >> shift) {
    refuse(text, quoted(value) + " is too large");
  }
  return n << shift;
}

void set(const std::string& text, Card& card, std::string_view key, std::string_view value) {
  const std::uint64_t n = number(text, value);
  if (key == "units") {
    if (n < 2 || n > 1024 || n % 2 != 0) refuse(text, "units are even, from 2 to 1024");
    card.units = static_cast<std::uint32_t>(n);
  } else if (key == "memory") {
    if (n < (1U << 20) || n > std::uint64_t{1} << 42) refuse(text, "memory is from 1M to 4T");
    card.memory_bytes = n;
  } else {
    refuse(text, "no " + quoted(key) + "; there are units, memory");
  }
}

}  // namespace

Card parse_card(const std::string& text) {
  Card card;
  std::string_view rest = text;
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      set(text, card, part.substr(0, equals), part.substr(equals + 1));
    } else if (first) {
      card = named(text, part);
    } else {
      refuse(text, quoted(part) + " is neither the first part nor a setting");
    }
  }
  return card;
}

}  // namespace rocmforge::emu
