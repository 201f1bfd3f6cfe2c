// Bits, integers and comparisons.
#include <algorithm>

#include "emu/vector_reference_parts.h"

namespace rocmforge::emu::reference {
namespace {

u64 perm(In in) {
  const u64 data = in.x[0] << 32 | in.x[1];
  u64 result = 0;
  for (int i = 0; i < 4; ++i) {
    const u64 selector = in.x[2] >> (8 * i) & 0xff;
    u64 byte = 0;
    if (selector < 8)
      byte = data >> (8 * selector) & 0xff;
    else if (selector < 12)
      byte = (data >> (16 * (selector - 8) + 15) & 1) * 0xff;
    else if (selector > 12)
      byte = 0xff;
    result |= byte << (8 * i);
  }
  return result;
}

int first_bit(u64 x, bool from_top) {
  for (int i = 0; i < 32; ++i) {
    if (x >> (from_top ? 31 - i : i) & 1) return i;
  }
  return -1;
}
int first_change(u64 x) {
  for (int i = 1; i < 32; ++i) {
    if ((x >> (31 - i) & 1) != (x >> 31 & 1)) return i;
  }
  return -1;
}
int count(u64 x) {
  int n = 0;
  for (; x != 0; x &= x - 1) ++n;
  return n;
}

Wide apart(Wide a, Wide b) {
  return a > b ? a - b : b - a;
}
Wide bytes_apart(In in, bool masked) {
  Wide sum = 0;
  for (int i = 0; i < 32; i += 8) {
    const Wide a = in.x[0] >> i & 255, b = in.x[1] >> i & 255;
    if (!masked || b != 0) sum += apart(a, b);
  }
  return sum;
}

}  // namespace

void add_bits() {
  add("v_mov_b32", [](In in) { return in.x[0]; });
  add("v_mov_b16", [](In in) { return in.x[0]; });
  for (const char* name : {"v_cndmask_b32", "v_cndmask_b16"}) {
    add(name, [](In in) { return in.x[in.x[2] != 0 ? 1 : 0]; });
  }
  add("v_not_b32", [](In in) { return low32(~in.x[0]); });
  add("v_not_b16", [](In in) { return low16(~in.x[0]); });
  add("v_bfrev_b32", [](In in) {
    u64 result = 0;
    for (int i = 0; i < 32; ++i) result |= (in.x[0] >> i & 1) << (31 - i);
    return result;
  });
  add("v_clz_i32_u32", [](In in) { return low32(first_bit(in.x[0], true)); });
  add("v_ctz_i32_b32", [](In in) { return low32(first_bit(in.x[0], false)); });
  add("v_cls_i32", [](In in) { return low32(first_change(in.x[0])); });
  for (const char* width : {"b32", "b16"}) {
    add(std::string("v_and_") + width, [](In in) { return in.x[0] & in.x[1]; });
    add(std::string("v_or_") + width, [](In in) { return in.x[0] | in.x[1]; });
    add(std::string("v_xor_") + width, [](In in) { return in.x[0] ^ in.x[1]; });
  }
  add("v_xnor_b32", [](In in) { return low32(~(in.x[0] ^ in.x[1])); });
  add("v_and_or_b32", [](In in) { return (in.x[0] & in.x[1]) | in.x[2]; });
  add("v_or3_b32", [](In in) { return in.x[0] | in.x[1] | in.x[2]; });
  add("v_xor3_b32", [](In in) { return in.x[0] ^ in.x[1] ^ in.x[2]; });
  add("v_bfi_b32", [](In in) { return in.x[2] ^ ((in.x[1] ^ in.x[2]) & in.x[0]); });
  add("v_bfe_u32", [](In in) { return (in.x[0] >> in.x[1] % 32) % (u64{1} << in.x[2] % 32); });
  add("v_bfe_i32", [](In in) {
    return low32(
        cut(s32(in.x[0]) >> in.x[1] % 32, static_cast<int>(in.x[2] % 32), in.x[2] % 32 != 0));
  });
  add("v_bfm_b32", [](In in) { return low32(((Wide{1} << in.x[0] % 32) - 1) << in.x[1] % 32); });
  add("v_bcnt_u32_b32", [](In in) { return low32(Wide(in.x[1]) + count(in.x[0])); });
  add("v_mbcnt_lo_u32_b32",
      [](In in) { return low32(Wide(in.x[1]) + count(in.x[0] % (u64{1} << in.lane))); });
  add("v_mbcnt_hi_u32_b32", [](In in) { return in.x[1]; });
  add("v_perm_b32", perm);
  add("v_alignbit_b32",
      [](In in) { return low32((Wide(in.x[0]) << 32 | in.x[1]) >> in.x[2] % 32); });
  add("v_alignbyte_b32",
      [](In in) { return low32((Wide(in.x[0]) << 32 | in.x[1]) >> in.x[2] % 4 * 8); });
  add("v_lshlrev_b32", [](In in) { return low32(Wide(in.x[1]) << in.x[0] % 32); });
  add("v_lshrrev_b32", [](In in) { return in.x[1] >> in.x[0] % 32; });
  add("v_ashrrev_i32", [](In in) { return low32(s32(in.x[1]) >> in.x[0] % 32); });
  add("v_lshlrev_b16", [](In in) { return low16(Wide(in.x[1]) << in.x[0] % 16); });
  add("v_lshrrev_b16", [](In in) { return in.x[1] >> in.x[0] % 16; });
  add("v_ashrrev_i16", [](In in) { return low16(s16(in.x[1]) >> in.x[0] % 16); });
  add("v_lshlrev_b64", [](In in) { return static_cast<u64>(Wide(in.x[1]) << in.x[0] % 64); });
  add("v_lshrrev_b64", [](In in) { return in.x[1] >> in.x[0] % 64; });
  add("v_ashrrev_i64", [](In in) { return s64(in.x[1]) >> in.x[0] % 64; });
  add("v_lshl_or_b32", [](In in) { return low32(Wide(in.x[0]) << in.x[1] % 32) | in.x[2]; });
}

namespace {

Out with_carry(Wide sum) {
  return {low32(sum), sum < 0 || sum >> 32 != 0};
}

}  // namespace

void add_integers() {
  add("v_add_nc_u32", [](In in) { return low32(Wide(in.x[0]) + in.x[1]); });
  add("v_sub_nc_u32", [](In in) { return low32(Wide(in.x[0]) - in.x[1]); });
  add("v_subrev_nc_u32", [](In in) { return low32(Wide(in.x[1]) - in.x[0]); });
  add("v_add_nc_i32", [](In in) { return low32(Wide(s32(in.x[0])) + s32(in.x[1])); });
  add("v_sub_nc_i32", [](In in) { return low32(Wide(s32(in.x[0])) - s32(in.x[1])); });
  add("v_add_co_u32", [](In in) { return with_carry(Wide(in.x[0]) + in.x[1]); });
  add("v_sub_co_u32", [](In in) { return with_carry(Wide(in.x[0]) - in.x[1]); });
  add("v_subrev_co_u32", [](In in) { return with_carry(Wide(in.x[1]) - in.x[0]); });
  add("v_add_co_ci_u32", [](In in) { return with_carry(Wide(in.x[0]) + in.x[1] + in.x[2]); });
  add("v_sub_co_ci_u32", [](In in) { return with_carry(Wide(in.x[0]) - in.x[1] - in.x[2]); });
  add("v_subrev_co_ci_u32", [](In in) { return with_carry(Wide(in.x[1]) - in.x[0] - in.x[2]); });
  add("v_add3_u32", [](In in) { return low32(Wide(in.x[0]) + in.x[1] + in.x[2]); });
  add("v_lshl_add_u32", [](In in) { return low32((Wide(in.x[0]) << in.x[1] % 32) + in.x[2]); });
  add("v_add_lshl_u32", [](In in) { return low32((Wide(in.x[0]) + in.x[1]) << in.x[2] % 32); });
  add("v_xad_u32", [](In in) { return low32(Wide(in.x[0] ^ in.x[1]) + in.x[2]); });
  add("v_sad_u8", [](In in) { return low32(bytes_apart(in, false) + in.x[2]); });
  add("v_msad_u8", [](In in) { return low32(bytes_apart(in, true) + in.x[2]); });
  add("v_sad_hi_u8", [](In in) { return low32(bytes_apart(in, false) * 65536 + in.x[2]); });
  add("v_sad_u16", [](In in) {
    return low32(apart(in.x[0] % 65536, in.x[1] % 65536) + apart(in.x[0] >> 16, in.x[1] >> 16) +
                 in.x[2]);
  });
  add("v_sad_u32", [](In in) { return low32(apart(in.x[0], in.x[1]) + in.x[2]); });
  add("v_lerp_u8", [](In in) {
    u64 result = 0;
    for (int i = 0; i < 32; i += 8) {
      const u64 up = in.x[2] >> i & 1;
      result |= ((in.x[0] >> i & 255) + (in.x[1] >> i & 255) + up) / 2 << i;
    }
    return result;
  });
  add("v_mul_lo_u32", [](In in) { return low32(Wide(in.x[0]) * in.x[1]); });
  add("v_mul_hi_u32", [](In in) { return low32(Wide(in.x[0]) * in.x[1] >> 32); });
  add("v_mul_hi_i32", [](In in) { return low32(Wide(s32(in.x[0])) * s32(in.x[1]) >> 32); });
  const auto product24 = [](In in, bool is_signed) {
    return cut(in.x[0], 24, is_signed) * cut(in.x[1], 24, is_signed);
  };
  add("v_mul_u32_u24", [=](In in) { return low32(product24(in, false)); });
  add("v_mul_i32_i24", [=](In in) { return low32(product24(in, true)); });
  add("v_mul_hi_u32_u24", [=](In in) { return low32(product24(in, false) >> 32); });
  add("v_mul_hi_i32_i24", [=](In in) { return low32(product24(in, true) >> 32); });
  add("v_mad_u32_u24", [=](In in) { return low32(product24(in, false) + in.x[2]); });
  add("v_mad_i32_i24", [=](In in) { return low32(product24(in, true) + s32(in.x[2])); });
  add("v_mad_u32_u16", [](In in) { return low32(Wide(in.x[0]) * in.x[1] + in.x[2]); });
  add("v_mad_i32_i16",
      [](In in) { return low32(Wide(s16(in.x[0])) * s16(in.x[1]) + s32(in.x[2])); });
  add("v_mad_u64_u32", [](In in) {
    const auto sum = static_cast<unsigned __int128>(in.x[0]) * in.x[1] + in.x[2];
    return Out{static_cast<u64>(sum), sum >> 64 != 0};
  });
  add("v_mad_i64_i32", [](In in) {
    const Wide sum = Wide(s32(in.x[0])) * s32(in.x[1]) + s64(in.x[2]);
    return Out{static_cast<u64>(sum), sum < 0};
  });
  add("v_add_nc_u16", [](In in) { return low16(Wide(in.x[0]) + in.x[1]); });
  add("v_sub_nc_u16", [](In in) { return low16(Wide(in.x[0]) - in.x[1]); });
  add("v_add_nc_i16", [](In in) { return low16(Wide(in.x[0]) + in.x[1]); });
  add("v_sub_nc_i16", [](In in) { return low16(Wide(in.x[0]) - in.x[1]); });
  add("v_mul_lo_u16", [](In in) { return low16(Wide(in.x[0]) * in.x[1]); });
  add("v_mad_u16", [](In in) { return low16(Wide(in.x[0]) * in.x[1] + in.x[2]); });
  add("v_mad_i16", [](In in) { return low16(Wide(in.x[0]) * in.x[1] + in.x[2]); });
}

void add_orders() {
  const auto family = [](const std::string& type, auto wide) {
    using F = decltype(wide);
    const auto pick = [](auto function) {
      return [=](In in) {
        // Which of the sources it is, so that its bits are kept.
        const Wide w[3] = {F{}(in.x[0]), F{}(in.x[1]), F{}(in.x[2])};
        const Wide chosen = function(w[0], w[1], w[2]);
        for (int i = 0; i < 3; ++i) {
          if (w[i] == chosen) return in.x[i];
        }
        return u64{0};
      };
    };
    add("v_min_" + type, pick([](Wide a, Wide b, Wide) { return std::min(a, b); }));
    add("v_max_" + type, pick([](Wide a, Wide b, Wide) { return std::max(a, b); }));
    add("v_min3_" + type, pick([](Wide a, Wide b, Wide c) { return std::min({a, b, c}); }));
    add("v_max3_" + type, pick([](Wide a, Wide b, Wide c) { return std::max({a, b, c}); }));
    add("v_med3_" + type, pick([](Wide a, Wide b, Wide c) {
          return a + b + c - std::min({a, b, c}) - std::max({a, b, c});
        }));
    add("v_maxmin_" + type,
        pick([](Wide a, Wide b, Wide c) { return std::min(std::max(a, b), c); }));
    add("v_minmax_" + type,
        pick([](Wide a, Wide b, Wide c) { return std::max(std::min(a, b), c); }));
  };
  family("u32", [](u64 x) { return Wide(x); });
  family("i32", [](u64 x) { return Wide(s32(x)); });
  family("u16", [](u64 x) { return Wide(x); });
  family("i16", [](u64 x) { return Wide(s16(x)); });
}

namespace {

// -1, 0, 1, or 2 where they have no order.
template <class Order>
void add_comparisons(const std::string& type, Order order, bool is_float) {
  const auto relation = [&](const std::string& name, int truth) {
    // `truth`: a bit for less, equal, greater, unordered.
    const auto compute = [=](In in) { return truth >> (order(in.x[0], in.x[1]) + 1) & 1; };
    add("v_cmp_" + name + "_" + type, compute);
    add("v_cmpx_" + name + "_" + type, compute);
  };
  const int less = 1, equal = 2, greater = 4, unordered = 8;
  relation("f", 0);
  relation("t", 15);
  relation("lt", less);
  relation("eq", equal);
  relation("le", less | equal);
  relation("gt", greater);
  relation("ge", greater | equal);
  if (!is_float) return relation("ne", less | greater);
  relation("lg", less | greater);
  relation("o", 7);
  relation("u", unordered);
  relation("nge", less | unordered);
  relation("nlg", equal | unordered);
  relation("ngt", less | equal | unordered);
  relation("nle", greater | unordered);
  relation("neq", less | greater | unordered);
  relation("nlt", equal | greater | unordered);
}

void add_classes(const std::string& type, const Format& f) {
  const auto compute = [=](In in) {
    const u64 x = in.x[0];
    const bool negative = f.negative(x);
    int bit = 6;  // +0
    if (f.signalling(x))
      bit = 0;
    else if (f.nan(x))
      bit = 1;
    else if (f.infinite(x))
      bit = negative ? 2 : 9;
    else if (f.zero(x))
      bit = negative ? 5 : 6;
    else if (f.denormal(x))
      bit = negative ? 4 : 7;
    else
      bit = negative ? 3 : 8;
    return in.x[1] >> bit & 1;
  };
  add("v_cmp_class_" + type, compute);
  add("v_cmpx_class_" + type, compute);
}

}  // namespace

void add_all_comparisons() {
  const auto integers = [](auto wide) {
    return [=](u64 a, u64 b) {
      const Wide x = wide(a), y = wide(b);
      return x < y ? -1 : x > y ? 1 : 0;
    };
  };
  const auto floats = [](const Format& f) {
    return [=](u64 a, u64 b) {
      if (f.nan(a) || f.nan(b)) return 2;
      if (f.zero(a) && f.zero(b)) return 0;
      return f.rank(a) < f.rank(b) ? -1 : f.rank(a) > f.rank(b) ? 1 : 0;
    };
  };
  add_comparisons("i16", integers([](u64 x) { return Wide(s16(x)); }), false);
  add_comparisons("u16", integers([](u64 x) { return Wide(x); }), false);
  add_comparisons("i32", integers([](u64 x) { return Wide(s32(x)); }), false);
  add_comparisons("u32", integers([](u64 x) { return Wide(x); }), false);
  add_comparisons("i64", integers([](u64 x) { return Wide(s64(x)); }), false);
  add_comparisons("u64", integers([](u64 x) { return Wide(x); }), false);
  add_comparisons("f16", floats(kF16), true);
  add_comparisons("f32", floats(kF32), true);
  add_comparisons("f64", floats(kF64), true);
  add_classes("f16", kF16);
  add_classes("f32", kF32);
  add_classes("f64", kF64);
}

}  // namespace rocmforge::emu::reference
