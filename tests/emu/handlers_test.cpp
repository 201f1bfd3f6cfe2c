// What is carried out, and what faults by name: the whole table, and every shipped kernel.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "isa/decode.h"
#include "machine/exec/handlers.h"
#include "machine/memory.h"
#include "support/data.h"

namespace rocmforge::emu {
namespace {

// In the table of the decoder, and no handler: they fault when they are reached. The limits in
// docs/emulator.md name these groups.
constexpr std::string_view kNotModelled[] = {
    // EXEC of 64 lanes.
    "s_and_saveexec_b64",
    "s_or_saveexec_b64",
    "s_xor_saveexec_b64",
    "s_nand_saveexec_b64",
    "s_nor_saveexec_b64",
    "s_xnor_saveexec_b64",
    "s_and_not0_saveexec_b64",
    "s_or_not0_saveexec_b64",
    "s_and_not1_saveexec_b64",
    "s_or_not1_saveexec_b64",
    "s_and_not0_wrexec_b64",
    "s_and_not1_wrexec_b64",
    "s_subvector_loop_begin",
    "s_subvector_loop_end",
    // Messages, traps, debuggers, graphics' events.
    "s_rfe_b64",
    "s_sendmsg_rtn_b32",
    "s_sendmsg_rtn_b64",
    "s_wait_event",
    "s_cbranch_cdbgsys",
    "s_cbranch_cdbguser",
    "s_cbranch_cdbgsys_or_user",
    "s_cbranch_cdbgsys_and_user",
    // Buffer descriptors, and counters that GDS orders.
    "s_buffer_load_b32",
    "s_buffer_load_b64",
    "s_buffer_load_b128",
    "s_buffer_load_b256",
    "s_buffer_load_b512",
    "ds_consume",
    "ds_append",
    "ds_condxchg32_rtn_b64",
    // Registers by a number in M0.
    "v_movreld_b32",
    "v_movrels_b32",
    "v_movrelsd_b32",
    "v_movrelsd_2_b32",
    "v_swaprel_b32",
    // Graphics, video and trigonometry.
    "v_cvt_norm_i16_f16",
    "v_cvt_norm_u16_f16",
    "v_cvt_pk_norm_i16_f16",
    "v_cvt_pk_norm_u16_f16",
    "v_cvt_pk_norm_i16_f32",
    "v_cvt_pk_norm_u16_f32",
    "v_cvt_pk_u8_f32",
    "v_cubeid_f32",
    "v_cubesc_f32",
    "v_cubetc_f32",
    "v_cubema_f32",
    "v_mullit_f32",
    "v_qsad_pk_u16_u8",
    "v_mqsad_pk_u16_u8",
    "v_mqsad_u32_u8",
    "v_trig_preop_f64",
    // Dot products with results of 16 bits, whose rounding is not published.
    "v_dot2_f16_f16",
    "v_dot2_bf16_bf16",
};

TEST(HandlersTest, every_instruction_of_the_table_is_carried_out_but_those_that_are_listed) {
  std::set<std::string_view> missing;
  std::size_t n = 0;
  for (const Opcode& opcode : opcodes()) {
    if (opcode.encoding == Encoding::kVopdX || opcode.encoding == Encoding::kVopdY) continue;
    Inst inst;
    inst.opcode = &opcode;
    ++n;
    if (find_handler(inst) == nullptr) missing.insert(opcode.name);
  }
  EXPECT_GT(n, 800U);
  EXPECT_EQ(missing, std::set<std::string_view>(std::begin(kNotModelled), std::end(kNotModelled)));
}

TEST(HandlersTest, every_instruction_of_the_shipped_kernels_is_carried_out) {
  Memory memory(std::uint64_t{1} << 30);
  std::ifstream list(ROCMFORGE_TEST_GFX1100_OBJECTS);
  std::string path;
  std::size_t n = 0, n_branches = 0;
  std::map<std::string, int> missing;
  while (std::getline(list, path)) {
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file.good()) << path;
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    const Program program(read_code_object(std::as_bytes(std::span(bytes))), memory);
    for (const Step& step : program.steps()) {
      if (&step == &program.steps().back()) continue;  // the end of the code
      ++n;
      if (step.inst.opcode == nullptr) {
        ++missing["words at " + std::to_string(step.inst.address) + " of " + path];
      } else if (find_handler(step.inst) == nullptr) {
        ++missing[mnemonic(step.inst)];
      } else if (step.inst.opcode->kind == Class::kBranch &&
                 step.inst.opcode->encoding == Encoding::kSopp) {
        ++n_branches;
        EXPECT_GE(step.target, 0) << path << ": " << to_string(step.inst);
      }
    }
    for (const KernelInfo& kernel : program.object().kernels) {
      EXPECT_NE(program.at_object_address(kernel.entry), nullptr) << kernel.name;
    }
  }
  EXPECT_GT(n, 100000U);
  EXPECT_GT(n_branches, 1000U);
  EXPECT_TRUE(missing.empty()) << missing.size() << " kinds, " << missing.begin()->first
                               << " among them";
}

// The mnemonics that compilers were seen to make of kernels like ours.
TEST(HandlersTest, every_instruction_seen_in_kernels_elsewhere_is_carried_out) {
  const std::string path = test::data_file("gfx11-opcodes.txt");
  ROCMFORGE_NEED_DATA(path, "gfx11-opcodes.txt");
  std::ifstream list(path);
  std::set<std::string> wanted, found;
  for (std::string line; std::getline(list, line);) {
    if (!line.empty() && line != "v_illegal") wanted.insert(line);
  }
  for (const Opcode& opcode : opcodes()) {
    const std::string name(opcode.name);
    // A half of a VOPD pair is carried out with its other half, and looked up there.
    const bool half = opcode.encoding == Encoding::kVopdX || opcode.encoding == Encoding::kVopdY;
    Inst inst;
    inst.opcode = &opcode;
    if (wanted.contains(name) && (half || find_handler(inst) != nullptr)) found.insert(name);
  }
  EXPECT_GT(wanted.size(), 200U);
  EXPECT_EQ(found, wanted);
}

}  // namespace
}  // namespace rocmforge::emu
