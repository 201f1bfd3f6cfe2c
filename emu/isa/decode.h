// Words of a gfx11 code object to instructions.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "isa/inst.h"

namespace rocmforge::emu {

// No such instruction in the table, or a field of a known one that is not modelled.
class DecodeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;  // says what, with the words and the address
};

// The instruction at words[0]; `address` is its own. Throws DecodeError, also where the words end
// too early.
Inst decode(std::span<const std::uint32_t> words, std::uint64_t address);

// As llvm-objdump writes it: the mnemonic with its _e32, _e64 or _dpp; VOPD: "a :: b".
std::string mnemonic(const Inst& inst);
// Mnemonic and operands, for traces and reports; close to llvm-objdump, not the same to the letter.
std::string to_string(const Inst& inst);

}  // namespace rocmforge::emu
