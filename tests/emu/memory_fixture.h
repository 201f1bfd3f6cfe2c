// A wave with memory of its own, and what a test expects of faults.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "emu/wave_rig.h"
#include "machine/fault.h"

namespace rocmforge::emu {

struct Caught {
  FaultKind kind;
  int lane;
  std::string text;
};

template <class F>
std::optional<Caught> fault_of(F f) {
  try {
    f();
  } catch (const Fault& fault) {
    return Caught{fault.kind(), fault.lane(), fault.what()};
  }
  return std::nullopt;
}

template <class F>
void expect_fault(FaultKind kind, int lane, std::string_view text, F f) {
  const std::optional<Caught> caught = fault_of(f);
  ASSERT_TRUE(caught.has_value()) << "no fault: " << text;
  EXPECT_EQ(to_string(caught->kind), to_string(kind)) << caught->text;
  EXPECT_EQ(caught->lane, lane) << caught->text;
  EXPECT_NE(caught->text.find(text), std::string::npos) << caught->text;
}

inline std::uint32_t word_at(std::uint64_t address) {
  std::uint32_t value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), 4);
  return value;
}

class MemoryAccess : public ::testing::Test {
 protected:
  Memory memory{16 << 20};
  WaveRig rig{memory};
  static constexpr auto kEnd = static_cast<std::int64_t>(WaveRig::kArea);
};

}  // namespace rocmforge::emu
