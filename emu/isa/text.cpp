// Instructions as text.
#include <cstdio>

#include "isa/decode.h"

namespace rocmforge::emu {
namespace {

// VOP1 and VOP2 whose one form goes without a suffix.
bool is_bare(const Opcode& opcode) {
  if (opcode.form != Form::kPlain && opcode.form != Form::kAccumulate) return true;
  if (opcode.form == Form::kAccumulate) return !opcode.name.starts_with("v_fmac");
  return opcode.name == "v_nop" || opcode.name == "v_pipeflush" ||
         opcode.name == "v_permlane64_b32" || opcode.name == "v_swaprel_b32";
}

std::string range(char file, int index, int n) {
  char text[24];
  if (n == 1) {
    std::snprintf(text, sizeof text, "%c%d", file, index);
  } else {
    std::snprintf(text, sizeof text, "%c[%d:%d]", file, index, index + n - 1);
  }
  return text;
}

std::string sgpr(const Operand& operand) {
  switch (operand.index) {
    case kVccLo:
      return operand.n == 2 ? "vcc" : "vcc_lo";
    case kVccHi:
      return "vcc_hi";
    case kNull:
      return "null";
    case kM0:
      return "m0";
    case kExecLo:
      return operand.n == 2 ? "exec" : "exec_lo";
    case kExecHi:
      return "exec_hi";
    default:
      return range('s', operand.index, operand.n);
  }
}

std::string bare(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::kVgpr:
      return range('v', operand.index, operand.n) + (operand.high ? ".h" : "");
    case Operand::Kind::kSgpr:
      return sgpr(operand) + (operand.high ? ".h" : "");
    case Operand::Kind::kConstant: {
      const auto value = static_cast<std::int64_t>(operand.constant);
      const auto narrow = static_cast<std::int32_t>(operand.constant);
      if (value >= -16 && value <= 64) return std::to_string(value);
      if (value >> 32 == 0 && narrow < 0 && narrow >= -16) return std::to_string(narrow);
      char text[24];
      std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(operand.constant));
      return text;
    }
    case Operand::Kind::kScc:
      return "src_scc";
    case Operand::Kind::kVccz:
      return "src_vccz";
    case Operand::Kind::kExecz:
      return "src_execz";
    case Operand::Kind::kNone:
      break;
  }
  return "off";
}

std::string with_modifiers(const Operand& operand) {
  std::string text = operand.negate ? "-" : "";
  if (operand.absolute) text += '|';
  text += bare(operand);
  if (operand.absolute) text += '|';
  return text;
}

// A bit an operand, first the first: " op_sel:[0,1,0]".
template <typename Bit>
std::string bit_list(const Operation& op, const char* name, bool usual, Bit bit) {
  std::string list;
  bool differs = false;
  for (const Operand& source : op.src) {
    if (source.is_none()) continue;
    differs |= bit(source) != usual;
    if (!list.empty()) list += ',';
    list += bit(source) ? '1' : '0';
  }
  if (!differs) return "";
  std::string text(" ");
  text.append(name).append(":[").append(list).append("]");
  return text;
}

std::string operands(const Operation& op) {
  std::string text;
  for (const Operand* operand : {&op.dst, &op.dst2, &op.src[0], &op.src[1], &op.src[2]}) {
    if (operand->is_none()) continue;
    text.append(text.empty() ? " " : ", ").append(with_modifiers(*operand));
  }
  return text;
}

std::string dpp(const Dpp& dpp) {
  char text[96] = "";
  if (dpp.kind == Dpp::Kind::kDpp8) {
    std::snprintf(text, sizeof text, " dpp8:0x%06x fi:%d", dpp.selectors, dpp.fetch_inactive);
  } else if (dpp.kind == Dpp::Kind::kDpp16) {
    std::snprintf(text, sizeof text, " dpp_ctrl:0x%x row_mask:0x%x bank_mask:0x%x%s%s", dpp.control,
                  dpp.row_mask, dpp.bank_mask, dpp.bound_control ? " bound_ctrl:1" : "",
                  dpp.fetch_inactive ? " fi:1" : "");
  }
  return text;
}

}  // namespace

std::string mnemonic(const Inst& inst) {
  if (inst.opcode == nullptr) return "(none)";
  const Opcode& opcode = *inst.opcode;
  std::string text(opcode.name);
  if (inst.is_dual()) return text + " :: " + std::string(inst.second.opcode->name);
  const bool has_dpp = inst.dpp.kind != Dpp::Kind::kNone;
  switch (opcode.encoding) {
    case Encoding::kVop1:
    case Encoding::kVop2:
    case Encoding::kVopc:
      if (inst.as_vop3) return text + (has_dpp ? "_e64_dpp" : "_e64");
      if (has_dpp) return opcode.encoding == Encoding::kVopc ? text : text + "_dpp";
      return is_bare(opcode) ? text : text + "_e32";
    default:
      return has_dpp ? text + "_e64_dpp" : text;
  }
}

std::string to_string(const Inst& inst) {
  if (inst.opcode == nullptr) return "(none)";
  if (inst.is_dual()) {
    return std::string(inst.opcode->name) + operands(inst) +
           " :: " + std::string(inst.second.opcode->name) + operands(inst.second);
  }
  const Encoding encoding = inst.opcode->encoding;
  std::string text = mnemonic(inst) + operands(inst);
  if (encoding == Encoding::kSopp || encoding == Encoding::kSopk) {
    text.append(inst.dst.is_none() && inst.src[0].is_none() ? " " : ", ");
    text.append(std::to_string(inst.immediate));
  }
  if (encoding == Encoding::kVop3p) {
    text += bit_list(inst, "op_sel", false, [](const Operand& o) { return o.high; });
    text += bit_list(inst, "op_sel_hi", true, [](const Operand& o) { return o.high_of_high; });
    text += bit_list(inst, "neg_hi", false, [](const Operand& o) { return o.negate_high; });
  }
  if (inst.offset2 != 0) {
    text.append(" offset0:").append(std::to_string(inst.offset));
    text.append(" offset1:").append(std::to_string(inst.offset2));
  } else if (inst.offset != 0) {
    text.append(" offset:").append(std::to_string(inst.offset));
  }
  static constexpr const char* kOutput[] = {"", " mul:2", " mul:4", " div:2"};
  text += kOutput[inst.output_modifier & 3];
  return text + (inst.clamp ? " clamp" : "") + (inst.glc ? " glc" : "") + (inst.slc ? " slc" : "") +
         (inst.dlc ? " dlc" : "") + dpp(inst.dpp);
}

}  // namespace rocmforge::emu
