// 16-bit integers: a half of a register each, the other half of the destination stays.
#include <algorithm>

#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

using u16 = std::uint16_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using u32 = std::uint32_t;

u16 low(u32 x) {
  return static_cast<u16>(x);
}
i16 low(i32 x) {
  return static_cast<i16>(x);
}
template <class T>
T middle(T a, T b, T c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

constexpr HandlerRow kRows[] = {
    row("v_mov_b16", [](u16 a) { return a; }),
    row("v_cndmask_b16", [](u16 a, u16 b, bool second) { return second ? b : a; }),
    row("v_not_b16", [](u16 a) { return low(~u32{a}); }),
    row("v_and_b16", [](u16 a, u16 b) { return low(u32{a} & b); }),
    row("v_or_b16", [](u16 a, u16 b) { return low(u32{a} | b); }),
    row("v_xor_b16", [](u16 a, u16 b) { return low(u32{a} ^ b); }),
    row("v_lshlrev_b16", [](u16 a, u16 b) { return low(u32{b} << (a & 15)); }),
    row("v_lshrrev_b16", [](u16 a, u16 b) { return low(u32{b} >> (a & 15)); }),
    row("v_ashrrev_i16", [](u16 a, i16 b) { return low(i32{b} >> (a & 15)); }),
    row(
        "v_add_nc_u16", [](u16 a, u16 b) { return low(u32{a} + b); },
        [](u16 a, u16 b) { return i32{a} + b; }),
    row(
        "v_sub_nc_u16", [](u16 a, u16 b) { return low(u32{a} - b); },
        [](u16 a, u16 b) { return i32{a} - b; }),
    row(
        "v_add_nc_i16", [](i16 a, i16 b) { return low(i32{a} + b); },
        [](i16 a, i16 b) { return i32{a} + b; }),
    row(
        "v_sub_nc_i16", [](i16 a, i16 b) { return low(i32{a} - b); },
        [](i16 a, i16 b) { return i32{a} - b; }),
    row("v_mul_lo_u16", [](u16 a, u16 b) { return low(u32{a} * b); }),
    row(
        "v_mad_u16", [](u16 a, u16 b, u16 c) { return low(u32{a} * b + c); },
        [](u16 a, u16 b, u16 c) { return std::int64_t{a} * b + c; }),
    row(
        "v_mad_i16", [](i16 a, i16 b, i16 c) { return low(i32{a} * b + c); },
        [](i16 a, i16 b, i16 c) { return i32{a} * b + c; }),
    row("v_min_u16", [](u16 a, u16 b) { return std::min(a, b); }),
    row("v_max_u16", [](u16 a, u16 b) { return std::max(a, b); }),
    row("v_min_i16", [](i16 a, i16 b) { return std::min(a, b); }),
    row("v_max_i16", [](i16 a, i16 b) { return std::max(a, b); }),
    row("v_min3_u16", [](u16 a, u16 b, u16 c) { return std::min(std::min(a, b), c); }),
    row("v_max3_u16", [](u16 a, u16 b, u16 c) { return std::max(std::max(a, b), c); }),
    row("v_med3_u16", [](u16 a, u16 b, u16 c) { return middle(a, b, c); }),
    row("v_min3_i16", [](i16 a, i16 b, i16 c) { return std::min(std::min(a, b), c); }),
    row("v_max3_i16", [](i16 a, i16 b, i16 c) { return std::max(std::max(a, b), c); }),
    row("v_med3_i16", [](i16 a, i16 b, i16 c) { return middle(a, b, c); }),
};

}  // namespace

std::span<const HandlerRow> short_rows() {
  return kRows;
}

}  // namespace rocmforge::emu
