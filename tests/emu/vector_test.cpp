// Every vector instruction against formulas of its own.
#include <gtest/gtest.h>

#include <set>

#include "emu/vector_reference.h"
#include "emu/vector_rig.h"
#include "emu/vector_words.h"
#include "machine/exec/handlers.h"

namespace rocmforge::emu {
namespace {

std::vector<HandlerRow> all_rows() {
  std::vector<HandlerRow> rows;
  for (const auto part : {vector_handlers(), packed_handlers(), wmma_handlers(), lane_handlers()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

// The mnemonic of an assembled text, as rows name it.
std::string_view row_name(std::string_view text) {
  std::string_view name = text.substr(0, text.find(' '));
  for (const std::string_view ending : {"_e64", "_e32", "_dpp", "_e64_dpp"}) {
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
  }
  return name;
}

TEST(Vector, EachRowComputesItsFormula) {
  std::set<std::string_view> special;
  for (const SpecialCase& each : special_cases()) special.insert(each.name);
  for (const HandlerRow& row : all_rows()) {
    if (special.contains(row.name)) continue;
    bool found = false;
    for (const Assembled& each : kAssembled) {
      if (row_name(each.text) != row.name || found) continue;
      found = true;
      check_against_reference(std::string(each.text));
    }
    EXPECT_TRUE(found) << row.name << " has no case";
  }
}

TEST(Vector, SpecialRows) {
  for (const SpecialCase& each : special_cases()) {
    SCOPED_TRACE(std::string(each.name));
    each.check();
  }
}

// Every row is of an instruction that is decoded, and stands once.
TEST(Vector, RowsAreOfKnownInstructions) {
  std::set<std::string_view> known = {kDualName, kDppName}, seen;
  for (const Opcode& opcode : opcodes()) known.insert(opcode.name);
  for (const HandlerRow& row : all_rows()) {
    EXPECT_TRUE(known.contains(row.name)) << row.name;
    EXPECT_TRUE(seen.insert(row.name).second) << row.name << " twice";
  }
}

}  // namespace
}  // namespace rocmforge::emu
