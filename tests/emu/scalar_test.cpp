// Scalar instructions against values worked out by hand from the ISA document's formulas.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "machine/exec/handlers.h"
#include "machine/fault.h"
#include "machine/wave.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint8_t kA = 2, kB = 4, kD = 6;  // s[2:3], s[4:5], s[6:7]
constexpr std::uint64_t kOld = 0x1111111122222222;

Operand scalar(std::uint8_t index, std::uint8_t n) {
  Operand operand;
  operand.kind = Operand::Kind::kSgpr;
  operand.index = index;
  operand.n = n;
  return operand;
}
Operand constant(std::uint64_t value) {
  Operand operand;
  operand.kind = Operand::Kind::kConstant;
  operand.constant = value;
  return operand;
}

class ScalarTest : public testing::Test {
 protected:
  ScalarTest() {
    wave_->s.fill(0);
    wave_->set_exec(0x0000ffff);
    wave_->mode = 0x3f0;
    put(kD, kOld);
  }
  void put(std::uint8_t index, std::uint64_t value) {
    wave_->s[index] = static_cast<std::uint32_t>(value);
    wave_->s[index + 1U] = static_cast<std::uint32_t>(value >> 32);
  }
  std::uint64_t at(std::uint8_t index) const {
    return wave_->s[index] | std::uint64_t{wave_->s[index + 1U]} << 32;
  }
  void run(const char* name, Operand dst, Operand a = {}, Operand b = {}, int immediate = 0) {
    Opcode opcode;
    opcode.name = name;
    Step step;
    step.inst.opcode = &opcode;
    step.inst.dst = dst;
    step.inst.src[0] = a;
    step.inst.src[1] = b;
    step.inst.immediate = immediate;
    const Handler handler = find_handler(step.inst);
    ASSERT_NE(handler, nullptr) << name;
    handler(*wave_, step);
  }

  std::unique_ptr<Wave> wave_ = std::make_unique<Wave>();
};

constexpr std::uint64_t kTop = 0x80000000, kMost = 0x7fffffff, kOnes = 0xffffffff;
constexpr std::uint64_t kTop64 = 0x8000000000000000, kOnes64 = ~std::uint64_t{0};

struct Formula {
  const char* name;
  std::uint64_t a, b;
  bool scc_before;
  std::uint64_t result;
  bool scc_after;
};
// Also the name of a failed case.
std::ostream& operator<<(std::ostream& out, const Formula& f) {
  return out << f.name << std::hex << " " << f.a << ", " << f.b << ", scc " << f.scc_before;
}

// 64 bits are written by these; the others leave s7 as it was.
bool writes_pair(const std::string& name) {
  if (name.starts_with("s_bcnt") || name.starts_with("s_ctz") || name.starts_with("s_clz") ||
      name.starts_with("s_cls")) {
    return false;
  }
  return name.ends_with("64") || name == "s_bitreplicate_b64_b32";
}

constexpr Formula kFormulas[] = {
    {"s_mov_b32", 0xdeadbeef, 0, true, 0xdeadbeef, true},
    {"s_mov_b32", 0, 0, true, 0, true},
    {"s_mov_b64", 0x0123456789abcdef, 0, false, 0x0123456789abcdef, false},
    {"s_cmov_b32", 5, 0, true, 5, true},
    {"s_cmov_b32", 5, 0, false, 0x22222222, false},
    {"s_cmov_b64", 5, 0, false, kOld, false},
    {"s_cmov_b64", 5, 0, true, 5, true},
    {"s_brev_b32", 1, 0, true, kTop, true},
    {"s_brev_b32", 0x0000000c, 0, false, 0x30000000, false},
    {"s_brev_b64", 1, 0, false, kTop64, false},
    {"s_ctz_i32_b32", 0, 0, true, kOnes, true},
    {"s_ctz_i32_b32", 0x50, 0, false, 4, false},
    {"s_ctz_i32_b64", std::uint64_t{1} << 40, 0, false, 40, false},
    {"s_ctz_i32_b64", 0, 0, false, kOnes, false},
    {"s_clz_i32_u32", 0, 0, false, kOnes, false},
    {"s_clz_i32_u32", 0x0000ffff, 0, true, 16, true},
    {"s_clz_i32_u32", kTop, 0, true, 0, true},
    {"s_clz_i32_u64", 1, 0, false, 63, false},
    {"s_cls_i32", 0, 0, false, kOnes, false},
    {"s_cls_i32", kOnes, 0, false, kOnes, false},
    {"s_cls_i32", 0x0000ffff, 0, false, 16, false},
    {"s_cls_i32", 0xfffffffe, 0, false, 31, false},
    {"s_cls_i32", kTop, 0, false, 1, false},
    {"s_cls_i32_i64", kOnes64 << 3, 0, false, 61, false},
    {"s_sext_i32_i8", 0x12345680, 0, true, 0xffffff80, true},
    {"s_sext_i32_i8", 0xffffff7f, 0, true, 0x7f, true},
    {"s_sext_i32_i16", 0x00018000, 0, false, 0xffff8000, false},
    {"s_bitset0_b32", 33, 0, false, 0x22222220, false},
    {"s_bitset1_b32", 32, 0, false, 0x22222223, false},
    {"s_bitset0_b64", 32, 0, false, 0x1111111022222222, false},
    {"s_bitset1_b64", 63, 0, true, 0x9111111122222222, true},
    {"s_bitreplicate_b64_b32", 0x80000005, 0, false, 0xc000000000000033, false},
    {"s_abs_i32", 0xfffffffb, 0, false, 5, true},
    {"s_abs_i32", kTop, 0, false, kTop, true},
    {"s_abs_i32", 0, 0, true, 0, false},
    {"s_bcnt0_i32_b32", kOnes, 0, true, 0, false},
    {"s_bcnt0_i32_b32", 0xf, 0, false, 28, true},
    {"s_bcnt0_i32_b64", 0xf, 0, false, 60, true},
    {"s_bcnt1_i32_b32", 0x80000001, 0, false, 2, true},
    {"s_bcnt1_i32_b32", 0, 0, true, 0, false},
    {"s_bcnt1_i32_b64", kOnes64, 0, false, 64, true},
    {"s_quadmask_b32", 0x80000010, 0, false, 0x82, true},
    {"s_quadmask_b32", 0, 0, true, 0, false},
    {"s_quadmask_b64", 0x1000000000000001, 0, false, 0x8001, true},
    {"s_wqm_b32", 0x80000010, 0, false, 0xf00000f0, true},
    {"s_wqm_b64", 0x0000000100000000, 0, false, 0x0000000f00000000, true},
    {"s_not_b32", kOnes, 0, true, 0, false},
    {"s_not_b32", 0x0f0f0f0f, 0, false, 0xf0f0f0f0, true},
    {"s_not_b64", 0, 0, false, kOnes64, true},

    {"s_add_u32", kOnes, 1, false, 0, true},
    {"s_add_u32", kOnes, 0, true, kOnes, false},
    {"s_add_u32", kMost, 1, true, kTop, false},
    {"s_sub_u32", 0, 1, false, kOnes, true},
    {"s_sub_u32", 7, 7, true, 0, false},
    {"s_add_i32", kMost, 1, false, kTop, true},
    {"s_add_i32", kOnes, 1, true, 0, false},
    {"s_add_i32", kTop, kTop, false, 0, true},
    {"s_sub_i32", kTop, 1, false, kMost, true},
    {"s_sub_i32", 0, 1, true, kOnes, false},
    {"s_sub_i32", 0, kTop, false, kTop, true},
    {"s_addc_u32", kOnes, 0, true, 0, true},
    {"s_addc_u32", kOnes, kOnes, true, kOnes, true},
    {"s_addc_u32", 1, 2, true, 4, false},
    {"s_addc_u32", 1, 2, false, 3, false},
    {"s_subb_u32", 0, 0, true, kOnes, true},
    {"s_subb_u32", 0, kOnes, true, 0, true},
    {"s_subb_u32", 5, 3, true, 1, false},
    {"s_absdiff_i32", 3, 10, false, 7, true},
    {"s_absdiff_i32", 9, 9, true, 0, false},
    {"s_absdiff_i32", kTop, 0, false, kTop, true},
    {"s_lshl_b32", 1, 31, false, kTop, true},
    {"s_lshl_b32", 1, 32, false, 1, true},
    {"s_lshl_b32", kTop, 1, true, 0, false},
    {"s_lshl_b64", 1, 63, false, kTop64, true},
    {"s_lshl_b64", 3, 64, false, 3, true},
    {"s_lshr_b32", kTop, 31, false, 1, true},
    {"s_lshr_b32", 1, 1, true, 0, false},
    {"s_lshr_b64", kTop64, 63, false, 1, true},
    {"s_ashr_i32", kTop, 31, false, kOnes, true},
    {"s_ashr_i32", kTop, 36, false, 0xf8000000, true},
    {"s_ashr_i64", kTop64, 63, false, kOnes64, true},
    {"s_ashr_i64", kTop64 >> 1, 62, false, 1, true},
    {"s_lshl1_add_u32", kTop, 5, false, 5, true},
    {"s_lshl2_add_u32", 3, 1, true, 13, false},
    {"s_lshl3_add_u32", 0x1fffffff, 8, false, 0, true},
    {"s_lshl4_add_u32", 2, 0xffffffdf, false, 0xffffffff, false},
    {"s_min_i32", kOnes, 0, false, kOnes, true},
    {"s_min_i32", 4, 4, true, 4, false},
    {"s_min_u32", kOnes, 0, true, 0, false},
    {"s_min_u32", 1, 2, false, 1, true},
    {"s_max_i32", kOnes, 0, true, 0, false},
    {"s_max_i32", 4, 4, false, 4, true},
    {"s_max_u32", kOnes, 0, false, kOnes, true},
    {"s_max_u32", 1, 2, true, 2, false},
    {"s_and_b32", 0xf0, 0x0f, true, 0, false},
    {"s_and_b32", 0xff, 0x1f, false, 0x1f, true},
    {"s_and_b64", kOnes64, kTop64, false, kTop64, true},
    {"s_or_b32", 0, 0, true, 0, false},
    {"s_or_b32", 0xf0, 0x0f, false, 0xff, true},
    {"s_or_b64", kTop64, 1, false, kTop64 | 1, true},
    {"s_xor_b32", 0xff, 0xff, true, 0, false},
    {"s_xor_b64", kTop64, 0, false, kTop64, true},
    {"s_nand_b32", kOnes, kOnes, true, 0, false},
    {"s_nand_b64", kOnes64, 1, false, ~std::uint64_t{1}, true},
    {"s_nor_b32", 0xffff0000, 0x0000ffff, true, 0, false},
    {"s_nor_b64", 0, 0, false, kOnes64, true},
    {"s_xnor_b32", 0x5, 0x6, false, 0xfffffffc, true},
    {"s_xnor_b64", 1, ~std::uint64_t{1}, true, 0, false},
    {"s_and_not1_b32", 0xff, 0x0f, false, 0xf0, true},
    {"s_and_not1_b32", 0x0f, 0xff, true, 0, false},
    {"s_and_not1_b64", kOnes64, kOnes, false, 0xffffffff00000000, true},
    {"s_or_not1_b32", 0, kOnes, true, 0, false},
    {"s_or_not1_b32", 1, 0xfffffff0, false, 0xf, true},
    {"s_or_not1_b64", 0, kOnes, false, 0xffffffff00000000, true},
    {"s_bfe_u32", 0xabcd1234, 0x00080004, false, 0x23, true},
    {"s_bfe_u32", 0xabcd1234, 0x00200000, false, 0xabcd1234, true},
    {"s_bfe_u32", 0xabcd1234, 0x00000004, true, 0, false},
    {"s_bfe_u32", 0xabcd1234, 0x0010001c, false, 0xa, true},
    {"s_bfe_i32", 0x00000080, 0x00080000, false, 0xffffff80, true},
    {"s_bfe_i32", 0x00000780, 0x00040007, false, 0xffffffff, true},
    {"s_bfe_i32", 0x00000780, 0x00050007, false, 0xf, true},
    {"s_bfe_i32", kOnes, 0x00000000, true, 0, false},
    {"s_bfe_i32", kTop, 0x0020001f, false, kOnes, true},
    {"s_bfe_u64", 0xabcd000000001234, 0x00100030, false, 0xabcd, true},
    {"s_bfe_u64", 0xabcd000000001234, 0x00400000, false, 0xabcd000000001234, true},
    {"s_bfe_i64", 0x0000000080000000, 0x00200000, false, 0xffffffff80000000, true},
    {"s_bfe_i64", 0x4000000000000000, 0x00010000, true, 0, false},
    {"s_bfm_b32", 8, 4, true, 0xff0, true},
    {"s_bfm_b32", 32, 4, true, 0, true},
    {"s_bfm_b64", 40, 20, false, 0x0ffffffffff00000, false},
    {"s_mul_i32", 0x10001, 0xffff, true, kOnes, true},
    {"s_mul_i32", kOnes, kOnes, false, 1, false},
    {"s_mul_hi_u32", kOnes, kOnes, true, 0xfffffffe, true},
    {"s_mul_hi_i32", kOnes, kOnes, true, 0, true},
    {"s_mul_hi_i32", kTop, 2, false, kOnes, false},
    {"s_cselect_b32", 1, 2, true, 1, true},
    {"s_cselect_b32", 1, 2, false, 2, false},
    {"s_cselect_b64", kTop64, kOnes64, true, kTop64, true},
    {"s_cselect_b64", kTop64, kOnes64, false, kOnes64, false},
    {"s_pack_ll_b32_b16", 0x11112222, 0x33334444, true, 0x44442222, true},
    {"s_pack_lh_b32_b16", 0x11112222, 0x33334444, true, 0x33332222, true},
    {"s_pack_hh_b32_b16", 0x11112222, 0x33334444, true, 0x33331111, true},
    {"s_pack_hl_b32_b16", 0x11112222, 0x33334444, true, 0x44441111, true},
};

TEST_F(ScalarTest, formulas_give_result_and_scc) {
  for (const Formula& f : kFormulas) {
    SCOPED_TRACE(testing::Message() << f);
    for (const bool from_registers : {true, false}) {
      const bool pair = writes_pair(f.name);
      put(kA, f.a);
      put(kB, f.b);
      put(kD, kOld);
      wave_->scc = f.scc_before;
      run(f.name, scalar(kD, pair ? 2 : 1), from_registers ? scalar(kA, 2) : constant(f.a),
          from_registers ? scalar(kB, 2) : constant(f.b));
      EXPECT_EQ(at(kD), pair ? f.result : (kOld & ~kOnes) | f.result);
      EXPECT_EQ(wave_->scc, f.scc_after);
      EXPECT_EQ(at(kA), f.a);
      EXPECT_EQ(wave_->exec(), 0x0000ffffU);
    }
  }
}

struct Comparison {
  const char* name;
  std::uint64_t a, b;
  bool holds;
};
constexpr Comparison kComparisons[] = {
    {"s_cmp_eq_i32", 5, 5, true},           {"s_cmp_eq_i32", 5, 6, false},
    {"s_cmp_lg_i32", 5, 5, false},          {"s_cmp_lg_i32", 5, 6, true},
    {"s_cmp_gt_i32", 0, kOnes, true},       {"s_cmp_gt_i32", 5, 5, false},
    {"s_cmp_ge_i32", 5, 5, true},           {"s_cmp_ge_i32", kOnes, 0, false},
    {"s_cmp_lt_i32", kTop, kMost, true},    {"s_cmp_lt_i32", 5, 5, false},
    {"s_cmp_le_i32", 5, 5, true},           {"s_cmp_le_i32", 0, kOnes, false},
    {"s_cmp_eq_u32", kOnes, kOnes, true},   {"s_cmp_eq_u32", 0, 1, false},
    {"s_cmp_lg_u32", 0, 1, true},           {"s_cmp_lg_u32", 1, 1, false},
    {"s_cmp_gt_u32", kOnes, 0, true},       {"s_cmp_gt_u32", 0, kOnes, false},
    {"s_cmp_ge_u32", 3, 3, true},           {"s_cmp_ge_u32", 0, kOnes, false},
    {"s_cmp_lt_u32", 0, kOnes, true},       {"s_cmp_lt_u32", 3, 3, false},
    {"s_cmp_le_u32", 3, 3, true},           {"s_cmp_le_u32", kOnes, 0, false},
    {"s_cmp_eq_u64", kTop64, kTop64, true}, {"s_cmp_eq_u64", kTop64, 0, false},
    {"s_cmp_lg_u64", kTop64, 0, true},      {"s_cmp_lg_u64", kTop64, kTop64, false},
    {"s_bitcmp0_b32", 4, 2, false},         {"s_bitcmp0_b32", 4, 3, true},
    {"s_bitcmp1_b32", 4, 34, true},         {"s_bitcmp1_b32", 4, 1, false},
    {"s_bitcmp0_b64", kTop64, 63, false},   {"s_bitcmp1_b64", kTop64, 63, true},
    {"s_bitcmp1_b64", kTop64, 31, false},
};

TEST_F(ScalarTest, comparisons_set_scc_alone) {
  for (const Comparison& c : kComparisons) {
    SCOPED_TRACE(testing::Message() << c.name << std::hex << " " << c.a << ", " << c.b);
    put(kA, c.a);
    put(kB, c.b);
    wave_->scc = !c.holds;
    run(c.name, {}, scalar(kA, 2), scalar(kB, 2));
    EXPECT_EQ(wave_->scc, c.holds);
    EXPECT_EQ(at(kD), kOld);
  }
}

struct Immediate {
  const char* name;
  std::uint32_t old;
  int immediate;  // sign-extended, as decoded
  bool scc_before;
  std::uint32_t result;
  bool scc_after;
};
constexpr Immediate kImmediates[] = {
    {"s_movk_i32", 7, -2, true, 0xfffffffe, true},
    {"s_cmovk_i32", 7, -2, true, 0xfffffffe, true},
    {"s_cmovk_i32", 7, -2, false, 7, false},
    {"s_addk_i32", 0x7fffffff, 1, false, 0x80000000, true},
    {"s_addk_i32", 1, -2, true, 0xffffffff, false},
    {"s_addk_i32", 0x80000000, -1, false, 0x7fffffff, true},
    {"s_mulk_i32", 7, -3, true, 0xffffffeb, true},
    {"s_cmpk_eq_i32", 0xffffffff, -1, false, 0xffffffff, true},
    {"s_cmpk_eq_u32", 0xffffffff, -1, true, 0xffffffff, false},
    {"s_cmpk_eq_u32", 0xffff, -1, false, 0xffff, true},
    {"s_cmpk_lg_i32", 1, 2, false, 1, true},
    {"s_cmpk_lg_u32", 0xffff, -1, true, 0xffff, false},
    {"s_cmpk_gt_i32", 0, -1, false, 0, true},
    {"s_cmpk_gt_u32", 0, -1, true, 0, false},
    {"s_cmpk_ge_i32", 3, 3, false, 3, true},
    {"s_cmpk_ge_u32", 0xfffe, -1, true, 0xfffe, false},
    {"s_cmpk_lt_i32", 0x80000000, 0, false, 0x80000000, true},
    {"s_cmpk_lt_u32", 0x80000000, 0, true, 0x80000000, false},
    {"s_cmpk_le_i32", 4, 3, true, 4, false},
    {"s_cmpk_le_u32", 0xffff, -1, false, 0xffff, true},
};

TEST_F(ScalarTest, immediates_are_signed_but_in_unsigned_comparisons) {
  for (const Immediate& i : kImmediates) {
    SCOPED_TRACE(testing::Message() << i.name << " " << i.old << ", " << i.immediate);
    wave_->s[kD] = i.old;
    wave_->scc = i.scc_before;
    const bool compares = std::string(i.name).starts_with("s_cmpk");
    run(i.name, compares ? Operand{} : scalar(kD, 1), scalar(kD, 1), {}, i.immediate);
    EXPECT_EQ(wave_->s[kD], i.result);
    EXPECT_EQ(wave_->scc, i.scc_after);
  }
}

struct SaveExec {
  const char* name;
  std::uint32_t exec;  // after a = 0x00ff00f0, EXEC 0x0000ffff
  bool keeps_old;
};
constexpr SaveExec kSaveExecs[] = {
    {"s_and_saveexec_b32", 0x000000f0, true},      {"s_or_saveexec_b32", 0x00ffffff, true},
    {"s_xor_saveexec_b32", 0x00ffff0f, true},      {"s_nand_saveexec_b32", 0xffffff0f, true},
    {"s_nor_saveexec_b32", 0xff000000, true},      {"s_xnor_saveexec_b32", 0xff0000f0, true},
    {"s_and_not0_saveexec_b32", 0x0000ff0f, true}, {"s_or_not0_saveexec_b32", 0xff00ffff, true},
    {"s_and_not1_saveexec_b32", 0x00ff0000, true}, {"s_or_not1_saveexec_b32", 0xffff00f0, true},
    {"s_and_not0_wrexec_b32", 0x0000ff0f, false},  {"s_and_not1_wrexec_b32", 0x00ff0000, false},
};

TEST_F(ScalarTest, saveexec_keeps_the_lanes_in_step) {
  for (const SaveExec& c : kSaveExecs) {
    SCOPED_TRACE(c.name);
    wave_->set_exec(0x0000ffff);
    wave_->s[kA] = 0x00ff00f0;
    wave_->scc = false;
    run(c.name, scalar(kD, 1), scalar(kA, 1));
    EXPECT_EQ(wave_->exec(), c.exec);
    EXPECT_EQ(wave_->s[kD], c.keeps_old ? 0x0000ffffU : c.exec);
    EXPECT_TRUE(wave_->scc);
    for (int lane = 0; lane < kLanes; ++lane) {
      EXPECT_EQ(wave_->active[lane], (c.exec >> lane & 1) != 0 ? ~0U : 0U);
    }
  }
  wave_->s[kA] = 0;
  run("s_and_saveexec_b32", scalar(kD, 1), scalar(kA, 1));
  EXPECT_EQ(wave_->exec(), 0U);
  EXPECT_FALSE(wave_->scc);
}

TEST_F(ScalarTest, null_is_zero_and_swallows) {
  wave_->s[kM0] = 77;  // lies behind null
  run("s_mov_b64", scalar(kD, 2), scalar(kNull, 2));
  EXPECT_EQ(at(kD), 0U);
  run("s_mov_b64", scalar(kNull, 2), constant(kOnes64));
  run("s_mov_b32", scalar(kNull, 1), constant(5));
  EXPECT_EQ(wave_->s[kNull], 0U);
  EXPECT_EQ(wave_->s[kM0], 77U);
}

TEST_F(ScalarTest, exec_as_a_destination_moves_the_lanes) {
  run("s_mov_b32", scalar(kExecLo, 1), constant(0x80000001));
  EXPECT_EQ(wave_->active[0], ~0U);
  EXPECT_EQ(wave_->active[1], 0U);
  EXPECT_EQ(wave_->active[31], ~0U);
  run("s_mov_b64", scalar(kExecLo, 2), constant(2));
  EXPECT_EQ(wave_->active[0], 0U);
  EXPECT_EQ(wave_->active[1], ~0U);
}

TEST_F(ScalarTest, conditions_can_be_sources) {
  Operand condition;
  wave_->scc = true;
  condition.kind = Operand::Kind::kScc;
  run("s_mov_b32", scalar(kD, 1), condition);
  EXPECT_EQ(wave_->s[kD], 1U);
  condition.kind = Operand::Kind::kVccz;  // VCC is 0
  run("s_mov_b32", scalar(kD, 1), condition);
  EXPECT_EQ(wave_->s[kD], 1U);
  condition.kind = Operand::Kind::kExecz;
  run("s_mov_b32", scalar(kD, 1), condition);
  EXPECT_EQ(wave_->s[kD], 0U);
}

TEST_F(ScalarTest, relative_moves_stay_within_the_registers) {
  wave_->s[kM0] = 3;
  wave_->s[kA + 3] = 99;
  run("s_movrels_b32", scalar(kD, 1), scalar(kA, 1));
  EXPECT_EQ(wave_->s[kD], 99U);
  run("s_movreld_b32", scalar(kD, 1), constant(42));
  EXPECT_EQ(wave_->s[kD + 3], 42U);
  wave_->s[kM0] = 103;
  run("s_movrels_b32", scalar(kD, 1), scalar(kA, 1));  // s105
  EXPECT_THROW(run("s_movrels_b64", scalar(kD, 2), scalar(kA, 2)), Fault);
  wave_->s[kM0] = 0xffffffff;
  EXPECT_THROW(run("s_movreld_b32", scalar(kD, 1), scalar(kA, 1)), Fault);
}

TEST_F(ScalarTest, mode_reads_back_and_what_is_not_modelled_faults) {
  constexpr int kWhole = 31 << 11 | 1, kRounding = 3 << 11 | 1, kDx10Clamp = 8 << 6 | 1;
  run("s_getreg_b32", scalar(kD, 1), {}, {}, kWhole);
  EXPECT_EQ(wave_->s[kD], 0x3f0U);
  run("s_setreg_imm32_b32", {}, constant(0), {}, kDx10Clamp);
  EXPECT_EQ(wave_->mode, 0x2f0U);
  run("s_setreg_b32", {}, constant(0xfff0), {}, kRounding);  // four bits of it
  EXPECT_EQ(wave_->mode, 0x2f0U);
  EXPECT_THROW(run("s_setreg_b32", {}, constant(3), {}, kRounding), Fault);
  EXPECT_THROW(run("s_round_mode", {}, {}, {}, 1), Fault);
  EXPECT_EQ(wave_->mode, 0x2f0U);
  constexpr int kShaderCycles = 31 << 11 | 29;
  EXPECT_THROW(run("s_getreg_b32", scalar(kD, 1), {}, {}, kShaderCycles), Fault);
}

}  // namespace
}  // namespace rocmforge::emu
