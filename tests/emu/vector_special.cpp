// Cases of instructions whose lanes look at one another, or at more than numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "emu/vector_reference.h"
#include "emu/vector_rig.h"
#include "machine/exec/handlers.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kSome = 0x0ff3a5c1;  // lanes

float as_float(std::uint64_t x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x));
}
std::uint32_t as_bits(float x) {
  return std::bit_cast<std::uint32_t>(x);
}
bool is_in(std::uint32_t mask, int lane) {
  return (mask >> lane & 1) != 0;
}

void check_nothing() {
  for (const char* text : {"v_nop", "v_pipeflush", "v_permlane64_b32 v20, v0"}) {
    VectorRig rig;
    const auto before = std::make_unique<Wave>(rig.wave);
    rig.run(text);
    EXPECT_EQ(std::memcmp(&before->v, &rig.wave.v, sizeof(before->v)), 0) << text;
    EXPECT_EQ(before->s, rig.wave.s);
  }
}

void check_swap() {
  VectorRig rig;
  rig.set_exec(kSome);
  const Lanes a = rig.wave.v[20], b = rig.wave.v[0];
  rig.run("v_swap_b32 v20, v0");
  for (int i = 0; i < kLanes; ++i) {
    EXPECT_EQ(rig.wave.v[20][i], is_in(kSome, i) ? b[i] : a[i]);
    EXPECT_EQ(rig.wave.v[0][i], is_in(kSome, i) ? a[i] : b[i]);
  }
}

void check_read_and_write_lane() {
  for (const std::uint32_t lane : {0U, 5U, 31U, 37U}) {
    VectorRig rig;
    rig.set_exec(2);  // neither looks at it
    rig.wave.s[4] = lane;
    const std::uint32_t there = rig.wave.v[0][static_cast<int>(lane % 32)];
    rig.run("v_readlane_b32 s20, v0, s4");
    EXPECT_EQ(rig.wave.s[20], there);
    const Lanes before = rig.wave.v[20];
    rig.run("v_writelane_b32 v20, s2, s4");
    for (std::uint32_t i = 0; i < 32; ++i) {
      const int at = static_cast<int>(i);
      EXPECT_EQ(rig.wave.v[20][at], i == lane % 32 ? rig.wave.s[2] : before[at]);
    }
  }
}

void check_first_lane() {
  for (const std::uint32_t exec : {0xffffffffU, 0x80000000U, 0x00010100U, 0U}) {
    VectorRig rig;
    rig.set_exec(exec);
    rig.run("v_readfirstlane_b32 s20, v0");
    EXPECT_EQ(rig.wave.s[20], rig.wave.v[0][exec == 0 ? 0 : std::countr_zero(exec)]);
  }
  VectorRig rig;
  rig.run("v_readlane_b32 vcc_lo, v0, 7");
  EXPECT_EQ(rig.wave.vcc(), rig.wave.v[0][7]);
}

// `other`: of the other row. Selectors lie in s2 (lanes 0-7 of a row) and s3.
void check_permlane(const std::string& name, bool other) {
  for (const std::string options : {"", " op_sel:[1,0]", " op_sel:[0,1]", " op_sel:[1,1]"}) {
    for (const std::uint32_t exec : {0xffffffffU, kSome, 0x0000ffffU}) {
      VectorRig rig;
      rig.set_exec(exec);
      const Lanes source = rig.wave.v[0], old = rig.wave.v[20];
      rig.run(name + " v20, v0, s2, s3" + options);
      const bool all = options.find("[1") != std::string::npos;
      const bool zero = options.find(",1]") != std::string::npos;
      for (int i = 0; i < kLanes; ++i) {
        const std::uint32_t word = rig.wave.s[i % 16 < 8 ? 2 : 3];
        const int from =
            static_cast<int>(word >> (i % 8 * 4) & 15) + 16 * (other ? 1 - i / 16 : i / 16);
        std::uint32_t expected = source[from];
        if (!all && !is_in(exec, from)) expected = zero ? 0 : old[i];
        EXPECT_EQ(rig.wave.v[20][i], is_in(exec, i) ? expected : old[i])
            << options << " lane " << i;
      }
    }
  }
}
void check_permlane16() {
  check_permlane("v_permlane16_b32", false);
}
void check_permlanex16() {
  check_permlane("v_permlanex16_b32", true);
}

// d = fma of three sources, each f32 or an f16 in either half.
void check_mix() {
  struct Case {
    const char* text;
    char kinds[4];  // w: f32, l and h: the halves
    float signs[3];
    bool absolute;  // the second
  };
  const Case cases[] = {
      {"v_fma_mix_f32 v20, v0, v4, v8 op_sel_hi:[0,0,0]", "www", {1, 1, 1}, false},
      {"v_fma_mix_f32 v20, v0, v4, v8 op_sel_hi:[1,1,0]", "llw", {1, 1, 1}, false},
      {"v_fma_mix_f32 v20, v0, v4, v8 op_sel:[1,0,1] op_sel_hi:[1,1,1]", "hlh", {1, 1, 1}, false},
      {"v_fma_mix_f32 v20, -v0, |v4|, -v8 op_sel:[0,1,0] op_sel_hi:[1,1,0]",
       "lhw",
       {-1, 1, -1},
       true},
      {"v_fma_mix_f32 v20, -v0, |v4|, v8 op_sel_hi:[0,0,1]", "wwl", {-1, 1, 1}, true},
      {"v_fma_mixlo_f16 v20, v0, v4, v8 op_sel_hi:[0,0,0]", "www", {1, 1, 1}, false},
      {"v_fma_mixlo_f16 v20, v0, -v4, v8 op_sel:[0,1,0] op_sel_hi:[1,1,0]",
       "lhw",
       {1, -1, 1},
       false},
      {"v_fma_mixhi_f16 v20, v0, v4, v8 op_sel:[0,0,1] op_sel_hi:[0,1,1]", "wlh", {1, 1, 1}, false},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.text);
    const Inst inst = VectorRig::decoded(each.text);
    VectorRig rig;
    for (int round = 0; round < 64; ++round) {
      rig.set_exec(round % 2 == 0 ? kSome : ~0U);
      float in[kLanes][3];
      for (int i = 0; i < kLanes; ++i) {
        for (int k = 0; k < 3; ++k) {
          const bool wide = each.kinds[k] == 'w';
          const auto x = static_cast<std::uint32_t>(
              telling_value(wide ? Type::kF32 : Type::kPkF16, rig.engine));
          rig.wave.v[static_cast<std::size_t>(4 * k)][i] = x;
          in[i][k] =
              wide ? as_float(x)
                   : static_cast<float>(f16_value(each.kinds[k] == 'h' ? x >> 16 : x & 0xffff));
          if (k == 1 && each.absolute) in[i][k] = std::fabs(in[i][k]);
          in[i][k] *= each.signs[k];
        }
      }
      const Lanes old = rig.wave.v[20];
      rig.run(inst);
      for (int i = 0; i < kLanes; ++i) {
        const float sum = std::fma(in[i][0], in[i][1], in[i][2]);
        const std::uint32_t got = rig.wave.v[20][i];
        if (!is_in(rig.wave.exec(), i)) {
          EXPECT_EQ(got, old[i]);
        } else if (inst.opcode->dst == Type::kF32) {
          EXPECT_TRUE(same(Type::kF32, got, as_bits(sum), 0)) << got << " for " << sum;
        } else {
          const int at = inst.opcode->name.ends_with("hi_f16") ? 16 : 0;
          EXPECT_TRUE(same(Type::kF16, got >> at & 0xffff, nearest_f16(sum), 0)) << sum;
          EXPECT_EQ(got >> (16 - at) & 0xffff, old[i] >> (16 - at) & 0xffff);
        }
      }
      if (::testing::Test::HasFailure()) return;
    }
  }
}

// WMMA. Element (r, c) of A lies in lane r, of B in lane c.
int element(const VectorRig& rig, int base, int lane, int k, int width, bool is_signed) {
  const int each = 32 / width;
  const std::uint32_t x =
      rig.wave.v[static_cast<std::size_t>(base + k / each)][lane] >> (k % each * width);
  const int low = static_cast<int>(x & ((1U << width) - 1));
  return is_signed && low >= 1 << (width - 1) ? low - (1 << width) : low;
}

void check_wmma_integers(const std::string& name, int width) {
  for (const std::string options : {"", " neg_lo:[1,1,0]", " neg_lo:[1,0,0] clamp"}) {
    VectorRig rig;
    const std::string a = width == 8 ? "v[0:3]" : "v[0:1]", b = width == 8 ? "v[8:11]" : "v[8:9]";
    const bool a_signed = options.find("[1") != std::string::npos;
    const bool b_signed = options.find("[1,1") != std::string::npos;
    const bool clamps = options.find("clamp") != std::string::npos;
    if (clamps) rig.wave.v[16][3] = 0x80000000, rig.wave.v[17][20] = 0x7fffffff;
    const auto before = std::make_unique<Wave>(rig.wave);
    rig.run(name + " v[32:39], " + a + ", " + b + ", v[16:23]" + options);
    for (int row = 0; row < 16; ++row) {
      for (int column = 0; column < 16; ++column) {
        const std::size_t i = static_cast<std::size_t>(row / 2);
        const int lane = column + 16 * (row % 2);
        std::int64_t sum = static_cast<std::int32_t>(before->v[16 + i][lane]);
        for (int k = 0; k < 16; ++k) {
          sum += element(rig, 0, row, k, width, a_signed) *
                 element(rig, 8, column, k, width, b_signed);
        }
        if (clamps) sum = std::clamp<std::int64_t>(sum, INT32_MIN, INT32_MAX);
        EXPECT_EQ(rig.wave.v[32 + i][lane], static_cast<std::uint32_t>(sum))
            << row << " " << column;
      }
    }
  }
}
void check_wmma_iu8() {
  check_wmma_integers("v_wmma_i32_16x16x16_iu8", 8);
}
void check_wmma_iu4() {
  check_wmma_integers("v_wmma_i32_16x16x16_iu4", 4);
}

// The result's format: registers of f32, or halves.
struct Floats {
  bool bf16;
  bool wide;
  double value(std::uint32_t bits) const {
    return bf16 ? double{as_float(std::uint64_t{bits} << 16)} : f16_value(bits);
  }
};

void check_wmma_floats(const std::string& text, Floats format, bool high, int k_signs) {
  SCOPED_TRACE(text);
  VectorRig rig;
  // Numbers about one, so that sums are far from overflow, of both signs.
  for (std::size_t i = 0; i < 24; ++i) {
    for (std::uint32_t& x : rig.wave.v[i].x) {
      const bool whole = i >= 16 && format.wide;
      const auto half = [&] {
        return format.bf16 ? (rig.random() & 0x807f) | (124 + rig.random() % 5) << 7
                           : (rig.random() & 0x83ff) | (12 + rig.random() % 6) << 10;
      };
      x = whole ? as_bits(std::ldexp(static_cast<float>(rig.random() % 20011) - 10005, -12))
                : half() | half() << 16;
    }
  }
  const auto before = std::make_unique<Wave>(rig.wave);
  rig.run(text);
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 16; ++column) {
      const std::size_t i = static_cast<std::size_t>(row / 2);
      const int lane = column + 16 * (row % 2);
      const std::uint32_t c = before->v[16 + i][lane];
      double sum = format.wide ? double{as_float(c)} : format.value(high ? c >> 16 : c & 0xffff);
      double size = std::fabs(sum);
      for (int k = 0; k < 16; ++k) {
        const auto at = [&](std::size_t base, int l) {
          return static_cast<std::uint32_t>(element(rig, static_cast<int>(base), l, k, 16, false));
        };
        double product = format.value(at(0, row)) * format.value(at(8, column));
        if ((k_signs >> (k % 2) & 1) != 0) product = -product;
        sum += product;
        size += std::fabs(product);
      }
      const std::uint32_t got = rig.wave.v[32 + i][lane];
      const double tolerance = size * 0x1p-22;  // of sums in f32
      if (format.wide) {
        EXPECT_NEAR(as_float(got), sum, tolerance) << row << " " << column;
        continue;
      }
      const double unit = std::fabs(sum) * (format.bf16 ? 0x1p-8 : 0x1p-11);
      EXPECT_NEAR(format.value(high ? got >> 16 : got & 0xffff), sum, tolerance + unit);
      const std::uint32_t old = before->v[32 + i][lane];
      EXPECT_EQ(high ? got & 0xffff : got >> 16, high ? old & 0xffff : old >> 16);
    }
  }
}

void check_wmma_f32_f16() {
  check_wmma_floats("v_wmma_f32_16x16x16_f16 v[32:39], v[0:7], v[8:15], v[16:23]", {false, true},
                    false, 0);
  check_wmma_floats("v_wmma_f32_16x16x16_f16 v[32:39], v[0:7], v[8:15], v[16:23] neg_lo:[1,0,0]",
                    {false, true}, false, 1);
  check_wmma_floats("v_wmma_f32_16x16x16_f16 v[32:39], v[0:7], v[8:15], v[16:23] neg_hi:[0,1,0]",
                    {false, true}, false, 2);
  // In place, and from zero.
  VectorRig rig;
  for (std::size_t i = 0; i < 16; ++i) rig.wave.v[i] = Lanes{};
  for (int i = 0; i < kLanes; ++i) rig.wave.v[0][i] = rig.wave.v[8][i] = 0x3c00;
  rig.run("v_wmma_f32_16x16x16_f16 v[32:39], v[0:7], v[8:15], 0");
  rig.run("v_wmma_f32_16x16x16_f16 v[32:39], v[0:7], v[8:15], v[32:39]");
  for (std::size_t i = 32; i < 40; ++i) {
    for (const std::uint32_t x : rig.wave.v[i].x) EXPECT_EQ(x, as_bits(2.0F));
  }
  rig.set_exec(kSome);
  EXPECT_THROW(rig.run("v_wmma_f32_16x16x16_f16 v[32:39], v[0:7], v[8:15], v[32:39]"), Fault);
}
void check_wmma_f32_bf16() {
  check_wmma_floats("v_wmma_f32_16x16x16_bf16 v[32:39], v[0:7], v[8:15], v[16:23]", {true, true},
                    false, 0);
}
void check_wmma_f16() {
  check_wmma_floats("v_wmma_f16_16x16x16_f16 v[32:39], v[0:7], v[8:15], v[16:23]", {false, false},
                    false, 0);
  check_wmma_floats("v_wmma_f16_16x16x16_f16 v[32:39], v[0:7], v[8:15], v[16:23] op_sel:[0,0,1]",
                    {false, false}, true, 0);
}
void check_wmma_bf16() {
  check_wmma_floats("v_wmma_bf16_16x16x16_bf16 v[32:39], v[0:7], v[8:15], v[16:23]", {true, false},
                    false, 0);
  check_wmma_floats("v_wmma_bf16_16x16x16_bf16 v[32:39], v[0:7], v[8:15], v[16:23] op_sel:[0,0,1]",
                    {true, false}, true, 0);
}

// Each half's operation by name, and that both read before either writes.
void check_dual() {
  struct Case {
    const char* text;
    std::uint32_t (*x)(std::uint32_t a, std::uint32_t b, std::uint32_t old, bool vcc);
    std::uint32_t (*y)(std::uint32_t a, std::uint32_t b, std::uint32_t old, bool vcc);
  };
  using u = std::uint32_t;
  // X: v20 of v0, v1; Y: v21 of v2, v3.
  const Case cases[] = {
      {"v_dual_mov_b32 v20, v0 :: v_dual_add_nc_u32 v21, v2, v3", [](u a, u, u, bool) { return a; },
       [](u a, u b, u, bool) { return a + b; }},
      {"v_dual_add_f32 v20, v0, v1 :: v_dual_sub_f32 v21, v2, v3",
       [](u a, u b, u, bool) { return as_bits(as_float(a) + as_float(b)); },
       [](u a, u b, u, bool) { return as_bits(as_float(a) - as_float(b)); }},
      {"v_dual_subrev_f32 v20, v0, v1 :: v_dual_mul_f32 v21, v2, v3",
       [](u a, u b, u, bool) { return as_bits(as_float(b) - as_float(a)); },
       [](u a, u b, u, bool) { return as_bits(as_float(a) * as_float(b)); }},
      {"v_dual_fmac_f32 v20, v0, v1 :: v_dual_fmac_f32 v21, v2, v3",
       [](u a, u b, u c, bool) { return as_bits(std::fma(as_float(a), as_float(b), as_float(c))); },
       [](u a, u b, u c, bool) {
         return as_bits(std::fma(as_float(a), as_float(b), as_float(c)));
       }},
      {"v_dual_fmaak_f32 v20, v0, v1, 0x40490fdb :: v_dual_lshlrev_b32 v21, v2, v3",
       [](u a, u b, u, bool) {
         return as_bits(std::fma(as_float(a), as_float(b), as_float(0x40490fdb)));
       },
       [](u a, u b, u, bool) { return b << (a & 31); }},
      {"v_dual_fmamk_f32 v20, v0, 0x40490fdb, v1 :: v_dual_and_b32 v21, v2, v3",
       [](u a, u b, u, bool) {
         return as_bits(std::fma(as_float(a), as_float(0x40490fdb), as_float(b)));
       },
       [](u a, u b, u, bool) { return a & b; }},
      {"v_dual_cndmask_b32 v20, v0, v1 :: v_dual_cndmask_b32 v21, v2, v3",
       [](u a, u b, u, bool vcc) { return vcc ? b : a; },
       [](u a, u b, u, bool vcc) { return vcc ? b : a; }},
      {"v_dual_max_f32 v20, v0, v1 :: v_dual_min_f32 v21, v2, v3",
       [](u a, u b, u, bool) { return as_bits(std::fmax(as_float(a), as_float(b))); },
       [](u a, u b, u, bool) { return as_bits(std::fmin(as_float(a), as_float(b))); }},
      {"v_dual_mul_dx9_zero_f32 v20, v0, v1 :: v_dual_mov_b32 v21, v2",
       [](u a, u b, u, bool) { return as_bits(as_float(a) * as_float(b)); },
       [](u a, u, u, bool) { return a; }},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.text);
    VectorRig rig;
    for (std::size_t r = 0; r < 22; ++r) {
      // Normal numbers: what NaNs and zeros do is the single instructions' matter.
      for (u& x : rig.wave.v[r].x) x = (x & 0x807fffff) | (100 + x % 50) << 23;
    }
    rig.set_exec(kSome);
    const auto before = std::make_unique<Wave>(rig.wave);
    rig.run(each.text);
    const auto& v = before->v;
    for (int i = 0; i < kLanes; ++i) {
      const bool vcc = is_in(before->vcc(), i), active = is_in(kSome, i);
      EXPECT_EQ(rig.wave.v[20][i], active ? each.x(v[0][i], v[1][i], v[20][i], vcc) : v[20][i]);
      EXPECT_EQ(rig.wave.v[21][i], active ? each.y(v[2][i], v[3][i], v[21][i], vcc) : v[21][i]);
    }
  }
  VectorRig rig;
  const Lanes zero = rig.wave.v[0], one = rig.wave.v[1];
  rig.run("v_dual_mov_b32 v0, v1 :: v_dual_mov_b32 v1, v0");
  for (int i = 0; i < kLanes; ++i) {
    EXPECT_EQ(rig.wave.v[0][i], one[i]);
    EXPECT_EQ(rig.wave.v[1][i], zero[i]);
  }
  // Halves of f16 whose products and sum are exact.
  for (int i = 0; i < kLanes; ++i) {
    rig.wave.v[0][i] = 0x40003c00;  // 2, 1
    rig.wave.v[1][i] = 0x42004400;  // 3, 4
    rig.wave.v[20][i] = as_bits(static_cast<float>(i));
  }
  rig.run("v_dual_dot2acc_f32_f16 v20, v0, v1 :: v_dual_mov_b32 v21, v2");
  for (int i = 0; i < kLanes; ++i) {
    EXPECT_EQ(rig.wave.v[20][i], as_bits(static_cast<float>(i) + 10.0F));
  }
}

// DPP by control: where lane i reads, or -1.
void check_dpp() {
  struct Case {
    const char* control;
    int (*from)(int lane);
  };
  const Case cases[] = {
      {"quad_perm:[1,0,3,2]", [](int i) { return i ^ 1; }},
      {"quad_perm:[3,3,0,1]", [](int i) { return i / 4 * 4 + (i % 4 < 2 ? 3 : i % 4 - 2); }},
      {"row_shl:1", [](int i) { return i % 16 == 15 ? -1 : i + 1; }},
      {"row_shl:15", [](int i) { return i % 16 == 0 ? i + 15 : -1; }},
      {"row_shr:1", [](int i) { return i % 16 == 0 ? -1 : i - 1; }},
      {"row_shr:8", [](int i) { return i % 16 < 8 ? -1 : i - 8; }},
      {"row_ror:4", [](int i) { return i / 16 * 16 + (i + 12) % 16; }},
      {"row_mirror", [](int i) { return i / 16 * 16 + 15 - i % 16; }},
      {"row_half_mirror", [](int i) { return i / 8 * 8 + 7 - i % 8; }},
      {"row_share:5", [](int i) { return i / 16 * 16 + 5; }},
      {"row_xmask:9", [](int i) { return i ^ 9; }},
  };
  struct Options {
    const char* text;
    std::uint32_t unmasked;  // by row_mask and bank_mask
    bool zero, all;
  };
  const Options options[] = {
      {"row_mask:0xf bank_mask:0xf", 0xffffffff, false, false},
      {"row_mask:0xf bank_mask:0xf bound_ctrl:1", 0xffffffff, true, false},
      {"row_mask:0xf bank_mask:0xf bound_ctrl:1 fi:1", 0xffffffff, true, true},
      {"row_mask:0xa bank_mask:0x5", 0x0f0f0000, false, false},
      {"row_mask:0x1 bank_mask:0xc bound_ctrl:1", 0x0000ff00, true, false},
  };
  for (const Case& each : cases) {
    for (const Options& option : options) {
      // v0 is source and destination: every lane reads what was before.
      const std::string text =
          std::string("v_add_nc_u32_dpp v0, v0, v1 ") + each.control + " " + option.text;
      SCOPED_TRACE(text);
      for (const std::uint32_t exec : {0xffffffffU, kSome}) {
        VectorRig rig;
        rig.set_exec(exec);
        const Lanes a = rig.wave.v[0], b = rig.wave.v[1];
        rig.run(text);
        for (int i = 0; i < kLanes; ++i) {
          const int from = each.from(i);
          const bool reads = from >= 0 && (option.all || is_in(exec, from));
          const bool writes = is_in(exec & option.unmasked, i) && (reads || option.zero);
          EXPECT_EQ(rig.wave.v[0][i], writes ? (reads ? a[from] : 0) + b[i] : a[i]) << i;
        }
        EXPECT_EQ(rig.wave.exec(), exec);
      }
    }
  }
}

void check_dpp8_and_masks() {
  VectorRig rig;
  const Lanes a = rig.wave.v[0];
  rig.run("v_mov_b32_dpp v20, v0 dpp8:[7,6,5,4,3,2,1,0]");
  for (int i = 0; i < kLanes; ++i) EXPECT_EQ(rig.wave.v[20][i], a[i / 8 * 8 + 7 - i % 8]);
  rig.set_exec(0xfffffffe);
  EXPECT_THROW(rig.run("v_mov_b32_dpp v20, v0 dpp8:[7,6,5,4,3,2,1,0]"), Fault);
  // A comparison's bit is 0 where DPP writes nothing.
  rig.set_exec(~0U);
  const Lanes b = rig.wave.v[4];
  rig.run("v_cmp_lt_u32_e64_dpp s20, v0, v4 row_shr:1 row_mask:0xf bank_mask:0xf");
  rig.run("v_cmpx_lt_u32_e64_dpp v0, v4 row_shr:1 row_mask:0xf bank_mask:0xf");
  for (int i = 0; i < kLanes; ++i) {
    const bool expected = i % 16 != 0 && a[i - 1] < b[i];
    EXPECT_EQ(is_in(rig.wave.s[20], i), expected) << i;
    EXPECT_EQ(rig.wave.is_active(i), expected) << i;
  }
}
void check_all_dpp() {
  check_dpp();
  check_dpp8_and_masks();
}

}  // namespace

std::vector<SpecialCase> special_cases() {
  return {
      {kDualName, check_dual},
      {kDppName, check_all_dpp},
      {"v_nop", check_nothing},
      {"v_pipeflush", check_nothing},
      {"v_permlane64_b32", check_nothing},
      {"v_swap_b32", check_swap},
      {"v_readlane_b32", check_read_and_write_lane},
      {"v_writelane_b32", check_read_and_write_lane},
      {"v_readfirstlane_b32", check_first_lane},
      {"v_permlane16_b32", check_permlane16},
      {"v_permlanex16_b32", check_permlanex16},
      {"v_fma_mix_f32", check_mix},
      {"v_fma_mixlo_f16", check_mix},
      {"v_fma_mixhi_f16", check_mix},
      {"v_wmma_f32_16x16x16_f16", check_wmma_f32_f16},
      {"v_wmma_f32_16x16x16_bf16", check_wmma_f32_bf16},
      {"v_wmma_f16_16x16x16_f16", check_wmma_f16},
      {"v_wmma_bf16_16x16x16_bf16", check_wmma_bf16},
      {"v_wmma_i32_16x16x16_iu8", check_wmma_iu8},
      {"v_wmma_i32_16x16x16_iu4", check_wmma_iu4},
  };
}

}  // namespace rocmforge::emu
