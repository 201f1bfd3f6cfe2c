// VOPD: the halves of dual instructions; X is the first.
#include "isa/rows.h"

namespace rocmforge::emu {
namespace {

using enum Type;

constexpr Opcode kRows[] = {
    vopd_x(0, "v_dual_fmac_f32", kF32, {kF32, kF32, kF32}, Form::kAccumulate),
    vopd_y(0, "v_dual_fmac_f32", kF32, {kF32, kF32, kF32}, Form::kAccumulate),
    vopd_x(1, "v_dual_fmaak_f32", kF32, {kF32, kF32, kF32}, Form::kAddLiteral),
    vopd_y(1, "v_dual_fmaak_f32", kF32, {kF32, kF32, kF32}, Form::kAddLiteral),
    vopd_x(2, "v_dual_fmamk_f32", kF32, {kF32, kF32, kF32}, Form::kMultiplyLiteral),
    vopd_y(2, "v_dual_fmamk_f32", kF32, {kF32, kF32, kF32}, Form::kMultiplyLiteral),
    vopd_x(3, "v_dual_mul_f32", kF32, {kF32, kF32}),
    vopd_y(3, "v_dual_mul_f32", kF32, {kF32, kF32}),
    vopd_x(4, "v_dual_add_f32", kF32, {kF32, kF32}),
    vopd_y(4, "v_dual_add_f32", kF32, {kF32, kF32}),
    vopd_x(5, "v_dual_sub_f32", kF32, {kF32, kF32}),
    vopd_y(5, "v_dual_sub_f32", kF32, {kF32, kF32}),
    vopd_x(6, "v_dual_subrev_f32", kF32, {kF32, kF32}),
    vopd_y(6, "v_dual_subrev_f32", kF32, {kF32, kF32}),
    vopd_x(7, "v_dual_mul_dx9_zero_f32", kF32, {kF32, kF32}),
    vopd_y(7, "v_dual_mul_dx9_zero_f32", kF32, {kF32, kF32}),
    vopd_x(8, "v_dual_mov_b32", kB32, {kB32}),
    vopd_y(8, "v_dual_mov_b32", kB32, {kB32}),
    vopd_x(9, "v_dual_cndmask_b32", kB32, {kB32, kB32, kMask}),
    vopd_y(9, "v_dual_cndmask_b32", kB32, {kB32, kB32, kMask}),
    vopd_x(10, "v_dual_max_f32", kF32, {kF32, kF32}),
    vopd_y(10, "v_dual_max_f32", kF32, {kF32, kF32}),
    vopd_x(11, "v_dual_min_f32", kF32, {kF32, kF32}),
    vopd_y(11, "v_dual_min_f32", kF32, {kF32, kF32}),
    vopd_x(12, "v_dual_dot2acc_f32_f16", kF32, {kPkF16, kPkF16, kF32}, Class::kDot,
           Form::kAccumulate),
    vopd_y(12, "v_dual_dot2acc_f32_f16", kF32, {kPkF16, kPkF16, kF32}, Class::kDot,
           Form::kAccumulate),
    vopd_y(16, "v_dual_add_nc_u32", kB32, {kB32, kB32}),
    vopd_y(17, "v_dual_lshlrev_b32", kB32, {kB32, kB32}),
    vopd_y(18, "v_dual_and_b32", kB32, {kB32, kB32}),
};

}  // namespace

std::span<const Opcode> vopd_rows() {
  return kRows;
}

}  // namespace rocmforge::emu
