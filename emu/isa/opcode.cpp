#include "isa/opcode.h"

#include <array>
#include <vector>

#include "isa/rows.h"

namespace rocmforge::emu {
namespace {

constexpr int kEncodings = static_cast<int>(Encoding::kScratch) + 1;

struct Table {
  std::vector<Opcode> rows;
  std::array<std::vector<const Opcode*>, kEncodings> by_number;

  Table() {
    for (const auto part : {scalar_rows(), control_rows(), vop12_rows(), vopc_rows(), vop3_rows(),
                            vopd_rows(), ds_rows(), memory_rows()}) {
      rows.insert(rows.end(), part.begin(), part.end());
    }
    for (const Opcode& row : rows) {
      auto& of = by_number[static_cast<std::size_t>(row.encoding)];
      if (of.size() <= row.number) of.resize(row.number + std::size_t{1});
      of[row.number] = &row;
    }
  }
};

const Table& table() {
  // Never destroyed: counters are written when the process ends.
  static const Table* const kTable = new Table;
  return *kTable;
}

}  // namespace

int registers_of(Type type) {
  switch (type) {
    case Type::kNone:
      return 0;
    case Type::kB64:
    case Type::kF64:
      return 2;
    case Type::kB96:
      return 3;
    case Type::kB128:
      return 4;
    case Type::kB256:
      return 8;
    case Type::kB512:
      return 16;
    default:
      return 1;
  }
}

std::string_view to_string(Class kind) {
  static constexpr std::string_view kNames[kClasses] = {
      "salu",   "branch",  "smem",    "valu", "transcendental", "slow_integer",
      "double", "dot",     "wmma",    "load", "store",          "atomic",
      "lds",    "permute", "barrier", "wait", "other"};
  return kNames[static_cast<int>(kind)];
}

const Opcode* find_opcode(Encoding encoding, std::uint32_t number) {
  const auto& of = table().by_number[static_cast<std::size_t>(encoding)];
  return number < of.size() ? of[number] : nullptr;
}

std::span<const Opcode> opcodes() {
  return table().rows;
}

}  // namespace rocmforge::emu
