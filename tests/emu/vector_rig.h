// A wave, and instructions to run on it.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "isa/inst.h"
#include "machine/wave.h"

namespace rocmforge::emu {

// As HIP sets it: to nearest even, denormals kept, DX10 clamp, IEEE.
inline constexpr std::uint32_t kHipMode = 0x3f0;

struct VectorRig {
  VectorRig();  // all registers random, all lanes active

  // Of vector_words.h; fails the test if it is not there.
  static Inst decoded(std::string_view text);
  // Runs it on `wave`. Throws Fault.
  void run(const Inst& inst);
  void run(std::string_view text) { run(decoded(text)); }

  std::uint32_t random() { return static_cast<std::uint32_t>(engine()); }
  void randomize();  // the vector registers
  void set_exec(std::uint32_t mask);
  // A lane's value of an operand without modifiers: 16 bits, 32, 64, or a mask's bit.
  std::uint64_t read(const Operand& operand, Type type, int lane) const;
  void write(const Operand& operand, Type type, int lane, std::uint64_t value);

  std::unique_ptr<Wave> owner = std::make_unique<Wave>();
  Wave& wave = *owner;
  std::mt19937 engine{12345};
};

// One of the values that break arithmetic, or a random one.
std::uint64_t telling_value(Type type, std::mt19937& engine);
// Whether they are the same number; NaNs are all the same, if they are quiet.
bool same(Type type, std::uint64_t got, std::uint64_t expected, std::uint64_t ulps);

// Runs the instruction on many values, under full and partial EXEC, against references().
void check_against_reference(const std::string& text);

// Cases of the rows that are no function of a lane's own values: by mnemonic.
struct SpecialCase {
  std::string_view name;
  void (*check)();
};
std::vector<SpecialCase> special_cases();

}  // namespace rocmforge::emu
