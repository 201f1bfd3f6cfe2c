// Integers of 32 and 64 bits, moves and selections.
#include <bit>

#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

using u16 = std::uint16_t;
using i16 = std::int16_t;
using u32 = std::uint32_t;
using i32 = std::int32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

i32 as_signed(u32 x) {
  return static_cast<i32>(x);
}
u32 as_unsigned(i32 x) {
  return static_cast<u32>(x);
}

// The low 24 bits, zero- or sign-extended.
u32 low24(u32 x) {
  return x & 0xffffffU;
}
i32 low24(i32 x) {
  return as_signed(as_unsigned(x) << 8) >> 8;
}
u64 wide24(u32 a, u32 b) {
  return u64{low24(a)} * low24(b);
}
i64 wide24(i32 a, i32 b) {
  return i64{low24(a)} * low24(b);
}
i32 wrapped(i64 x) {
  return static_cast<i32>(static_cast<u32>(static_cast<u64>(x)));
}

u32 mask_of(u32 bits) {
  return (1U << (bits & 31U)) - 1U;
}
u32 field(u32 x, u32 at, u32 bits) {
  return (x >> (at & 31U)) & mask_of(bits);
}
i32 signed_field(i32 x, u32 at, u32 bits) {
  const u32 width = bits & 31U;
  const u32 top = width == 0 ? 0U : 1U << (width - 1U);
  const u32 raw = static_cast<u32>(x >> (at & 31U)) & mask_of(width);
  return as_signed((raw ^ top) - top);
}

i32 leading_zeros(u32 x) {
  return x == 0 ? -1 : std::countl_zero(x);
}
i32 trailing_zeros(u32 x) {
  return x == 0 ? -1 : std::countr_zero(x);
}
i32 leading_signs(u32 x) {
  const u32 changes = as_signed(x) < 0 ? ~x : x;
  return changes == 0 ? -1 : std::countl_zero(changes);
}
u32 reversed(u32 x) {
  x = (x >> 1 & 0x55555555U) | (x & 0x55555555U) << 1;
  x = (x >> 2 & 0x33333333U) | (x & 0x33333333U) << 2;
  x = (x >> 4 & 0x0f0f0f0fU) | (x & 0x0f0f0f0fU) << 4;
  x = (x >> 8 & 0x00ff00ffU) | (x & 0x00ff00ffU) << 8;
  return x >> 16 | x << 16;
}
u32 ones(u32 x) {
  x -= x >> 1 & 0x55555555U;
  x = (x & 0x33333333U) + (x >> 2 & 0x33333333U);
  x = (x + (x >> 4)) & 0x0f0f0f0fU;
  return x * 0x01010101U >> 24;
}

template <class T>
T least(T a, T b) {
  return a < b ? a : b;
}
template <class T>
T most(T a, T b) {
  return a > b ? a : b;
}
template <class T>
T middle(T a, T b, T c) {
  return most(least(a, b), least(most(a, b), c));
}

// A byte of {high, low} by its number, or one of the constants behind them.
u32 chosen_byte(u32 high, u32 low, u32 selector) {
  const u32 from = selector & 4U ? high : low;
  const u32 byte = from >> (8U * (selector & 3U)) & 0xffU;
  // 8 to 11: the sign of one of the four halves; 12: zero; beyond: ones.
  const u32 half = selector & 2U ? high : low;
  const u32 sign = half >> (selector & 1U ? 31U : 15U) & 1U ? 0xffU : 0U;
  const u32 constant = selector < 12U ? sign : selector == 12U ? 0U : 0xffU;
  return selector < 8U ? byte : constant;
}
u32 permuted_bytes(u32 high, u32 low, u32 selectors) {
  u32 result = 0;
  for (u32 shift = 0; shift < 32; shift += 8) {
    result |= chosen_byte(high, low, selectors >> shift & 0xffU) << shift;
  }
  return result;
}

u32 distance(u32 a, u32 b) {
  return a > b ? a - b : b - a;
}
u32 byte_of(u32 x, int number) {
  return x >> (8 * number) & 0xffU;
}
// Of bytes; where `masked`, a zero byte of b takes no part.
u32 sum_of_distances(u32 a, u32 b, u32 sum, bool masked) {
  for (int i = 0; i < 4; ++i) {
    const u32 each = distance(byte_of(a, i), byte_of(b, i));
    sum += masked && byte_of(b, i) == 0 ? 0U : each;
  }
  return sum;
}
u32 averaged_bytes(u32 a, u32 b, u32 up) {
  u32 result = 0;
  for (int i = 0; i < 4; ++i) {
    result |= (byte_of(a, i) + byte_of(b, i) + (byte_of(up, i) & 1U)) >> 1 << (8 * i);
  }
  return result;
}

Carried<u32> add(u32 a, u32 b, bool carry) {
  const u64 sum = u64{a} + b + (carry ? 1U : 0U);
  return {static_cast<u32>(sum), sum >> 32 != 0};
}
Carried<u32> subtract(u32 a, u32 b, bool borrow) {
  const u32 with_borrow = borrow ? 1U : 0U;
  return {a - b - with_borrow, u64{b} + with_borrow > a};
}
Carried<u64> multiply_add(u32 a, u32 b, u64 c) {
  const u64 product = u64{a} * b, sum = product + c;
  return {sum, sum < product};
}
// The carry is bit 64 of the sum, sign-extended.
Carried<u64> multiply_add(i32 a, i32 b, i64 c) {
  const i64 product = i64{a} * b;
  const u64 sum = static_cast<u64>(product) + static_cast<u64>(c);
  const bool overflows = (product < 0) == (c < 0) && (static_cast<i64>(sum) < 0) != (c < 0);
  return {sum, (static_cast<i64>(sum) < 0) != overflows};
}

constexpr HandlerRow kBits[] = {
    row("v_mov_b32", [](u32 a) { return a; }),
    row("v_cndmask_b32", [](u32 a, u32 b, bool second) { return second ? b : a; }),
    row("v_not_b32", [](u32 a) { return ~a; }),
    row("v_bfrev_b32", [](u32 a) { return reversed(a); }),
    row("v_clz_i32_u32", [](u32 a) { return leading_zeros(a); }),
    row("v_ctz_i32_b32", [](u32 a) { return trailing_zeros(a); }),
    row("v_cls_i32", [](u32 a) { return leading_signs(a); }),
    row("v_and_b32", [](u32 a, u32 b) { return a & b; }),
    row("v_or_b32", [](u32 a, u32 b) { return a | b; }),
    row("v_xor_b32", [](u32 a, u32 b) { return a ^ b; }),
    row("v_xnor_b32", [](u32 a, u32 b) { return ~(a ^ b); }),
    row("v_and_or_b32", [](u32 a, u32 b, u32 c) { return (a & b) | c; }),
    row("v_or3_b32", [](u32 a, u32 b, u32 c) { return a | b | c; }),
    row("v_xor3_b32", [](u32 a, u32 b, u32 c) { return a ^ b ^ c; }),
    row("v_bfi_b32", [](u32 a, u32 b, u32 c) { return (a & b) | (~a & c); }),
    row("v_bfe_u32", [](u32 a, u32 b, u32 c) { return field(a, b, c); }),
    row("v_bfe_i32", [](i32 a, u32 b, u32 c) { return signed_field(a, b, c); }),
    row("v_bfm_b32", [](u32 a, u32 b) { return mask_of(a) << (b & 31U); }),
    row("v_bcnt_u32_b32", [](u32 a, u32 b) { return ones(a) + b; }),
    row("v_perm_b32", [](u32 a, u32 b, u32 c) { return permuted_bytes(a, b, c); }),
    row("v_alignbit_b32",
        [](u32 a, u32 b, u32 c) { return static_cast<u32>((u64{a} << 32 | b) >> (c & 31U)); }),
    row("v_alignbyte_b32",
        [](u32 a, u32 b, u32 c) {
          return static_cast<u32>((u64{a} << 32 | b) >> (8U * (c & 3U)));
        }),
    row("v_lshlrev_b32", [](u32 a, u32 b) { return b << (a & 31U); }),
    row("v_lshrrev_b32", [](u32 a, u32 b) { return b >> (a & 31U); }),
    row("v_ashrrev_i32", [](u32 a, i32 b) { return b >> (a & 31U); }),
    row("v_lshlrev_b64", [](u32 a, u64 b) { return b << (a & 63U); }),
    row("v_lshrrev_b64", [](u32 a, u64 b) { return b >> (a & 63U); }),
    row("v_ashrrev_i64", [](u32 a, i64 b) { return b >> (a & 63U); }),
    row("v_lshl_or_b32", [](u32 a, u32 b, u32 c) { return a << (b & 31U) | c; }),
};

constexpr HandlerRow kSums[] = {
    row(
        "v_add_nc_u32", [](u32 a, u32 b) { return a + b; },
        [](u32 a, u32 b) { return u64{a} + b; }),
    row(
        "v_sub_nc_u32", [](u32 a, u32 b) { return a - b; },
        [](u32 a, u32 b) { return i64{a} - b; }),
    row(
        "v_subrev_nc_u32", [](u32 a, u32 b) { return b - a; },
        [](u32 a, u32 b) { return i64{b} - a; }),
    row(
        "v_add_nc_i32", [](i32 a, i32 b) { return as_signed(as_unsigned(a) + as_unsigned(b)); },
        [](i32 a, i32 b) { return i64{a} + b; }),
    row(
        "v_sub_nc_i32", [](i32 a, i32 b) { return as_signed(as_unsigned(a) - as_unsigned(b)); },
        [](i32 a, i32 b) { return i64{a} - b; }),
    row("v_add_co_u32", [](u32 a, u32 b) { return add(a, b, false); }),
    row("v_sub_co_u32", [](u32 a, u32 b) { return subtract(a, b, false); }),
    row("v_subrev_co_u32", [](u32 a, u32 b) { return subtract(b, a, false); }),
    row("v_add_co_ci_u32", [](u32 a, u32 b, bool c) { return add(a, b, c); }),
    row("v_sub_co_ci_u32", [](u32 a, u32 b, bool c) { return subtract(a, b, c); }),
    row("v_subrev_co_ci_u32", [](u32 a, u32 b, bool c) { return subtract(b, a, c); }),
    row("v_add3_u32", [](u32 a, u32 b, u32 c) { return a + b + c; }),
    row("v_lshl_add_u32", [](u32 a, u32 b, u32 c) { return (a << (b & 31U)) + c; }),
    row("v_add_lshl_u32", [](u32 a, u32 b, u32 c) { return (a + b) << (c & 31U); }),
    row("v_xad_u32", [](u32 a, u32 b, u32 c) { return (a ^ b) + c; }),
    row("v_sad_u8", [](u32 a, u32 b, u32 c) { return sum_of_distances(a, b, c, false); }),
    row("v_msad_u8", [](u32 a, u32 b, u32 c) { return sum_of_distances(a, b, c, true); }),
    row("v_sad_hi_u8",
        [](u32 a, u32 b, u32 c) { return (sum_of_distances(a, b, 0, false) << 16) + c; }),
    row("v_sad_u16",
        [](u32 a, u32 b, u32 c) {
          return distance(a & 0xffffU, b & 0xffffU) + distance(a >> 16, b >> 16) + c;
        }),
    row("v_sad_u32", [](u32 a, u32 b, u32 c) { return distance(a, b) + c; }),
    row("v_lerp_u8", [](u32 a, u32 b, u32 c) { return averaged_bytes(a, b, c); }),
};

constexpr HandlerRow kProducts[] = {
    row("v_mul_lo_u32", [](u32 a, u32 b) { return a * b; }),
    row("v_mul_hi_u32", [](u32 a, u32 b) { return static_cast<u32>(u64{a} * b >> 32); }),
    row("v_mul_hi_i32", [](i32 a, i32 b) { return static_cast<i32>(i64{a} * b >> 32); }),
    row("v_mul_u32_u24", [](u32 a, u32 b) { return low24(a) * low24(b); }),
    row("v_mul_i32_i24", [](i32 a, i32 b) { return wrapped(wide24(a, b)); }),
    row("v_mul_hi_u32_u24", [](u32 a, u32 b) { return static_cast<u32>(wide24(a, b) >> 32); }),
    row("v_mul_hi_i32_i24", [](i32 a, i32 b) { return static_cast<i32>(wide24(a, b) >> 32); }),
    row(
        "v_mad_u32_u24", [](u32 a, u32 b, u32 c) { return low24(a) * low24(b) + c; },
        [](u32 a, u32 b, u32 c) { return wide24(a, b) + c; }),
    row(
        "v_mad_i32_i24", [](i32 a, i32 b, i32 c) { return wrapped(wide24(a, b) + c); },
        [](i32 a, i32 b, i32 c) { return wide24(a, b) + c; }),
    row(
        "v_mad_u32_u16", [](u16 a, u16 b, u32 c) { return u32{a} * b + c; },
        [](u16 a, u16 b, u32 c) { return u64{a} * b + c; }),
    row(
        "v_mad_i32_i16", [](i16 a, i16 b, i32 c) { return wrapped(i64{a} * b + c); },
        [](i16 a, i16 b, i32 c) { return i64{a} * b + c; }),
    row("v_mad_u64_u32", [](u32 a, u32 b, u64 c) { return multiply_add(a, b, c); }),
    row("v_mad_i64_i32", [](i32 a, i32 b, i64 c) { return multiply_add(a, b, c); }),
};

constexpr HandlerRow kOrder[] = {
    row("v_min_u32", [](u32 a, u32 b) { return least(a, b); }),
    row("v_max_u32", [](u32 a, u32 b) { return most(a, b); }),
    row("v_min_i32", [](i32 a, i32 b) { return least(a, b); }),
    row("v_max_i32", [](i32 a, i32 b) { return most(a, b); }),
    row("v_min3_u32", [](u32 a, u32 b, u32 c) { return least(least(a, b), c); }),
    row("v_max3_u32", [](u32 a, u32 b, u32 c) { return most(most(a, b), c); }),
    row("v_med3_u32", [](u32 a, u32 b, u32 c) { return middle(a, b, c); }),
    row("v_min3_i32", [](i32 a, i32 b, i32 c) { return least(least(a, b), c); }),
    row("v_max3_i32", [](i32 a, i32 b, i32 c) { return most(most(a, b), c); }),
    row("v_med3_i32", [](i32 a, i32 b, i32 c) { return middle(a, b, c); }),
    row("v_maxmin_u32", [](u32 a, u32 b, u32 c) { return least(most(a, b), c); }),
    row("v_minmax_u32", [](u32 a, u32 b, u32 c) { return most(least(a, b), c); }),
    row("v_maxmin_i32", [](i32 a, i32 b, i32 c) { return least(most(a, b), c); }),
    row("v_minmax_i32", [](i32 a, i32 b, i32 c) { return most(least(a, b), c); }),
};

}  // namespace

std::span<const HandlerRow> integer_rows() {
  static const auto kRows = joined({kBits, kSums, kProducts, kOrder});
  return kRows;
}

}  // namespace rocmforge::emu
