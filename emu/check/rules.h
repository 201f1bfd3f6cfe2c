// How the definedness of a result follows from that of the sources, instruction by instruction.
// What no rule says more about is defined where all its sources are.
#pragma once

#include <cstdint>

#include "isa/inst.h"

namespace rocmforge::emu {

enum class Rule : std::uint8_t {
  kNone,  // touches no register, or only what cannot be undefined
  // Vector, one 32-bit result; halves of 16 bits are told apart.
  kAll,          // defined where all sources are
  kBitwise,      // half by half: mov, not, xor
  kSame,         // as kBitwise; a register with itself gives 0
  kSubtract,     // as kCarry; a register with itself gives 0
  kCarry,        // what is carried goes upwards: the low half hangs on low halves alone
  kAnd,          // kBitwise, and a constant's zeros decide
  kOr,           // kBitwise, and a constant's ones decide
  kAndOr,        // (a & b) | c
  kShiftLeft,    // b << a
  kShiftRight,   // b >> a, zeros enter
  kShiftSigned,  // b >> a
  kShiftOr,      // (a << b) | c
  kInsert,       // v_bfi
  kExtract,      // v_bfe
  kAlignBit,
  kAlignByte,
  kPermute,       // v_perm
  kPackHalves,    // v_pack_b32_f16
  kUnsignedByte,  // v_cvt_f32_ubyte
  kSelect,        // v_cndmask
  kPacked,        // results by halves, as op_sel says
  kMix,           // v_fma_mix: sources are f32 or one half
  // Vector, other results.
  kWide,   // several registers, each defined where all sources are
  kLow64,  // 64 bits whose low half hangs on low halves alone
  kMask,   // v_cmp: a bit a lane
  kReadFirstLane,
  kReadLane,
  kWriteLane,
  kPermlane,
  kSwap,  // v_swap: definedness moves with the values
  kWmma,
  // Memory.
  kGlobal,
  kLds,
  kBackwardPermute,  // ds_bpermute
  kForwardPermute,   // ds_permute
  kSwizzle,
  kScalarLoad,
  // Scalar.
  kScalar,
  kScalarMove,
  kScalarAnd,
  kScalarAndNot,
  kScalarOr,
  kScalarOrNot,
  kScalarXor,
  kScalarSelect,
  kScalarConditional,  // s_cmov
  kSaveExec,
  kJump,  // to an address in registers
  kBranchScc,
  kBranchVcc,
};

Rule rule_of(const Operation& operation);

}  // namespace rocmforge::emu
