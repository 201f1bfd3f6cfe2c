// One decoded instruction. Operands are in the order of the operation's formula, whatever the
// encoding: what the encoding leaves implicit (the accumulator of v_fmac, VCC of v_cndmask_e32, the
// literal of v_fmamk) is an operand like any other, so that one handler serves all forms.
#pragma once

#include <cstdint>

#include "isa/opcode.h"

namespace rocmforge::emu {

// Numbers of the scalar registers that have names; the file s[] of a wave holds them all.
inline constexpr std::uint8_t kVccLo = 106, kVccHi = 107, kNull = 124, kM0 = 125, kExecLo = 126,
                              kExecHi = 127;

// Where flat addresses mean a group's LDS and a lane's scratch: 4 GiB each. As Linux sets them for
// gfx9 and later (drivers/gpu/drm/amd/amdkfd/kfd_flat_memory.c).
inline constexpr std::uint64_t kSharedWindow = std::uint64_t{1} << 48,
                               kScratchWindow = std::uint64_t{2} << 48;

// A source that names null is the constant 0. What a 64-bit or wider SGPR operand needs of
// alignment and room is checked by decode(); a destination of null has n = 1 whatever its type.
//
// VOP3P's bits mean what the operation makes of them: v_dot4_i32_iu8 and WMMA on integers take
// `negate` for "signed"; of v_fma_mix, `high_of_high` says that a source is f16 (of the half that
// `high` names) rather than f32, and it has `negate` and `absolute` like VOP3.
struct Operand {
  enum class Kind : std::uint8_t {
    kNone,
    kVgpr,      // index to index + n - 1
    kSgpr,      // the same; kNull reads 0 and swallows writes
    kConstant,  // inline or literal, already of the operand's type
    kScc,
    kVccz,
    kExecz,
  };
  Kind kind = Kind::kNone;
  std::uint8_t index = 0;
  std::uint8_t n = 0;     // registers
  bool negate = false;    // floating-point sources; of packed ones the low half
  bool absolute = false;  // applied before `negate`
  bool high = false;      // op_sel: a 16-bit operand is the high half; packed: of the low result
  // Packed operands: what the high result takes (op_sel_hi; the default is the high half).
  bool high_of_high = true;
  bool negate_high = false;
  std::uint64_t constant = 0;

  bool is_vgpr() const { return kind == Kind::kVgpr; }
  bool is_sgpr() const { return kind == Kind::kSgpr; }
  bool is_constant() const { return kind == Kind::kConstant; }
  bool is_none() const { return kind == Kind::kNone; }
};

// Where source 0 comes from, lane by lane.
// v_permlane16 and v_permlanex16 have kNone, and give bound_control and fetch_inactive alone.
struct Dpp {
  enum class Kind : std::uint8_t { kNone, kDpp8, kDpp16 };
  Kind kind = Kind::kNone;
  std::uint16_t control = 0;    // DPP16: dpp_ctrl
  std::uint32_t selectors = 0;  // DPP8: three bits a lane of eight
  std::uint8_t bank_mask = 15, row_mask = 15;
  bool bound_control = false;   // lanes without a source read 0 instead of not being written
  bool fetch_inactive = false;  // disabled lanes may be read
};

struct Operation {
  const Opcode* opcode = nullptr;
  Operand dst, dst2;
  Operand src[3];
};

// Memory: global, flat and scratch have src[0] = address (VGPRs, or none), src[1] = data,
// src[2] = scalar base (or none). DS: src[0] = address, src[1], src[2] = data. SMEM: src[0] = base,
// src[1] = scalar offset (or none). Atomics on memory have a destination only if they return. MUBUF
// is known for its cache controls alone.
// SOPK: what is read of the register stands in src[0] (s_cmpk, s_setreg, s_waitcnt_vscnt; s_addk
// and s_mulk have it in dst too), the literal of s_setreg_imm32 too. What a scalar instruction
// keeps of its destination (s_cmov, s_cmovk, s_bitset) is dst alone.
struct Inst : Operation {
  std::uint64_t address = 0;  // in the code object, bytes
  std::uint8_t size = 0;      // bytes
  bool clamp = false;
  std::uint8_t output_modifier = 0;  // 1: x 2, 2: x 4, 3: / 2
  bool dst_high = false;             // op_sel: the result goes to the high half
  std::int32_t offset = 0;           // memory, bytes (DS with two addresses: in elements)
  std::int32_t offset2 = 0;          // the second address of those
  std::int32_t immediate = 0;        // SOPP, SOPK: the 16 bits, sign-extended; s_sendmsg_rtn
  bool glc = false, slc = false, dlc = false;
  Dpp dpp;
  Operation second;  // VOPD's other half; both read before either writes
  // The encoding it was met in: VOP1, VOP2 and VOPC rows have a second one.
  bool as_vop3 = false;

  bool is_dual() const { return second.opcode != nullptr; }
};

}  // namespace rocmforge::emu
