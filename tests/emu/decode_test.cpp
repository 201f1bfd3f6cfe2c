// The decoder of gfx11 code: against LLVM's disassembler over every instruction that is shipped and
// every row of the tables, and operand by operand over words that LLVM's assembler made.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "isa/decode.h"
#include "isa/opcode.h"
#include "support/process.h"

namespace rocmforge::emu {
namespace {

using Words = std::vector<std::uint32_t>;

struct Disassembled {
  std::uint64_t address = 0;
  Words words;
  std::string mnemonic;  // of a dual instruction, both
};

std::string first_word(const std::string& text) {
  std::string word;
  std::istringstream(text) >> word;
  return word;
}

std::string mnemonic_of(const std::string& text) {
  const std::size_t dual = text.find(" :: ");
  std::string mnemonic = first_word(text);
  return dual == std::string::npos ? mnemonic
                                   : mnemonic.append(" :: ") + first_word(text.substr(dual + 4));
}

// A line of llvm-objdump: "\ts_nop 0   // 000000001900: BF800000 [<a label>]".
bool read_line(const std::string& line, Disassembled& out) {
  const std::size_t comment = line.find("// ");
  if (line.empty() || line[0] != '\t' || comment == std::string::npos) return false;
  std::istringstream in(line.substr(comment + 3));
  std::string word;
  in >> word;
  out.address = std::stoull(word, nullptr, 16);
  out.words.clear();
  while (in >> word && word[0] != '<') {
    out.words.push_back(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16)));
  }
  out.mnemonic = mnemonic_of(line.substr(0, comment));
  return true;
}

std::vector<std::string> shipped_objects() {
  std::vector<std::string> out;
  std::ifstream in(ROCMFORGE_TEST_GFX1100_OBJECTS);
  for (std::string path; std::getline(in, path);) {
    if (!path.empty()) out.push_back(path);
  }
  return out;
}

TEST(EmuDecode, EveryShippedInstructionIsLlvms) {
  std::size_t n_instructions = 0, n_wrong = 0;
  for (const std::string& path : shipped_objects()) {
    const test::Outcome listing =
        test::run({.argv = {ROCMFORGE_TEST_OBJDUMP, "-d", "--mcpu=gfx1100", path},
                   .timeout = std::chrono::seconds(120)});
    ASSERT_EQ(listing.exit_code, 0) << test::to_string(listing);
    std::istringstream lines(listing.out);
    Disassembled expected;
    for (std::string line; std::getline(lines, line);) {
      if (!read_line(line, expected)) continue;
      ++n_instructions;
      const std::size_t bytes = expected.words.size() * 4;
      // What follows is not the instruction's: a decoder that took it would be found out.
      expected.words.resize(expected.words.size() + 2, 0xffffffffU);
      std::string found;
      std::size_t found_bytes = 0;
      try {
        const Inst inst = decode(expected.words, expected.address);
        found = mnemonic(inst);
        found_bytes = inst.size;
      } catch (const DecodeError& error) {
        found = error.what();
      }
      if (found == expected.mnemonic && found_bytes == bytes) continue;
      if (++n_wrong < 10) {
        ADD_FAILURE() << path << ": " << line << ": decoded as " << found << ", " << found_bytes;
      }
    }
  }
  EXPECT_EQ(n_wrong, 0U);
  EXPECT_GT(n_instructions, 100000U);
}

// Words of a row, its operands any that fit.
Words words_of(const Opcode& row) {
  const std::uint32_t n = row.number;
  const bool has_literal = row.form == Form::kAddLiteral || row.form == Form::kMultiplyLiteral ||
                           row.form == Form::kLiteral;
  const std::uint32_t v2 = 256 + 2, v8 = 256 + 8;
  Words words;
  switch (row.encoding) {
    case Encoding::kSop1:
      words = {0xbe800000U | 4U << 16 | n << 8 | 2};
      break;
    case Encoding::kSop2:
      words = {0x80000000U | n << 23 | 8U << 16 | 4U << 8 | 2};
      break;
    case Encoding::kSopk:
      words = {0xb0000000U | n << 23 | (n >= 24 ? 124U : 4U) << 16 | 1};
      break;
    case Encoding::kSopc:
      words = {0xbf000000U | n << 16 | 4U << 8 | 2};
      break;
    case Encoding::kSopp:
      words = {0xbf800000U | n << 16};
      break;
    case Encoding::kSmem:
      words = {0xf4000000U | n << 18 | 16U << 6 | 2, 0xf8000010U};
      break;
    case Encoding::kVop1:
      words = {row.src[0] == Type::kNone ? 0x7e000000U | n << 9
                                         : 0x7e000000U | 6U << 17 | n << 9 | v2};
      break;
    case Encoding::kVop2:
      words = {n << 25 | 6U << 17 | 4U << 9 | v2};
      break;
    case Encoding::kVopc:
      words = {0x7c000000U | n << 17 | 4U << 9 | v2};
      break;
    case Encoding::kVop3:
    case Encoding::kVop3sd: {
      const bool is_lane = row.name.find("lane") != std::string_view::npos;
      const std::uint32_t src0 = row.name == "v_writelane_b32" ? 2 : v2;
      const std::uint32_t src1 = row.src[1] == Type::kNone ? 0 : is_lane ? 4 : 256 + 4;
      const bool is_scalar = is_lane || row.src[2] == Type::kMask;
      const std::uint32_t src2 = row.src[2] == Type::kNone ? 0 : is_scalar ? 8 : v8;
      const std::uint32_t sdst = row.encoding == Encoding::kVop3sd ? 10 : 0;
      words = {0xd4000000U | n << 16 | sdst << 8 | 20, src2 << 18 | src1 << 9 | src0};
      break;
    }
    case Encoding::kVop3p:
      words = {0xcc004000U | n << 16 | 40, 3U << 27 |
                                               (row.src[2] == Type::kNone ? 0U : 256U + 24) << 18 |
                                               (256U + 12) << 9 | v2};
      break;
    case Encoding::kVopdX:
      words = {0xc8000000U | n << 22 | 8U << 17 | (row.src[1] == Type::kNone ? 0U : 4U) << 9 | v2,
               20U << 24 | 3U << 17 | (256 + 7)};
      break;
    case Encoding::kVopdY:
      words = {0xc8000000U | 8U << 22 | n << 17 | v2,
               20U << 24 | 3U << 17 | (row.src[1] == Type::kNone ? 0U : 9U) << 9 | (256 + 7)};
      break;
    case Encoding::kDs:
      words = {0xd8000000U | n << 18, (row.dst == Type::kNone ? 0 : 20U << 24) |
                                          (row.src[2] == Type::kNone ? 0 : 8U << 16) |
                                          (row.src[1] == Type::kNone ? 0 : 4U << 8) |
                                          (row.src[0] == Type::kNone ? 0 : 2U)};
      break;
    case Encoding::kMubuf:
      words = {0xe0000000U | n << 18, 0};
      break;
    case Encoding::kFlat:
    case Encoding::kGlobal:
    case Encoding::kScratch: {
      const bool is_scratch = row.encoding == Encoding::kScratch;
      const std::uint32_t segment = row.encoding == Encoding::kFlat ? 0 : is_scratch ? 1 : 2;
      words = {0xdc000010U | n << 18 | segment << 16,
               (row.kind == Class::kLoad ? 20U << 24 : 0U) | (is_scratch ? 1U << 23 : 0U) |
                   0x7cU << 16 | (row.src[1] == Type::kNone ? 0 : 8U << 8) | 2};
      break;
    }
  }
  if (has_literal) words.push_back(0x11223344);
  return words;
}

TEST(EmuDecode, EveryRowIsWhatLlvmCallsSo) {
  // s_nop 0x1234 behind each keeps the lines apart, where LLVM finds none.
  const Words marker = {0xbf801234};
  std::string input;
  char text[16];
  for (const Opcode& row : opcodes()) {
    for (const Words& words : {words_of(row), marker}) {
      for (const std::uint32_t word : words) {
        for (int byte = 0; byte < 4; ++byte) {
          std::snprintf(text, sizeof text, "0x%02x ", word >> (8 * byte) & 0xff);
          input += text;
        }
      }
      input += '\n';
    }
  }
  const test::Outcome listing = test::run(
      {.argv = {ROCMFORGE_TEST_LLVM_MC, "-triple=amdgcn", "-mcpu=gfx1100", "-disassemble"},
       .input = input});
  ASSERT_EQ(listing.exit_code, 0) << test::to_string(listing);
  std::istringstream lines(listing.out);
  std::size_t row = 0;
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("s_nop 0x1234") != std::string::npos) {
      ASSERT_LT(row, opcodes().size());
      const Words words = words_of(opcodes()[row]);
      const Inst inst = decode(words, 0);
      EXPECT_EQ(found, std::vector{mnemonic(inst)}) << opcodes()[row].name;
      EXPECT_EQ(inst.size, words.size() * 4) << opcodes()[row].name;
      found.clear();
      ++row;
    } else if (line.size() > 1 && line[1] != '.') {
      found.push_back(mnemonic_of(line));
    }
  }
  EXPECT_EQ(row, opcodes().size());
}

struct Case {
  Words words;
  const char* text;
};

// Words by LLVM's assembler; operands as they are normalised, so that what the encoding leaves out
// (accumulators, VCC, EXEC) is there, and constants are of their operand's type.
const Case kCases[] = {
    {{0x56020602}, "v_fmac_f32_e32 v1, s2, v3, v1"},
    {{0xd52b0201, 0x20020702}, "v_fmac_f32_e64 v1, -v2, |v3|, v1"},
    {{0xd5360001, 0x00020702}, "v_fmac_f16_e64 v1, v2, v3, v1"},
    {{0x5a020702, 0x3f000000}, "v_fmaak_f32 v1, v2, v3, 0x3f000000"},
    {{0x58020702, 0x3f000000}, "v_fmamk_f32 v1, v2, 0x3f000000, v3"},
    {{0x02020702}, "v_cndmask_b32_e32 v1, v2, v3, vcc_lo"},
    {{0xd5010001, 0x20160702}, "v_cndmask_b32_e64 v1, -v2, v3, s5"},
    {{0x40020702}, "v_add_co_ci_u32_e32 v1, vcc_lo, v2, v3, vcc_lo"},
    {{0xd5200401, 0x001a0702}, "v_add_co_ci_u32_e64 v1, s4, v2, v3, s6"},
    {{0xd7007c01, 0x00020702}, "v_add_co_u32 v1, null, v2, v3"},
    {{0x7c2206f2}, "v_cmp_lt_f32_e32 vcc_lo, 0x3f800000, v3"},
    {{0xd4110107, 0x20020702}, "v_cmp_lt_f32_e64 s7, -|v2|, v3"},
    {{0x7d220702}, "v_cmpx_lt_f32_e32 exec_lo, v2, v3"},
    {{0xd491007e, 0x00020702}, "v_cmpx_lt_f32_e64 exec_lo, v2, v3"},
    {{0xd7600005, 0x00013f06}, "v_readlane_b32 s5, v6, 31"},
    {{0xd7610005, 0x0000fa06}, "v_writelane_b32 v5, s6, m0"},
    {{0x7e0e0508}, "v_readfirstlane_b32 s7, v8"},
    {{0xd6fe7c02, 0x041a0a04}, "v_mad_u64_u32 v[2:3], null, s4, v5, v[6:7]"},
    {{0xd6ff0802, 0x03160b04}, "v_mad_i64_i32 v[2:3], s8, v4, v5, -5"},
    {{0xd6fc6a01, 0x04120702}, "v_div_scale_f32 v1, vcc_lo, v2, v3, v4"},
    {{0xd6370001, 0x04120702}, "v_div_fmas_f32 v1, v2, v3, v4"},
    {{0xd65c1801, 0x00100702}, "v_permlanex16_b32 v1, v2, s3, s4"},
    {{0x7e0202fa, 0xf7091402},
     "v_mov_b32_dpp v1, v2 dpp_ctrl:0x114 row_mask:0xf bank_mask:0x7 bound_ctrl:1"},
    {{0x060206fa, 0xff941b02},
     "v_add_f32_dpp v1, -v2, |v3| dpp_ctrl:0x1b row_mask:0xf bank_mask:0xf fi:1"},
    {{0x7e0202e9, 0x05397702}, "v_mov_b32_dpp v1, v2 dpp8:0x053977 fi:0"},
    {{0xd6550001, 0x041206fa, 0xff015502},
     "v_add3_u32_e64_dpp v1, v2, v3, v4 dpp_ctrl:0x155 row_mask:0xf bank_mask:0xf"},
    {{0xd5038001, 0x08020702}, "v_add_f32_e64 v1, v2, v3 mul:2 clamp"},
    {{0x640206f2}, "v_add_f16_e32 v1, 0x3c00, v3"},
    {{0xcc0f4a01, 0x2001e502},
     "v_pk_add_f16 v1, -v2.h, 0x3c00 op_sel:[1,0] op_sel_hi:[0,0] neg_hi:[0,1]"},
    {{0xcc0e4001, 0x1c120702}, "v_pk_fma_f16 v1, v2, v3, v4"},
    {{0xcc054001, 0x10020684}, "v_pk_lshrrev_b16 v1, 4, v3 op_sel_hi:[0,1]"},
    {{0xcc201401, 0x5c120702},
     "v_fma_mix_f32 v1, v2, -v3.h, |v4| op_sel:[0,1,0] op_sel_hi:[1,1,0]"},
    {{0xcc224001, 0x1bca0702}, "v_fma_mixhi_f16 v1.h, v2, v3, 0x3c00"},
    {{0xcc200001, 0x1bca0702}, "v_fma_mix_f32 v1, v2, v3, 0x3f800000 op_sel_hi:[1,1,0]"},
    {{0xcc164001, 0x3c120702}, "v_dot4_i32_iu8 v1, -v2, v3, v4"},
    {{0xcc404000, 0x1c022108}, "v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], v[0:7]"},
    {{0xcc444000, 0x7a022108}, "v_wmma_i32_16x16x16_iu8 v[0:7], -v[8:11], -v[16:19], 0"},
    {{0xca0800f2, 0x04040e02}, "v_dual_mov_b32 v4, 0x3f800000 :: v_dual_add_f32 v5, s2, v7"},
    {{0xc8460501, 0x04061103, 0x40490fdb},
     "v_dual_fmaak_f32 v4, v1, v2, 0x40490fdb :: v_dual_mul_f32 v7, v3, v8"},
    {{0xca400501, 0x050412ff, 0x40490fdb},
     "v_dual_cndmask_b32 v5, v1, v2, vcc_lo :: v_dual_fmac_f32 v4, 0x40490fdb, v9, v4"},
    {{0xc8900501, 0x04080001, 0x40490fdb},
     "v_dual_fmamk_f32 v4, v1, 0x40490fdb, v2 :: v_dual_mov_b32 v9, s1"},
    {{0xd7270002, 0x000208f2}, "v_add_f64 v[2:3], 0x3ff0000000000000, v[4:5]"},
    {{0xd7270002, 0x000208ff, 0x40080000}, "v_add_f64 v[2:3], 0x4008000000000000, v[4:5]"},
    {{0xd6140002, 0x041106f8}, "v_fma_f64 v[2:3], 0x3fc45f306dc9c882, 3, v[4:5]"},
    {{0xbe8201c1}, "s_mov_b64 s[2:3], -1"},
    {{0xbe8201ff, 0xffff0000}, "s_mov_b64 s[2:3], 0xffff0000"},
    {{0x868204ff, 0xffff0000}, "s_ashr_i64 s[2:3], 0xffffffffffff0000, s4"},
    {{0xbe8200f8}, "s_mov_b32 s2, 0x3e22f983"},
    {{0xbe8200ff, 0x12345678}, "s_mov_b32 s2, 0x12345678"},
    {{0xbe82206a}, "s_and_saveexec_b32 s2, vcc_lo"},
    {{0xbe820203}, "s_cmov_b32 s2, s3"},
    {{0xb383fffe}, "s_cmpk_lt_i32 s3, -2"},
    {{0xb483fffe}, "s_cmpk_eq_u32 s3, -2"},
    {{0xb783fff0}, "s_addk_i32 s3, s3, -16"},
    {{0xb0038000}, "s_movk_i32 s3, -32768"},
    {{0xbc7c0000}, "s_waitcnt_vscnt 0, 0"},
    {{0xb980f801, 0x00000011}, "s_setreg_imm32_b32 17, -2047"},
    {{0xbe844700}, "s_getpc_b64 s[4:5]"},
    {{0xbe9e4904}, "s_swappc_b64 s[30:31], s[4:5]"},
    {{0xbfa2fffe}, "s_cbranch_scc1 -2"},
    {{0xf4080100, 0xf8000010}, "s_load_b128 s[4:7], s[0:1] offset:16"},
    {{0xf4000100, 0x0a1ffff8}, "s_load_b32 s4, s[0:1], s5 offset:-8"},
    {{0xf4006100, 0xf8000000}, "s_load_b32 s4, s[0:1] glc dlc"},
    {{0xdc5e1ff0, 0x01020005}, "global_load_b128 v[1:4], v5, s[2:3] offset:-16"},
    {{0xdc528000, 0x017c0002}, "global_load_b32 v1, v[2:3] slc"},
    {{0xdc8e0000, 0x017c0002}, "global_load_d16_hi_b16 v1.h, v[2:3]"},
    {{0xdc620000, 0x007c0102}, "global_store_b8 v[2:3], v1"},
    {{0xdcd60000, 0x00040201}, "global_atomic_add_u32 v1, v2, s[4:5]"},
    {{0xdcd64000, 0x00040201}, "global_atomic_add_u32 v0, v1, v2, s[4:5] glc"},
    {{0xdcd24000, 0x00040201}, "global_atomic_cmpswap_b32 v0, v1, v[2:3], s[4:5] glc"},
    {{0xdc500008, 0x017c0002}, "flat_load_b32 v1, v[2:3] offset:8"},
    {{0xdc510004, 0x01200000}, "scratch_load_b32 v1, s32 offset:4"},
    {{0xdc750010, 0x00fc0109}, "scratch_store_b128 v9, v[1:4] offset:16"},
    {{0xdc510000, 0x017c0000}, "scratch_load_b32 v1"},
    {{0xd8e00201, 0x01000003}, "ds_load_2addr_stride64_b32 v[1:2], v3 offset0:1 offset1:2"},
    {{0xd934fff8, 0x00000201}, "ds_store_b64 v1, v[2:3] offset:65528"},
    {{0xdacc0004, 0x01000302}, "ds_bpermute_b32 v1, v2, v3 offset:4"},
    {{0xd8c00000, 0x01040302}, "ds_cmpstore_rtn_b32 v1, v2, v3, v4"},
    {{0xe0ac0000, 0x00000000}, "buffer_gl0_inv"},
    {{0xd7040001, 0x00018302}, "v_sub_nc_u16 v1, v2, 0xffff"},
    {{0xd71c0001, 0x00010902}, "v_ldexp_f32 v1, v2, 4"},
    {{0x060206fd}, "v_add_f32_e32 v1, src_scc, v3"},
    {{0x7e02027c}, "v_mov_b32_e32 v1, 0"},
};

TEST(EmuDecode, Operands) {
  for (const Case& one : kCases) {
    std::string found;
    try {
      const Inst inst = decode(one.words, 0);
      EXPECT_EQ(inst.size, one.words.size() * 4) << one.text;
      found = to_string(inst);
    } catch (const DecodeError& error) {
      found = error.what();
    }
    EXPECT_EQ(found, one.text);
  }
}

TEST(EmuDecode, HalvesOfShortForms) {
  // v_add_f16_e32 v5.h, v2.h, v3: bit 7 of each register chooses the half.
  const Inst add = decode(Words{0x64000000U | (0x80U | 5) << 17 | 3U << 9 | (256 + 0x82)}, 0);
  EXPECT_EQ(to_string(add), "v_add_f16_e32 v5.h, v2.h, v3");
  EXPECT_TRUE(add.dst_high);
  // v_cvt_f32_f16_e32 v133, v2.h: the result has 32 bits, so 133 is its number.
  const Inst convert = decode(Words{0x7e000000U | 133U << 17 | 11U << 9 | (256 + 0x82)}, 0);
  EXPECT_EQ(to_string(convert), "v_cvt_f32_f16_e32 v133, v2.h");
  EXPECT_FALSE(convert.dst_high);
  // v_add_f16_e64 v1, v2, v3 op_sel:[1,0,1], and the accumulator with its destination.
  const Inst longer = decode(Words{0xd5320001U | 0x4000U | 0x800U, 0x00020702}, 0);
  EXPECT_TRUE(longer.src[0].high && !longer.src[1].high && longer.dst_high);
  const Inst accumulate = decode(Words{0xd5364001U, 0x00020702}, 0);
  EXPECT_TRUE(accumulate.dst_high && accumulate.src[2].high);
}

TEST(EmuDecode, LanePermutesTakeOpSelForTheirOwn) {
  const Inst inst = decode(Words{0xd65c1801, 0x00100702}, 0);  // op_sel:[1,1]
  EXPECT_TRUE(inst.dpp.fetch_inactive && inst.dpp.bound_control);
  EXPECT_EQ(inst.dpp.kind, Dpp::Kind::kNone);
  EXPECT_FALSE(inst.src[0].high || inst.dst_high);
}

TEST(EmuDecode, RefusesWhatIsNotModelled) {
  const Words refused[] = {
      {},                        // no code
      {0xbe8002ff},              // a literal that the code ends before
      {0xd52b0201},              // half of VOP3
      {0xbe82016d},              // s_mov_b64 s[2:3], of the trap handler's registers
      {0xbe820103},              // s_mov_b64 s[2:3], s[3:4]
      {0xbe8200eb},              // s_mov_b32 s2, src_shared_base
      {0xf4101900, 0xf8000000},  // s_load_b512 s[100:115]
      {0xdc5e0000, 0xff7c0000},  // global_load_b128 v[255:258]
      {0xd8da0000, 0x01000001},  // ds_load_b32 gds
      {0xcd000000, 0},           // VINTERP
      {0xf0000000, 0},           // MIMG
      {0x7e0202fa, 0xff014202},  // v_mov_b32_dpp with a dpp_ctrl of gfx9
      {0xd6550801, 0x04120702},  // v_add3_u32 with op_sel
      {0xd6550001, 0x24120702},  // v_add3_u32 with a negated source
  };
  for (const Words& words : refused) {
    EXPECT_THROW(
        {
          const Inst inst = decode(words, 0x1900);
          ADD_FAILURE() << to_string(inst);
        },
        DecodeError);
  }
  try {
    decode(Words{0xcd000000, 0}, 0x1900);
  } catch (const DecodeError& error) {
    EXPECT_EQ(std::string(error.what()),
              "instruction at 0x1900: cd000000 00000000: the encoding is not known");
  }
}

bool in_file(const Operand& operand) {
  if (operand.is_vgpr()) return operand.n > 0 && operand.index + operand.n <= 256;
  if (operand.is_sgpr()) return operand.n > 0 && operand.index + operand.n <= 128;
  return true;
}

TEST(EmuDecode, AnyWordsAreAnInstructionOrAnError) {
  std::mt19937 random(20240229);  // NOLINT: the same words every time
  // Known openings, so that most words get beyond the choice of the encoding.
  const std::uint32_t openings[] = {0x00000000, 0x7e000000, 0x7c000000, 0x80000000, 0xbe800000,
                                    0xbf000000, 0xbf800000, 0xb0000000, 0xd4000000, 0xcc000000,
                                    0xc8000000, 0xd8000000, 0xdc000000, 0xf4000000, 0xe0000000};
  std::size_t n_decoded = 0;
  for (int i = 0; i < 150000; ++i) {
    Words words(1 + random() % 3);
    for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random());
    if (i % 4 != 0) words[0] = openings[random() % std::size(openings)] | (words[0] & 0x03ffffff);
    try {
      const Inst inst = decode(words, 0);
      ++n_decoded;
      ASSERT_LE(inst.size, words.size() * 4);
      ASSERT_NE(inst.opcode, nullptr);
      for (const Operation* op : {static_cast<const Operation*>(&inst), &inst.second}) {
        for (const Operand& operand : {op->dst, op->dst2, op->src[0], op->src[1], op->src[2]}) {
          ASSERT_TRUE(in_file(operand)) << to_string(inst);
        }
      }
      ASSERT_FALSE(to_string(inst).empty());
    } catch (const DecodeError& error) {
      ASSERT_NE(std::string(error.what()), "");
    }
  }
  EXPECT_GT(n_decoded, 20000U);
}

}  // namespace
}  // namespace rocmforge::emu
