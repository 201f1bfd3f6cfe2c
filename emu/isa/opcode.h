// The instructions of gfx11 (RDNA3) that are known here, one row each.
//
// Sources: AMD, "RDNA3 Instruction Set Architecture" (2023), and LLVM's assembler, against which
// the table is checked by every shipped code object.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rocmforge::emu {

enum class Encoding : std::uint8_t {
  kSop1,
  kSop2,
  kSopk,
  kSopc,
  kSopp,
  kSmem,
  kVop1,  // these three: also as VOP3, with the numbers moved (decode.cpp)
  kVop2,
  kVopc,
  kVop3,
  kVop3sd,  // VOP3 with a second destination, a lane mask
  kVop3p,
  kVopdX,
  kVopdY,
  kDs,
  kMubuf,
  kFlat,
  kGlobal,
  kScratch,
};

// What an operand holds: how many registers, and how an inline constant is read for it.
enum class Type : std::uint8_t {
  kNone,
  kB8,    // the low bits of one register; memory alone
  kB16,   // the low half of one register; integer inline constants
  kF16,   // the same; 1.0 is 0x3c00
  kPk16,  // two 16-bit integers in one register
  kPkF16,
  kPkBF16,
  kB32,
  kF32,
  kB64,
  kF64,
  kB96,
  kB128,
  kB256,
  kB512,
  kMask,  // one bit a lane: one SGPR, as waves have 32 lanes
};
int registers_of(Type type);

// What an instruction is to the counters, and to the model of time.
enum class Class : std::uint8_t {
  kSalu,
  kBranch,
  kSmem,
  kValu,
  kTranscendental,  // a quarter of the rate
  kSlowInteger,     // 32-bit integer products: a quarter of the rate
  kDouble,          // of an operand of 64-bit float: a sixteenth
  kDot,
  kWmma,
  kLoad,     // global, flat or scratch
  kStore,    // the same
  kAtomic,   // on global memory
  kLds,      // reads, writes and atomics
  kPermute,  // ds_bpermute and its like: the LDS's crossbar, not its memory
  kBarrier,
  kWait,
  kOther,  // nops, hints, cache controls, messages, the end
};
inline constexpr int kClasses = 17;
std::string_view to_string(Class kind);

// How the operands of a row lie in its words, where that is not in the order of the row.
enum class Form : std::uint8_t {
  kPlain,
  kAccumulate,       // the destination's old value is the last source (v_fmac)
  kAddLiteral,       // the last source is the literal (v_fmaak)
  kMultiplyLiteral,  // src[1] is the literal, src[2] the second register (v_fmamk)
  kLiteral,          // the source is a literal (s_setreg_imm32)
  kScalarDst,        // a vector instruction that writes an SGPR (v_readlane)
  kSwap,             // exchanges its two registers
  kHighHalf,         // memory: the register's high 16 bits (d16_hi)
  kMix,              // v_fma_mix: each source f32 or f16; see Operand
  kMixHigh,          // the same, to the high 16 bits
};

// What an instruction touches besides the operands that are written in it.
struct Implicit {
  bool reads_scc = false, writes_scc = false;
  bool reads_vcc = false;  // v_div_fmas; where VCC is an operand in all but name it is made one
  bool reads_exec = false, writes_exec = false;  // scalar ones: every vector one goes by EXEC
  bool reads_m0 = false;
};

struct Opcode {
  std::string_view name;  // llvm-objdump's, without _e32, _e64 and _dpp
  Encoding encoding{};
  std::uint16_t number = 0;  // within the encoding
  Class kind{};
  Type dst = Type::kNone;
  Type src[3] = {Type::kNone, Type::kNone, Type::kNone};
  Type dst2 = Type::kNone;  // carry out, as a mask
  Implicit implicit{};
  Form form = Form::kPlain;
};

// The row, or null.
const Opcode* find_opcode(Encoding encoding, std::uint32_t number);
// All rows, in no promised order.
std::span<const Opcode> opcodes();

}  // namespace rocmforge::emu
