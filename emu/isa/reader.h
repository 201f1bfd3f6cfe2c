// The words of one instruction while it is decoded; inside isa alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "isa/decode.h"
#include "isa/inst.h"

namespace rocmforge::emu {

// Bits low .. low + n - 1.
constexpr std::uint32_t bits(std::uint32_t word, int low, int n) {
  return word >> low & ((1U << n) - 1);
}

class Reader {
 public:
  Reader(std::span<const std::uint32_t> words, std::uint64_t address)
      : words_(words), address_(address) {}

  // The words of the encoding itself; a literal or the word of DPP is behind them.
  std::uint32_t word(std::size_t at);
  // The literal: always the word behind the encoding's own, however many operands take it.
  std::uint32_t literal(std::size_t at) { return word(at); }
  int bytes() const { return static_cast<int>(used_ * 4); }
  [[noreturn]] void fail(const std::string& what) const;

  // Destinations and bases, of `type`.
  Operand vgpr(std::uint32_t number, Type type) const;
  Operand sgpr(std::uint32_t number, Type type) const;
  // A source of eight bits (scalar) or nine; literals lie at word `literal_at`.
  Operand source(std::uint32_t field, Type type, const Opcode& opcode, std::size_t literal_at);
  Operand literal_of(Type type, const Opcode& opcode, std::size_t literal_at);

 private:
  std::span<const std::uint32_t> words_;
  std::uint64_t address_;
  std::size_t used_ = 0;
};

// The row, or a fault that names encoding and number.
const Opcode& opcode_of(const Reader& reader, Encoding encoding, std::uint32_t number);
bool is_16_bit(Type type);
Operand constant(std::uint64_t value);

// decode_vector.cpp
void decode_vop12c(Reader& reader, Inst& inst);
void decode_vop3(Reader& reader, Inst& inst);
void decode_vop3p(Reader& reader, Inst& inst);
void decode_vopd(Reader& reader, Inst& inst);

}  // namespace rocmforge::emu
