// What each instruction does: one row a mnemonic, in the file of its kind.
//
// A handler serves every encoding of its operation, since operands come normalised (isa/inst.h),
// and every lane goes through the same expression: loops over kLanes that the compiler vectorises,
// the result blended in by `wave.active`. Handlers trust nothing of the kernel: what it addresses
// goes through machine/access.h.
#pragma once

#include <span>
#include <string_view>

#include "machine/program.h"

namespace rocmforge::emu {

struct HandlerRow {
  std::string_view name;  // Opcode::name
  Handler run;
};

// The row of vector_handlers() for every dual instruction, whatever its halves: it reads the
// sources of both before it writes either.
inline constexpr std::string_view kDualName = "v_dual";
// The row of vector_handlers() for every instruction with DPP: it runs that of the plain one.
inline constexpr std::string_view kDppName = "v_dpp";

std::span<const HandlerRow> scalar_handlers();       // SOP1, SOP2, SOPK, SOPC
std::span<const HandlerRow> mode_handlers();         // s_getreg, s_setreg and their like
std::span<const HandlerRow> control_handlers();      // SOPP: branches, waits, barrier, end; calls
std::span<const HandlerRow> scalar_load_handlers();  // SMEM
std::span<const HandlerRow> vector_handlers();       // VOP1, VOP2, VOPC, VOP3: arithmetic
std::span<const HandlerRow> packed_handlers();       // VOP3P but for WMMA, dot products among them
std::span<const HandlerRow> wmma_handlers();
std::span<const HandlerRow> lane_handlers();    // readlane, writelane, permlane, mbcnt
std::span<const HandlerRow> global_handlers();  // FLAT, GLOBAL, SCRATCH, MUBUF's cache controls
std::span<const HandlerRow> lds_handlers();     // DS

}  // namespace rocmforge::emu
