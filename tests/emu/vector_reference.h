// What each vector instruction must give, lane by lane: formulas written apart from the emulator's,
// in wider types where there are any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace rocmforge::emu {

struct LaneInput {
  std::uint64_t x[3] = {};  // as read: 16-bit operands in the low half, masks as 0 or 1
  bool vcc = false;
  int lane = 0;
};
struct LaneOutput {
  std::uint64_t value = 0;  // a mask's bit, or what the destination's registers (its half) hold
  bool bit = false;         // of the second destination
};

struct Reference {
  std::function<LaneOutput(const LaneInput&)> compute;
  std::uint64_t ulps = 0;  // that the result may be off: functions that are not rounded exactly
};

// By mnemonic; IEEE mode on, denormals kept.
const std::map<std::string, Reference>& references();

// An f16's value, and the f16 nearest to a value.
double f16_value(std::uint64_t bits);
std::uint64_t nearest_f16(long double x);

}  // namespace rocmforge::emu
