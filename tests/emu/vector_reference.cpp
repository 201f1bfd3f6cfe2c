#include "emu/vector_reference_parts.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace rocmforge::emu {
namespace {

using namespace reference;

double value_of(const Format& format, u64 x) {
  return format.mantissa == 10 ? f16_value(x) : format.mantissa == 23 ? double{f32(x)} : f64(x);
}

u64 extreme(const Format& f, bool greatest, u64 a, u64 b) {
  if (f.signalling(a)) return a | f.quiet();
  if (f.signalling(b)) return b | f.quiet();
  if (f.nan(b)) return a;
  if (f.nan(a)) return b;
  return (f.rank(a) > f.rank(b)) == greatest ? a : b;
}
u64 median(const Format& f, In in) {
  const u64* x = in.x;
  if (f.nan(x[0]) || f.nan(x[1]) || f.nan(x[2])) {
    return extreme(f, false, extreme(f, false, x[0], x[1]), x[2]);
  }
  // What is left when the first of the greatest is taken away: among zeros not always the middle.
  const auto greatest = [&](u64 a, u64 b) { return extreme(f, true, a, b); };
  const double most = value_of(f, greatest(greatest(x[0], x[1]), x[2]));
  if (value_of(f, x[0]) == most) return greatest(x[1], x[2]);
  return value_of(f, x[1]) == most ? greatest(x[0], x[2]) : greatest(x[0], x[1]);
}

// One formula for the three formats: `to` rounds a long double (64 bits: more than twice f16's and
// f32's), `direct` is for f64, whose operations the host has.
template <class F>
void add_f32(const std::string& name, F of_double) {
  add(name, [=](In in) {
    return bits(static_cast<float>(of_double(double{f32(in.x[0])}, double{f32(in.x[1])})));
  });
}
template <class F>
void add_f16(const std::string& name, F of_double) {
  add(name, [=](In in) { return nearest_f16(of_double(f16_value(in.x[0]), f16_value(in.x[1]))); });
}
template <class F>
void add_f64(const std::string& name, F of_double) {
  add(name, [=](In in) { return bits(double{of_double(f64(in.x[0]), f64(in.x[1]))}); });
}

// Quadruple precision holds the product, and `error` what it cannot hold of the sum: it tells how a
// sum that was cut to a tie was none.
float rounded(Exact sum, Exact error) {
  const float near = static_cast<float>(sum);
  if (std::isnan(near) || std::isinf(near) || error == 0) return near;
  const Exact rest = sum - Exact(near);
  const float next = std::nextafter(near, rest + error > 0 ? INFINITY : -INFINITY);
  const Exact to_near = rest + error < 0 ? -(rest + error) : rest + error;
  Exact to_next = Exact(next) - sum - error;
  if (to_next < 0) to_next = -to_next;
  // Differences of far smaller size than both vanish in the sums: a tie of `sum` is told by sign.
  if (to_next == to_near) return (error > 0) == (next > near) ? next : near;
  return to_next < to_near ? next : near;
}
float exact_fma(float a, float b, float c, Exact scale = 1) {
  const Exact product = Exact(a) * Exact(b), sum = product + Exact(c), part = sum - product;
  const Exact error = (product - (sum - part)) + (Exact(c) - part);
  return rounded(sum * scale, error * scale);
}

double unit_fraction(double x, double most) {
  return std::min(x - std::floor(x), most);
}

void add_floats() {
  add_f32("v_add_f32", [](double a, double b) { return a + b; });
  add_f32("v_sub_f32", [](double a, double b) { return a - b; });
  add_f32("v_subrev_f32", [](double a, double b) { return b - a; });
  add_f32("v_mul_f32", [](double a, double b) { return a * b; });
  add_f32("v_mul_dx9_zero_f32", [](double a, double b) { return a == 0 || b == 0 ? 0 : a * b; });
  for (const char* name : {"v_fma_f32", "v_fmac_f32", "v_fmamk_f32", "v_fmaak_f32"}) {
    add(name, [](In in) { return bits(exact_fma(f32(in.x[0]), f32(in.x[1]), f32(in.x[2]))); });
  }
  for (const char* name : {"v_fma_dx9_zero_f32", "v_fmac_dx9_zero_f32"}) {
    add(name, [](In in) {
      const float a = f32(in.x[0]), b = f32(in.x[1]);
      return bits(a == 0 || b == 0 ? f32(in.x[2]) * 1.0F : exact_fma(a, b, f32(in.x[2])));
    });
  }
  add_f16("v_add_f16", [](double a, double b) { return a + b; });
  add_f16("v_sub_f16", [](double a, double b) { return a - b; });
  add_f16("v_subrev_f16", [](double a, double b) { return b - a; });
  add_f16("v_mul_f16", [](double a, double b) { return a * b; });
  for (const char* name : {"v_fma_f16", "v_fmac_f16", "v_fmamk_f16", "v_fmaak_f16"}) {
    add(name, [](In in) {
      return nearest_f16(static_cast<long double>(f16_value(in.x[0])) * f16_value(in.x[1]) +
                         f16_value(in.x[2]));
    });
  }
  add_f64("v_add_f64", [](double a, double b) { return a + b; });
  add_f64("v_mul_f64", [](double a, double b) { return a * b; });
  add("v_fma_f64", [](In in) { return bits(std::fma(f64(in.x[0]), f64(in.x[1]), f64(in.x[2]))); });

  const auto orders = [](const std::string& type, const Format& f, bool three) {
    add("v_min_" + type, [=](In in) { return extreme(f, false, in.x[0], in.x[1]); });
    add("v_max_" + type, [=](In in) { return extreme(f, true, in.x[0], in.x[1]); });
    if (!three) return;
    const auto chain = [=](bool first, bool second) {
      return
          [=](In in) { return extreme(f, second, extreme(f, first, in.x[0], in.x[1]), in.x[2]); };
    };
    add("v_min3_" + type, chain(false, false));
    add("v_max3_" + type, chain(true, true));
    add("v_maxmin_" + type, chain(true, false));
    add("v_minmax_" + type, chain(false, true));
    add("v_med3_" + type, [=](In in) { return median(f, in); });
  };
  orders("f32", kF32, true);
  orders("f16", kF16, true);
  orders("f64", kF64, false);
}

// Functions of one number, given in double, for all three formats.
template <class F>
void add_rounding(const std::string& name, F of_double) {
  add("v_" + name + "_f32",
      [=](In in) { return bits(static_cast<float>(of_double(f32(in.x[0])))); });
  add("v_" + name + "_f16", [=](In in) { return nearest_f16(of_double(f16_value(in.x[0]))); });
  add("v_" + name + "_f64", [=](In in) { return bits(double{of_double(f64(in.x[0]))}); });
}
// The same in long double, with f32's denormals taken for zero.
template <class F>
void add_function(const std::string& name, F of_long, u64 ulps, bool also_f64) {
  add(
      "v_" + name + "_f32",
      [=](In in) {
        const u64 x = kF32.denormal(in.x[0]) ? in.x[0] & kF32.sign() : in.x[0];
        const u64 y = bits(static_cast<float>(of_long(static_cast<long double>(f32(x)))));
        return kF32.denormal(y) ? y & kF32.sign() : y;
      },
      ulps);
  add("v_" + name + "_f16", [=](In in) { return nearest_f16(of_long(f16_value(in.x[0]))); }, ulps);
  if (!also_f64) return;
  add(
      "v_" + name + "_f64", [=](In in) { return bits(static_cast<double>(of_long(f64(in.x[0])))); },
      1);
}

void add_functions() {
  add_rounding("trunc", [](double x) { return std::trunc(x); });
  add_rounding("floor", [](double x) { return std::floor(x); });
  add_rounding("ceil", [](double x) { return std::ceil(x); });
  add_rounding("rndne", [](double x) { return std::rint(x); });
  add("v_fract_f32",
      [](In in) { return bits(static_cast<float>(unit_fraction(f32(in.x[0]), 0x1.fffffep-1))); });
  add("v_fract_f16",
      [](In in) { return nearest_f16(unit_fraction(f16_value(in.x[0]), 0x1.ffcp-1)); });
  add("v_fract_f64", [](In in) { return bits(unit_fraction(f64(in.x[0]), 0x1.fffffffffffffp-1)); });
  using Long = long double;
  add_function("exp", [](Long x) { return std::exp2(x); }, 1, false);
  add_function("log", [](Long x) { return std::log2(x); }, 1, false);
  add_function("rcp", [](Long x) { return 1 / x; }, 0, true);
  add_function("rsq", [](Long x) { return 1 / std::sqrt(x); }, 1, true);
  add_function("sqrt", [](Long x) { return std::sqrt(x); }, 0, true);
  constexpr Long kTurn = 2 * 3.141592653589793238462643383279502884L;
  add_function(
      "sin",
      [](Long x) { return std::rint(2 * x) == 2 * x ? 0 : std::sin((x - std::rint(x)) * kTurn); },
      1, false);
  add_function(
      "cos",
      [](Long x) {
        const Long odd = 2 * x - 0.5L;
        return std::rint(odd) == odd ? 0 : std::cos((x - std::rint(x)) * kTurn);
      },
      1, false);
  table()["v_rcp_iflag_f32"] = table()["v_rcp_f32"];

  const auto split = [](const std::string& mantissa, const std::string& exponent, const Format& f) {
    add(exponent, [=](In in) {
      int power = 0;
      const u64 x = in.x[0];
      if (!f.nan(x) && !f.infinite(x)) std::frexp(value_of(f, x), &power);
      return f.mantissa == 10 ? low16(power) : low32(power);
    });
    add(mantissa, [=](In in) {
      const u64 x = in.x[0];
      if (f.nan(x) || f.infinite(x)) return x;
      int power = 0;
      const double m = std::frexp(value_of(f, x), &power);
      return f.mantissa == 10   ? nearest_f16(m)
             : f.mantissa == 23 ? bits(static_cast<float>(m))
                                : bits(m);
    });
  };
  split("v_frexp_mant_f32", "v_frexp_exp_i32_f32", kF32);
  split("v_frexp_mant_f16", "v_frexp_exp_i16_f16", kF16);
  split("v_frexp_mant_f64", "v_frexp_exp_i32_f64", kF64);
  add("v_ldexp_f32", [](In in) { return bits(std::ldexp(f32(in.x[0]), s32(in.x[1]))); });
  add("v_ldexp_f64", [](In in) { return bits(std::ldexp(f64(in.x[0]), s32(in.x[1]))); });
  add("v_ldexp_f16", [](In in) {
    return nearest_f16(std::ldexp(static_cast<long double>(f16_value(in.x[0])), s16(in.x[1])));
  });
}

Wide to_int(double x, Wide least, Wide most) {
  if (std::isnan(x)) return 0;
  if (x <= static_cast<double>(least)) return least;
  if (x >= static_cast<double>(most)) return most;
  return static_cast<Wide>(x);
}
constexpr Wide kI32Least = std::numeric_limits<i32>::min(),
               kI32Most = std::numeric_limits<i32>::max();
constexpr Wide kU32Most = std::numeric_limits<u32>::max();

// Towards zero: of the two f16 around x, the one not beyond it.
u64 f16_towards_zero(double x) {
  if (std::isnan(x)) return kNan16;
  u64 near = nearest_f16(x);
  if (std::isinf(x)) return near;
  if (std::fabs(f16_value(near)) > std::fabs(x)) near -= 1;
  return near;
}

void add_conversions() {
  add("v_cvt_f32_i32", [](In in) { return bits(static_cast<float>(double{1} * s32(in.x[0]))); });
  add("v_cvt_f32_u32",
      [](In in) { return bits(static_cast<float>(static_cast<double>(in.x[0]))); });
  add("v_cvt_i32_f32", [](In in) { return low32(to_int(f32(in.x[0]), kI32Least, kI32Most)); });
  add("v_cvt_u32_f32", [](In in) { return low32(to_int(f32(in.x[0]), 0, kU32Most)); });
  add("v_cvt_i32_f64", [](In in) { return low32(to_int(f64(in.x[0]), kI32Least, kI32Most)); });
  add("v_cvt_u32_f64", [](In in) { return low32(to_int(f64(in.x[0]), 0, kU32Most)); });
  add("v_cvt_nearest_i32_f32", [](In in) {
    return low32(to_int(std::floor(double{f32(in.x[0])} + 0.5), kI32Least, kI32Most));
  });
  add("v_cvt_floor_i32_f32",
      [](In in) { return low32(to_int(std::floor(double{f32(in.x[0])}), kI32Least, kI32Most)); });
  add("v_cvt_f16_f32", [](In in) { return nearest_f16(f32(in.x[0])); });
  add("v_cvt_f32_f16", [](In in) { return bits(static_cast<float>(f16_value(in.x[0]))); });
  add("v_cvt_off_f32_i4", [](In in) {
    const int nibble = static_cast<int>(in.x[0] & 15);
    return bits(static_cast<float>(nibble < 8 ? nibble : nibble - 16) / 16);
  });
  for (int i = 0; i < 4; ++i) {
    add("v_cvt_f32_ubyte" + std::to_string(i),
        [i](In in) { return bits(static_cast<float>((in.x[0] / (u64{1} << 8 * i)) % 256)); });
  }
  add("v_cvt_f64_f32", [](In in) { return bits(double{f32(in.x[0])}); });
  add("v_cvt_f32_f64", [](In in) { return bits(static_cast<float>(f64(in.x[0]))); });
  add("v_cvt_f64_i32", [](In in) { return bits(double{1} * s32(in.x[0])); });
  add("v_cvt_f64_u32", [](In in) { return bits(static_cast<double>(in.x[0])); });
  add("v_cvt_f16_u16", [](In in) { return nearest_f16(static_cast<long double>(in.x[0])); });
  add("v_cvt_f16_i16", [](In in) { return nearest_f16(s16(in.x[0])); });
  add("v_cvt_u16_f16", [](In in) { return low16(to_int(f16_value(in.x[0]), 0, 65535)); });
  add("v_cvt_i16_f16", [](In in) { return low16(to_int(f16_value(in.x[0]), -32768, 32767)); });
  add("v_cvt_i32_i16", [](In in) { return low32(s16(in.x[0])); });
  add("v_cvt_u32_u16", [](In in) { return in.x[0]; });
  add("v_cvt_pk_rtz_f16_f32",
      [](In in) { return f16_towards_zero(f32(in.x[0])) | f16_towards_zero(f32(in.x[1])) << 16; });
  const auto both = [](auto one) {
    return [=](In in) { return low16(one(in.x[0])) | low16(one(in.x[1])) << 16; };
  };
  add("v_cvt_pk_i16_f32", both([](u64 x) { return to_int(f32(x), -32768, 32767); }));
  add("v_cvt_pk_u16_f32", both([](u64 x) { return to_int(f32(x), 0, 65535); }));
  add("v_cvt_pk_i16_i32", both([](u64 x) { return std::clamp(s32(x), -32768, 32767); }));
  add("v_cvt_pk_u16_u32", both([](u64 x) { return std::min<u64>(x, 65535); }));
  add("v_pack_b32_f16", both([](u64 x) { return Wide(x); }));
  add("v_sat_pk_u8_i16", [](In in) {
    const int low = std::clamp<int>(s16(in.x[0]), 0, 255);
    return low + 256 * std::clamp<int>(s16(in.x[0] >> 16), 0, 255);
  });
}

Out scale_for_division(const Format& f, int up, int far, int tiny, In in) {
  const u64 d = in.x[1], n = in.x[2];
  const u64 x = f.nan(in.x[0]) ? in.x[0] | f.quiet() : in.x[0];
  const auto by = [&](int power) {
    return f.mantissa == 23 ? bits(std::ldexp(f32(x), power)) : bits(std::ldexp(f64(x), power));
  };
  const auto small = [&](u64 a, u64 b) {
    const double quotient = f.mantissa == 23 ? double{f32(a) / f32(b)} : f64(a) / f64(b);
    const double least = f.mantissa == 23 ? 0x1p-126 : 0x1p-1022;
    return std::fabs(quotient) < least;
  };
  if (f.zero(n) || f.zero(d)) return {f.mantissa == 23 ? kNan32 : kNan64, false};
  const i64 apart = static_cast<i64>(f.exponent(n)) - static_cast<i64>(f.exponent(d));
  if (apart >= far) return {in.x[0] == d ? by(up) : x, true};
  if (f.denormal(d)) return {by(up), false};
  const u64 one = f.mantissa == 23 ? bits(1.0F) : bits(1.0);
  // 1 / infinity is zero, no denormal.
  const bool inverse = small(one, d) && !f.infinite(d), quotient = small(n, d);
  if (inverse && quotient) return {in.x[0] == d ? by(-up) : x, true};
  if (inverse) return {by(-up), false};
  if (quotient) return {in.x[0] == n ? by(up) : x, true};
  if (static_cast<i64>(f.exponent(n)) <= tiny) return {by(up), false};
  return {x, false};
}

void add_divisions() {
  add("v_div_scale_f32", [](In in) { return scale_for_division(kF32, 64, 96, 23, in); });
  add("v_div_scale_f64", [](In in) { return scale_for_division(kF64, 128, 768, 53, in); });
  add("v_div_fmas_f32", [](In in) {
    const float a = f32(in.x[0]), b = f32(in.x[1]), c = f32(in.x[2]);
    if (!in.vcc) return bits(exact_fma(a, b, c));
    const Exact scale = kF32.exponent(in.x[2]) > 127 ? Exact(0x1p64) : Exact(0x1p-64);
    return bits(exact_fma(a, b, c, scale));
  });
  add("v_div_fmas_f64", [](In in) {
    const double a = f64(in.x[0]), b = f64(in.x[1]), c = f64(in.x[2]);
    if (!in.vcc) return bits(std::fma(a, b, c));
    const bool up = kF64.exponent(in.x[2]) > 1023;
    const double near = std::fma(a, b, c), scaled = std::ldexp(near, up ? 128 : -128);
    if (up || (!std::isinf(near) && !(std::fabs(scaled) <= 0x1p-1022))) return bits(scaled);
    return bits(static_cast<double>((Exact(a) * Exact(b) + Exact(c)) * Exact(0x1p-128)));
  });
  const auto fixup = [](const Format& f, i64 vanish) {
    return [=](In in) -> u64 {
      const u64 q = in.x[0], d = in.x[1], n = in.x[2];
      const u64 sign = (d ^ n) & f.sign();
      if (f.nan(n)) return n | f.quiet();
      if (f.nan(d)) return d | f.quiet();
      if ((f.zero(d) && f.zero(n)) || (f.infinite(d) && f.infinite(n))) {
        return f.sign() | f.infinity() | f.quiet();
      }
      if (f.zero(d) || f.infinite(n)) return sign | f.infinity();
      if (f.infinite(d) || f.zero(n)) return sign;
      if (static_cast<i64>(f.exponent(n)) - static_cast<i64>(f.exponent(d)) < vanish) return sign;
      if (f.nan(q)) return sign | f.infinity();
      return sign | (q & ~f.sign());
    };
  };
  add("v_div_fixup_f32", fixup(kF32, -150));
  add("v_div_fixup_f64", fixup(kF64, -1075));
  add("v_div_fixup_f16", fixup(kF16, -1000));
}

// The packed form of a 16-bit instruction: the same, for both halves.
void add_packed() {
  for (const auto& [packed, single] : std::map<std::string, std::string>{
           {"v_pk_add_f16", "v_add_f16"},         {"v_pk_mul_f16", "v_mul_f16"},
           {"v_pk_fma_f16", "v_fma_f16"},         {"v_pk_fmac_f16", "v_fma_f16"},
           {"v_pk_min_f16", "v_min_f16"},         {"v_pk_max_f16", "v_max_f16"},
           {"v_pk_add_u16", "v_add_nc_u16"},      {"v_pk_sub_u16", "v_sub_nc_u16"},
           {"v_pk_add_i16", "v_add_nc_i16"},      {"v_pk_sub_i16", "v_sub_nc_i16"},
           {"v_pk_mul_lo_u16", "v_mul_lo_u16"},   {"v_pk_mad_u16", "v_mad_u16"},
           {"v_pk_mad_i16", "v_mad_i16"},         {"v_pk_lshlrev_b16", "v_lshlrev_b16"},
           {"v_pk_lshrrev_b16", "v_lshrrev_b16"}, {"v_pk_ashrrev_i16", "v_ashrrev_i16"},
           {"v_pk_min_u16", "v_min_u16"},         {"v_pk_max_u16", "v_max_u16"},
           {"v_pk_min_i16", "v_min_i16"},         {"v_pk_max_i16", "v_max_i16"}}) {
    const auto one = table().at(single).compute;
    add(packed, [one](In in) {
      LaneInput low = in, high = in;
      for (int i = 0; i < 3; ++i) {
        low.x[i] = in.x[i] & 0xffff;
        high.x[i] = in.x[i] >> 16 & 0xffff;
      }
      return one(low).value | one(high).value << 16;
    });
  }
}

void add_dots() {
  const auto dot = [](In in, int width, bool is_signed) {
    Wide sum = 0;
    for (int i = 0; i < 32; i += width) {
      sum += cut(in.x[0] >> i, width, is_signed) * cut(in.x[1] >> i, width, is_signed);
    }
    return sum;
  };
  // As assembled without neg_lo: unsigned.
  add("v_dot4_i32_iu8", [=](In in) { return low32(dot(in, 8, false) + in.x[2]); });
  add("v_dot4_u32_u8", [=](In in) { return low32(dot(in, 8, false) + in.x[2]); });
  add("v_dot8_i32_iu4", [=](In in) { return low32(dot(in, 4, false) + in.x[2]); });
  add("v_dot8_u32_u4", [=](In in) { return low32(dot(in, 4, false) + in.x[2]); });
  for (const char* name : {"v_dot2_f32_f16", "v_dot2acc_f32_f16"}) {
    add(
        name,
        [](In in) {
          const Exact low = Exact(f16_value(in.x[0] & 0xffff)) * f16_value(in.x[1] & 0xffff);
          const Exact high = Exact(f16_value(in.x[0] >> 16)) * f16_value(in.x[1] >> 16);
          return bits(static_cast<float>(low + high + Exact(f32(in.x[2]))));
        },
        1);
  }
  add(
      "v_dot2_f32_bf16",
      [](In in) {
        const auto value = [](u64 x) { return Exact(f32((x & 0xffff) << 16)); };
        return bits(static_cast<float>(value(in.x[0]) * value(in.x[1]) +
                                       value(in.x[0] >> 16) * value(in.x[1] >> 16) +
                                       Exact(f32(in.x[2]))));
      },
      1);
}

}  // namespace

std::map<std::string, Reference>& reference::table() {
  static std::map<std::string, Reference> all;
  return all;
}

double f16_value(std::uint64_t x) {
  const double sign = x & 0x8000 ? -1 : 1;
  const int exponent = static_cast<int>(x >> 10 & 31), mantissa = static_cast<int>(x & 1023);
  if (exponent == 31) return mantissa != 0 ? std::nan("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

std::uint64_t nearest_f16(long double x) {
  if (std::isnan(x)) return kNan16;
  const u64 sign = std::signbit(x) ? 0x8000 : 0;
  const long double size = std::fabs(x);
  if (size == 0) return sign;
  if (size >= 65520) return sign | 0x7c00;
  int exponent = 0;
  std::frexp(size, &exponent);
  exponent = std::max(exponent - 1, -14);
  // In units of the last place; a carry into the next power of two is what the sum below makes it.
  const auto units = static_cast<u64>(std::rint(std::ldexp(size, 10 - exponent)));
  return sign | (static_cast<u64>(exponent + 14) * 1024 + units);
}

const std::map<std::string, Reference>& references() {
  if (table().empty()) {
    add_floats();
    add_functions();
    add_conversions();
    add_divisions();
    add_bits();
    add_integers();
    add_orders();
    add_all_comparisons();
    add_packed();
    add_dots();
  }
  return table();
}

}  // namespace rocmforge::emu
