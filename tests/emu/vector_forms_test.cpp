// Vector instructions in their other forms: scalar and constant operands, modifiers, halves,
// clamping, float modes; and division, which takes several.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "emu/vector_rig.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kNoDenormals = 0x300, kNoIeee = 0x1f0, kDx10 = 0x100;

float as_float(std::uint32_t x) {
  return std::bit_cast<float>(x);
}
std::uint32_t as_bits(float x) {
  return std::bit_cast<std::uint32_t>(x);
}

TEST(VectorForms, OperandsAndModifiers) {
  for (const char* text : {
           // Scalars, constants, one register twice, the destination among the sources.
           "v_add_f32_e32 v20, v0, v4",
           "v_add_f32_e32 v0, v0, v4",
           "v_add_f32_e32 v4, s2, v4",
           "v_add_f32_e32 v4, 1.0, v4",
           "v_mul_f32_e32 v20, 0x40490fdb, v0",
           "v_fma_f32 v0, v0, v0, v0",
           "v_fma_f32 v20, s2, v4, s2",
           "v_fmac_f32_e32 v20, v0, v4",
           "v_fmac_f32_e32 v0, v0, v0",
           "v_add_nc_u32_e32 v0, -1, v0",
           "v_add_nc_u32_e32 v20, vcc_lo, v0",
           "v_lshlrev_b64 v[0:1], v8, v[0:1]",
           "v_lshlrev_b64 v[1:2], v8, v[0:1]",
           "v_lshlrev_b64 v[0:1], v0, v[1:2]",
           "v_lshlrev_b64 v[20:21], 2, v[0:1]",
           "v_lshlrev_b64 v[20:21], v0, s[2:3]",
           "v_mad_u64_u32 v[0:1], null, v0, v1, v[0:1]",
           "v_mad_u64_u32 v[20:21], vcc_lo, v0, 20, s[2:3]",
           "v_mad_i64_i32 v[20:21], null, v0, s2, 0",
           "v_add_co_u32 v20, vcc_lo, v0, v4",
           "v_add_co_ci_u32_e32 v20, vcc_lo, v0, v4, vcc_lo",
           "v_add_co_ci_u32_e32 v0, vcc_lo, 0, v0, vcc_lo",
           "v_sub_co_ci_u32_e64 v20, s21, v0, v4, s4",
           "v_cndmask_b32_e32 v20, v0, v4, vcc_lo",
           "v_cndmask_b32_e64 v20, 0, 1.0, s4",
           "v_cndmask_b32_e64 v20, -v0, |v4|, s4",
           "v_cmp_lt_f32_e32 vcc_lo, v0, v4",
           "v_cmp_eq_u32_e32 vcc_lo, 0, v4",
           "v_cmp_gt_f32_e64 s20, |v0|, -v4",
           "v_cmp_gt_u64_e32 vcc_lo, s[2:3], v[4:5]",
           "v_cmpx_gt_i32_e32 v0, v4",
           "v_cmp_class_f32_e64 s20, -v0, v4",
           "v_add_f32_e64 v20, -v0, |v4|",
           "v_mul_f32_e64 v20, -|v0|, -v4",
           "v_fma_f32 v20, -v0, |v4|, -|v8|",
           "v_max_f32_e64 v20, |v0|, -v0",
           "v_fma_f64 v[20:21], -v[0:1], |v[4:5]|, -v[8:9]",
           "v_add_f64 v[20:21], -|v[0:1]|, s[2:3]",
           "v_add_f64 v[20:21], v[0:1], 1.0",
           "v_mov_b32_e32 v20, 0x12345678",
           "v_cvt_f32_i32_e32 v0, v0",
           "v_cvt_f16_f32_e64 v20, -v0",
           "v_cvt_f32_f16_e64 v20, |v0|",
           "v_cvt_f32_u32_e32 v20, s2",
           "v_ldexp_f32 v20, -v0, 3",
           "v_div_scale_f32 v20, null, v4, v4, v8",
           "v_div_scale_f32 v20, vcc_lo, v8, v4, v8",
           "v_div_fixup_f32 v20, v0, -v4, v8",
           // Halves.
           "v_add_f16_e64 v20, v0, v4 op_sel:[1,0,0]",
           "v_add_f16_e64 v20, v0, -v4 op_sel:[0,1,1]",
           "v_add_f16_e32 v20, 1.0, v4",
           "v_fma_f16 v20, v0, v4, v8 op_sel:[0,1,1,1]",
           "v_fma_f16 v20, -v0, |v4|, v20",
           "v_mad_u16 v20, v0, v4, v8 op_sel:[1,0,1,1]",
           "v_add_nc_u16 v20, v0, v4 op_sel:[1,1,1]",
           "v_lshrrev_b16 v20, 8, v4",
           "v_mad_u32_u16 v20, v0, v4, v8 op_sel:[1,1,0,0]",
           "v_pack_b32_f16 v20, v0, v4 op_sel:[1,0,0]",
           "v_cmp_lt_i16_e64 s20, v0, v4 op_sel:[1,0]",
           "v_cvt_f32_f16_e64 v20, v0 op_sel:[1,0]",
           // Packed.
           "v_pk_add_f16 v20, v0, v4 op_sel:[1,0] op_sel_hi:[0,1]",
           "v_pk_mul_f16 v20, v0, v4 neg_lo:[1,0] neg_hi:[0,1]",
           "v_pk_mul_f16 v20, v0, s2 op_sel_hi:[1,0]",
           "v_pk_fma_f16 v20, v0, v4, v8 op_sel:[0,1,0] op_sel_hi:[1,0,0] neg_lo:[0,0,1]",
           "v_pk_max_f16 v0, v0, v0",
           "v_pk_lshrrev_b16 v20, 8, v4 op_sel_hi:[0,1]",
           "v_pk_mad_u16 v20, v0, v4, v8 op_sel_hi:[1,0,1]",
           "v_perm_b32 v20, v0, v4, s2",
           "v_perm_b32 v20, v0, v4, 0x06040200",
           "v_perm_b32 v20, 0, v4, 0x0c010c00",
           "v_dot4_u32_u8 v20, v0, s2, v20",
           "v_sin_f32_e32 v20, v0",
       }) {
    check_against_reference(text);
  }
}

// Integers that saturate, by the exact result.
TEST(VectorForms, IntegerClamp) {
  struct Case {
    const char* text;
    int bits;
    bool is_signed;
    __int128 (*exact)(__int128 a, __int128 b, __int128 c);
  };
  using w = __int128;
  const Case cases[] = {
      {"v_add_nc_u32_e64 v20, v0, v4 clamp", 32, false, [](w a, w b, w) { return a + b; }},
      {"v_sub_nc_u32_e64 v20, v0, v4 clamp", 32, false, [](w a, w b, w) { return a - b; }},
      {"v_subrev_nc_u32_e64 v20, v0, v4 clamp", 32, false, [](w a, w b, w) { return b - a; }},
      {"v_add_nc_i32 v20, v0, v4 clamp", 32, true, [](w a, w b, w) { return a + b; }},
      {"v_sub_nc_i32 v20, v0, v4 clamp", 32, true, [](w a, w b, w) { return a - b; }},
      {"v_add_nc_u16 v20, v0, v4 clamp", 16, false, [](w a, w b, w) { return a + b; }},
      {"v_sub_nc_u16 v20, v0, v4 clamp", 16, false, [](w a, w b, w) { return a - b; }},
      {"v_add_nc_i16 v20, v0, v4 clamp", 16, true, [](w a, w b, w) { return a + b; }},
      {"v_sub_nc_i16 v20, v0, v4 clamp", 16, true, [](w a, w b, w) { return a - b; }},
      {"v_mad_u16 v20, v0, v4, v8 clamp", 16, false, [](w a, w b, w c) { return a * b + c; }},
      {"v_mad_i16 v20, v0, v4, v8 clamp", 16, true, [](w a, w b, w c) { return a * b + c; }},
      {"v_pk_add_u16 v20, v0, v4 clamp", -16, false, [](w a, w b, w) { return a + b; }},
      {"v_pk_sub_u16 v20, v0, v4 clamp", -16, false, [](w a, w b, w) { return a - b; }},
      {"v_pk_add_i16 v20, v0, v4 clamp", -16, true, [](w a, w b, w) { return a + b; }},
      {"v_pk_sub_i16 v20, v0, v4 clamp", -16, true, [](w a, w b, w) { return a - b; }},
      {"v_pk_mad_u16 v20, v0, v4, v8 clamp", -16, false, [](w a, w b, w c) { return a * b + c; }},
      {"v_pk_mad_i16 v20, v0, v4, v8 clamp", -16, true, [](w a, w b, w c) { return a * b + c; }},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.text);
    const int bits = std::abs(each.bits);
    const w modulus = w{1} << bits, least = each.is_signed ? -modulus / 2 : 0;
    VectorRig rig;
    for (const std::size_t r : {0U, 4U, 8U}) {
      for (std::uint32_t& x : rig.wave.v[r].x) {
        x = static_cast<std::uint32_t>(
            telling_value(bits == 16 ? Type::kPk16 : Type::kB32, rig.engine));
      }
    }
    rig.run(each.text);
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int shift = 0; shift < (each.bits < 0 ? 32 : 16); shift += 16) {
        const auto in = [&](std::size_t r) {
          w x = (w{rig.wave.v[r][lane]} >> shift) % modulus;
          return each.is_signed && x >= modulus / 2 ? x - modulus : x;
        };
        const w exact = std::clamp(each.exact(in(0), in(4), in(8)), least, least + modulus - 1);
        const w got = (w{rig.wave.v[20][lane]} >> shift) % modulus;
        EXPECT_TRUE(got == (exact + modulus) % modulus) << lane;
      }
    }
  }
}

// Signs of dot products go by neg_lo; the clamp bit saturates.
TEST(VectorForms, SignedDots) {
  struct Case {
    const char* text;
    int width;
    bool a_signed, b_signed, clamps;
  };
  for (const Case& each : {
           Case{"v_dot4_i32_iu8 v20, v0, v4, v8 neg_lo:[1,1,0]", 8, true, true, false},
           Case{"v_dot4_i32_iu8 v20, v0, v4, v8 neg_lo:[1,0,0]", 8, true, false, false},
           Case{"v_dot4_i32_iu8 v20, v0, v4, v8 neg_lo:[0,1,0]", 8, false, true, false},
           Case{"v_dot4_i32_iu8 v20, v0, v4, v8 neg_lo:[1,1,0] clamp", 8, true, true, true},
           Case{"v_dot4_i32_iu8 v8, v0, v4, v8 neg_lo:[1,1,0]", 8, true, true, false},
           Case{"v_dot8_i32_iu4 v20, v0, v4, v8 neg_lo:[1,1,0]", 4, true, true, false},
           Case{"v_dot8_i32_iu4 v20, v0, v4, v8 neg_lo:[1,0,0] clamp", 4, true, false, true},
       }) {
    SCOPED_TRACE(each.text);
    const Inst inst = VectorRig::decoded(each.text);
    VectorRig rig;
    for (std::uint32_t& x : rig.wave.v[8].x) x = (x % 2 == 0 ? 0x7fffffffU : 0x80000000U) + x % 3;
    rig.set_exec(0x7f3ff1ff);
    const auto before = std::make_unique<Wave>(rig.wave);
    rig.run(inst);
    for (int lane = 0; lane < kLanes; ++lane) {
      const auto part = [&](std::size_t r, int shift, bool is_signed) {
        const int x = static_cast<int>(before->v[r][lane] >> shift & ((1U << each.width) - 1));
        return is_signed && x >= 1 << (each.width - 1) ? x - (1 << each.width) : x;
      };
      std::int64_t sum = static_cast<std::int32_t>(before->v[8][lane]);
      for (int shift = 0; shift < 32; shift += each.width) {
        sum += part(0, shift, each.a_signed) * part(4, shift, each.b_signed);
      }
      if (each.clamps) sum = std::clamp<std::int64_t>(sum, INT32_MIN, INT32_MAX);
      const std::size_t to = inst.dst.index;
      EXPECT_EQ(rig.wave.v[to][lane],
                before->is_active(lane) ? static_cast<std::uint32_t>(sum) : before->v[to][lane]);
    }
  }
}

std::uint32_t one_result(const char* text, std::uint32_t mode, std::uint32_t a, std::uint32_t b) {
  VectorRig rig;
  rig.wave.mode = mode;
  for (std::uint32_t& x : rig.wave.v[0].x) x = a;
  for (std::uint32_t& x : rig.wave.v[4].x) x = b;
  for (std::uint32_t& x : rig.wave.v[20].x) x = 0;
  rig.run(text);
  return rig.wave.v[20][17];
}

TEST(VectorForms, FloatClamp) {
  const char* text = "v_add_f32_e64 v20, v0, v4 clamp";
  EXPECT_EQ(one_result(text, kHipMode, as_bits(3), as_bits(-1)), as_bits(1));
  EXPECT_EQ(one_result(text, kHipMode, as_bits(-3), as_bits(1)), as_bits(0));
  EXPECT_EQ(one_result(text, kHipMode, as_bits(0.25F), as_bits(0.5F)), as_bits(0.75F));
  EXPECT_EQ(one_result(text, kHipMode, 0x7fc00000, as_bits(1)), 0U);
  EXPECT_EQ(one_result(text, kHipMode & ~kDx10, 0x7fc00000, as_bits(1)), 0x7fc00000U);
  EXPECT_EQ(one_result("v_add_f16_e64 v20, v0, v4 clamp", kHipMode, 0x4000, 0x3c00), 0x3c00U);
  EXPECT_EQ(one_result("v_pk_add_f16 v20, v0, v4 clamp", kHipMode, 0x4000c000, 0x3c003c00),
            0x3c000000U);
}

TEST(VectorForms, OutputModifiers) {
  const char* doubled = "v_add_f32_e64 v20, v0, v4 mul:2";
  const char* halved = "v_add_f32_e64 v20, v0, v4 div:2";
  // Only where denormals are flushed and IEEE is off.
  EXPECT_EQ(one_result(doubled, 0x1c0, as_bits(1), as_bits(2)), as_bits(6));
  EXPECT_EQ(one_result("v_add_f32_e64 v20, v0, v4 mul:4", 0x1c0, as_bits(1), as_bits(2)),
            as_bits(12));
  EXPECT_EQ(one_result(halved, 0x1c0, as_bits(1), as_bits(2)), as_bits(1.5F));
  EXPECT_EQ(one_result(halved, 0x1c0, 0x00800000, 0), 0U);
  EXPECT_EQ(one_result(doubled, 0x1c0, 0x80000000, 0x80000000), 0U);
  EXPECT_EQ(one_result(doubled, kHipMode, as_bits(1), as_bits(2)), as_bits(3));
  EXPECT_EQ(one_result(doubled, kNoIeee, as_bits(1), as_bits(2)), as_bits(3));
}

TEST(VectorForms, Denormals) {
  const std::uint32_t tiny = 0x00400000, least = 0x00800000;
  const char* add = "v_add_f32_e64 v20, v0, v4";
  EXPECT_EQ(one_result(add, kHipMode, tiny, tiny), least);
  EXPECT_EQ(one_result(add, kNoDenormals, tiny, tiny), 0U);
  EXPECT_EQ(one_result(add, kNoDenormals | 0x10, tiny, tiny), least);  // in, not out
  EXPECT_EQ(one_result(add, kNoDenormals | 0x10, tiny, 0), 0U);
  EXPECT_EQ(one_result(add, kNoDenormals | 0x20, tiny, least), least);  // out, not in
  EXPECT_EQ(one_result("v_max_f32_e64 v20, v0, v4", kNoDenormals, tiny, 0), 0U);
  EXPECT_EQ(one_result("v_mov_b32_e64 v20, v0", kNoDenormals, tiny, 0), tiny);
  EXPECT_EQ(one_result("v_add_f16_e64 v20, v0, v4", kNoDenormals, 0x200, 0x200), 0U);
  EXPECT_EQ(one_result("v_add_f16_e64 v20, v0, v4", kHipMode & ~0x30U, 0x200, 0x200), 0x400U);
  EXPECT_EQ(one_result("v_pk_add_f16 v20, v0, v4", kNoDenormals, 0x02003c00, 0x02000000), 0x3c00U);
  EXPECT_EQ(one_result("v_rcp_f32_e64 v20, v0", kHipMode, tiny, 0), 0x7f800000U);
  EXPECT_EQ(one_result("v_exp_f32_e64 v20, v0", kHipMode, as_bits(-127), 0), 0U);
}

TEST(VectorForms, SignallingNansByIeeeMode) {
  const std::uint32_t signalling = 0x7f800001, quiet = 0x7fc00001;
  const char* max = "v_max_f32_e64 v20, v0, v4";
  EXPECT_EQ(one_result(max, kHipMode, signalling, as_bits(1)), quiet);
  EXPECT_EQ(one_result(max, kNoIeee, signalling, as_bits(1)), as_bits(1));
  EXPECT_EQ(one_result(max, kNoIeee, as_bits(2), signalling), as_bits(2));
  EXPECT_EQ(one_result(max, kHipMode, 0x80000000, 0), 0U);
  EXPECT_EQ(one_result("v_min_f32_e64 v20, v0, v4", kHipMode, 0, 0x80000000), 0x80000000U);
}

// Of two NaNs: the first that signals, made quiet; without one the first source's.
TEST(VectorForms, MinimumAndMaximumOfTwoNans) {
  const std::uint32_t signalling = 0x7f800001, quiet = 0x7fc00002, other = 0xffc00003;
  for (const char* text : {"v_min_f32_e64 v20, v0, v4", "v_max_f32_e64 v20, v0, v4"}) {
    EXPECT_EQ(one_result(text, kHipMode, quiet, other), quiet) << text;
    EXPECT_EQ(one_result(text, kHipMode, other, quiet), other) << text;
    EXPECT_EQ(one_result(text, kHipMode, quiet, signalling), 0x7fc00001U) << text;
    EXPECT_EQ(one_result(text, kHipMode, signalling, quiet), 0x7fc00001U) << text;
    EXPECT_EQ(one_result(text, kNoIeee, quiet, signalling), quiet) << text;
    EXPECT_EQ(one_result(text, kNoIeee, signalling, quiet), signalling) << text;
    EXPECT_EQ(one_result(text, kHipMode, as_bits(1), quiet), as_bits(1)) << text;
    EXPECT_EQ(one_result(text, kHipMode, quiet, as_bits(1)), as_bits(1)) << text;
  }
}

TEST(VectorForms, WhatIsNotModelledFaults) {
  const auto fault = [](Inst inst, std::uint32_t mode) {
    VectorRig rig;
    rig.wave.mode = mode;
    try {
      rig.run(inst);
    } catch (const Fault& caught) {
      return caught.kind() == FaultKind::kUnsupported;
    }
    return false;
  };
  Inst inst = VectorRig::decoded("v_mul_lo_u32 v20, v0, v4");
  EXPECT_FALSE(fault(inst, kHipMode));
  inst.clamp = true;
  EXPECT_TRUE(fault(inst, kHipMode));
  Wave wave;
  for (std::uint32_t bit = 0; bit < 4; ++bit) EXPECT_THROW(wave.set_mode(1U << bit), Fault);
  EXPECT_NO_THROW(wave.set_mode(kNoDenormals));
  EXPECT_EQ(wave.mode, kNoDenormals);
}

// a / b as the compiler writes it; v0 = a, v4 = b.
TEST(VectorForms, DivisionIsRoundedCorrectly) {
  VectorRig rig;
  for (int round = 0; round < 2000; ++round) {
    for (int i = 0; i < kLanes; ++i) {
      rig.wave.v[0][i] = static_cast<std::uint32_t>(telling_value(Type::kF32, rig.engine));
      rig.wave.v[4][i] = static_cast<std::uint32_t>(telling_value(Type::kF32, rig.engine));
    }
    for (const char* text : {
             "v_div_scale_f32 v8, null, v4, v4, v0",  // d
             "v_rcp_f32_e32 v9, v8",
             "v_fma_f32 v10, -v8, v9, 1.0",
             "v_fmac_f32_e32 v9, v10, v9",
             "v_div_scale_f32 v10, vcc_lo, v0, v4, v0",  // n
             "v_mul_f32_e32 v11, v10, v9",
             "v_fma_f32 v12, -v8, v11, v10",
             "v_fmac_f32_e32 v11, v12, v9",
             "v_fma_f32 v8, -v8, v11, v10",
             "v_div_fmas_f32 v8, v8, v9, v11",
             "v_div_fixup_f32 v20, v8, v4, v0",
         }) {
      rig.run(text);
    }
    for (int i = 0; i < kLanes; ++i) {
      const float a = as_float(rig.wave.v[0][i]), b = as_float(rig.wave.v[4][i]);
      ASSERT_TRUE(same(Type::kF32, rig.wave.v[20][i], as_bits(a / b), 0))
          << a << " / " << b << " = " << a / b << ", not " << as_float(rig.wave.v[20][i]);
    }
  }
}

TEST(VectorForms, DivisionOfDoublesIsRoundedCorrectly) {
  VectorRig rig;
  const Operand a{.kind = Operand::Kind::kVgpr, .index = 0, .n = 2};
  const Operand b{.kind = Operand::Kind::kVgpr, .index = 4, .n = 2};
  const Operand result{.kind = Operand::Kind::kVgpr, .index = 20, .n = 2};
  for (int round = 0; round < 1000; ++round) {
    for (int i = 0; i < kLanes; ++i) {
      rig.write(a, Type::kF64, i, telling_value(Type::kF64, rig.engine));
      rig.write(b, Type::kF64, i, telling_value(Type::kF64, rig.engine));
    }
    for (const char* text : {
             "v_div_scale_f64 v[8:9], null, v[4:5], v[4:5], v[0:1]",
             "v_rcp_f64_e32 v[10:11], v[8:9]",
             "v_fma_f64 v[12:13], -v[8:9], v[10:11], 1.0",
             "v_fma_f64 v[10:11], v[10:11], v[12:13], v[10:11]",
             "v_fma_f64 v[12:13], -v[8:9], v[10:11], 1.0",
             "v_fma_f64 v[10:11], v[10:11], v[12:13], v[10:11]",
             "v_div_scale_f64 v[12:13], vcc_lo, v[0:1], v[4:5], v[0:1]",
             "v_mul_f64 v[14:15], v[12:13], v[10:11]",
             "v_fma_f64 v[8:9], -v[8:9], v[14:15], v[12:13]",
             "v_div_fmas_f64 v[8:9], v[8:9], v[10:11], v[14:15]",
             "v_div_fixup_f64 v[20:21], v[8:9], v[4:5], v[0:1]",
         }) {
      rig.run(text);
    }
    for (int i = 0; i < kLanes; ++i) {
      const auto x = std::bit_cast<double>(rig.read(a, Type::kF64, i));
      const auto y = std::bit_cast<double>(rig.read(b, Type::kF64, i));
      const std::uint64_t got = rig.read(result, Type::kF64, i);
      ASSERT_TRUE(same(Type::kF64, got, std::bit_cast<std::uint64_t>(x / y), 0))
          << x << " / " << y << " = " << x / y << ", not " << std::bit_cast<double>(got);
    }
  }
}

}  // namespace
}  // namespace rocmforge::emu
