// VOP1, VOP2, VOPC, VOP3, VOP3P and VOPD.
#include "isa/reader.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kDpp8 = 233, kDpp8FetchInactive = 234, kDpp16 = 250;

int sources_of(const Opcode& opcode) {
  int n = 0;
  while (n < 3 && opcode.src[n] != Type::kNone) ++n;
  return n;
}

// A vector register of VOP1, VOP2 and VOPC: of 16 bits, bit 7 chooses the half (true16).
Operand short_vgpr(const Reader& reader, std::uint32_t number, Type type) {
  if (!is_16_bit(type)) return reader.vgpr(number, type);
  Operand operand = reader.vgpr(number & 0x7f, type);
  operand.high = (number & 0x80) != 0;
  return operand;
}

Operand vcc_mask() {
  return {.kind = Operand::Kind::kSgpr, .index = kVccLo, .n = 1};
}

// quad_perm, row_shl, row_shr, row_ror, the mirrors, row_share, row_xmask.
bool is_dpp_control(std::uint32_t control) {
  if (control < 0x100 || control == 0x140 || control == 0x141) return true;
  if (control >= 0x150 && control < 0x170) return true;
  return control > 0x100 && control < 0x130 && control % 16 != 0;
}

// The word of DPP at `at`: source 0's register is in it. Returns its number.
std::uint32_t decode_dpp(Reader& reader, Inst& inst, std::uint32_t field, std::size_t at) {
  const std::uint32_t word = reader.word(at);
  if (field != kDpp16) {
    inst.dpp.kind = Dpp::Kind::kDpp8;
    inst.dpp.selectors = word >> 8;
    inst.dpp.fetch_inactive = field == kDpp8FetchInactive;
    return bits(word, 0, 8);
  }
  inst.dpp.kind = Dpp::Kind::kDpp16;
  inst.dpp.control = static_cast<std::uint16_t>(bits(word, 8, 9));
  if (!is_dpp_control(inst.dpp.control)) reader.fail("a dpp_ctrl that is not modelled");
  inst.dpp.fetch_inactive = bits(word, 18, 1) != 0;
  inst.dpp.bound_control = bits(word, 19, 1) != 0;
  inst.dpp.bank_mask = static_cast<std::uint8_t>(bits(word, 24, 4));
  inst.dpp.row_mask = static_cast<std::uint8_t>(bits(word, 28, 4));
  return bits(word, 0, 8);
}

bool is_dpp(std::uint32_t field) {
  return field == kDpp8 || field == kDpp8FetchInactive || field == kDpp16;
}

// What VOP1, VOP2 and VOPD leave implicit or put elsewhere. `second` is the encoding's second
// source, if it has one; literals lie at `literal_at`.
void arrange(Reader& reader, Operation& op, const Operand& second, std::size_t literal_at) {
  const Opcode& opcode = *op.opcode;
  const int n = sources_of(opcode);
  switch (opcode.form) {
    case Form::kAccumulate:
      if (n > 2) op.src[1] = second;
      op.src[n - 1] = op.dst;
      break;
    case Form::kAddLiteral:
      op.src[1] = second;
      op.src[2] = reader.literal_of(opcode.src[2], opcode, literal_at);
      break;
    case Form::kMultiplyLiteral:
      op.src[1] = reader.literal_of(opcode.src[1], opcode, literal_at);
      op.src[2] = second;
      break;
    default:
      if (n > 1) op.src[1] = second;
      if (n > 2 && opcode.src[2] == Type::kMask) op.src[2] = vcc_mask();
  }
}

// Where a vector instruction's result goes, by a field of eight bits.
Operand destination(const Reader& reader, const Opcode& opcode, std::uint32_t field, bool is_long) {
  if (opcode.dst == Type::kNone) return {};
  if (opcode.implicit.writes_exec) return {.kind = Operand::Kind::kSgpr, .index = kExecLo, .n = 1};
  if (opcode.dst == Type::kMask || opcode.form == Form::kScalarDst) {
    if (field > 127) reader.fail("no such scalar register");
    return reader.sgpr(field, opcode.dst);
  }
  return is_long ? reader.vgpr(field, opcode.dst) : short_vgpr(reader, field, opcode.dst);
}

bool is_float(Type type) {
  return type == Type::kF16 || type == Type::kF32 || type == Type::kF64;
}

// Whether a source can be negated: bits that mean nothing to an operation are not guessed at.
bool has_sign(const Opcode& opcode, Type type) {
  return is_float(type) || opcode.name.starts_with("v_cndmask") || opcode.name == "v_mov_b32";
}

void check_modifiers(const Reader& reader, const Inst& inst) {
  const Opcode& opcode = *inst.opcode;
  for (int i = 0; i < 3; ++i) {
    const bool is_set = inst.src[i].negate || inst.src[i].absolute;
    if (is_set && !has_sign(opcode, opcode.src[i])) {
      reader.fail("a sign modifier on a source that is no floating-point number");
    }
  }
  if (inst.output_modifier != 0 && !is_float(opcode.dst)) {
    reader.fail("an output modifier on a result that is no floating-point number");
  }
  if (inst.dpp.kind != Dpp::Kind::kNone && registers_of(opcode.src[0]) > 1) {
    reader.fail("DPP on a source of 64 bits");
  }
}

// The row of a VOP3 number, those of the short encodings among them.
const Opcode& vop3_opcode(const Reader& reader, std::uint32_t number) {
  if (number < 256) return opcode_of(reader, Encoding::kVopc, number);
  if (number < 384) return opcode_of(reader, Encoding::kVop2, number - 256);
  if (number < 512) return opcode_of(reader, Encoding::kVop1, number - 384);
  if (const Opcode* row = find_opcode(Encoding::kVop3sd, number)) return *row;
  return opcode_of(reader, Encoding::kVop3, number);
}

// op_sel of VOP3: the halves of 16-bit operands; of v_permlane16, fi and bound_ctrl.
void apply_op_sel(const Reader& reader, Inst& inst, std::uint32_t op_sel) {
  const Opcode& opcode = *inst.opcode;
  if (opcode.name.starts_with("v_permlane")) {
    inst.dpp.fetch_inactive = (op_sel & 1) != 0;
    inst.dpp.bound_control = (op_sel & 2) != 0;
    return;
  }
  for (int i = 0; i < 4; ++i) {
    if ((op_sel >> i & 1) == 0) continue;
    const Type type = i < 3 ? opcode.src[i] : opcode.dst;
    if (!is_16_bit(type)) reader.fail("op_sel on an operand that has not 16 bits");
    (i < 3 ? inst.src[i] : inst.dst).high = true;
  }
  inst.dst_high = inst.dst.high;
  if (opcode.form == Form::kAccumulate) inst.src[sources_of(opcode) - 1].high = inst.dst_high;
}

}  // namespace

void decode_vop12c(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0);
  const std::uint32_t dst = bits(word, 17, 8);
  const bool is_compare = word >> 25 == 0x3e;
  if (is_compare) {
    inst.opcode = &opcode_of(reader, Encoding::kVopc, dst);
  } else if (word >> 25 == 0x3f) {
    inst.opcode = &opcode_of(reader, Encoding::kVop1, bits(word, 9, 8));
  } else {
    inst.opcode = &opcode_of(reader, Encoding::kVop2, bits(word, 25, 6));
  }
  const Opcode& opcode = *inst.opcode;
  inst.dst = is_compare ? destination(reader, opcode, kVccLo, false)
                        : destination(reader, opcode, dst, false);
  inst.dst_high = inst.dst.high;
  if (opcode.dst2 == Type::kMask) inst.dst2 = vcc_mask();

  std::uint32_t field = bits(word, 0, 9);
  if (is_dpp(field)) field = 256 + decode_dpp(reader, inst, field, 1);
  if (opcode.src[0] != Type::kNone) {
    inst.src[0] = field >= 256 ? short_vgpr(reader, field - 256, opcode.src[0])
                               : reader.source(field, opcode.src[0], opcode, 1);
  }
  const bool has_second = opcode.encoding != Encoding::kVop1;
  // v_fmamk's second register is the third operand of its row.
  const Type type = opcode.form == Form::kMultiplyLiteral ? opcode.src[2] : opcode.src[1];
  arrange(reader, inst, has_second ? short_vgpr(reader, bits(word, 9, 8), type) : Operand{}, 1);
  if (inst.dpp.kind == Dpp::Kind::kDpp16) {
    const std::uint32_t dpp = reader.word(1);
    inst.src[0].negate = bits(dpp, 20, 1) != 0;
    inst.src[0].absolute = bits(dpp, 21, 1) != 0;
    inst.src[1].negate = bits(dpp, 22, 1) != 0;
    inst.src[1].absolute = bits(dpp, 23, 1) != 0;
  }
  check_modifiers(reader, inst);
}

void decode_vop3(Reader& reader, Inst& inst) {
  const std::uint32_t low = reader.word(0), high = reader.word(1);
  inst.opcode = &vop3_opcode(reader, bits(low, 16, 10));
  const Opcode& opcode = *inst.opcode;
  inst.as_vop3 = true;
  inst.clamp = bits(low, 15, 1) != 0;
  inst.output_modifier = static_cast<std::uint8_t>(bits(high, 27, 2));
  if (opcode.form == Form::kAddLiteral || opcode.form == Form::kMultiplyLiteral) {
    reader.fail(std::string(opcode.name) + " has no long form");
  }
  inst.dst = destination(reader, opcode, bits(low, 0, 8), true);
  const bool has_second_dst = opcode.dst2 == Type::kMask;
  if (has_second_dst) inst.dst2 = reader.sgpr(bits(low, 8, 7), Type::kMask);

  const int n = sources_of(opcode) - (opcode.form == Form::kAccumulate ? 1 : 0);
  for (int i = 0; i < n; ++i) {
    std::uint32_t field = bits(high, 9 * i, 9);
    if (i == 0 && is_dpp(field)) field = 256 + decode_dpp(reader, inst, field, 2);
    if (opcode.src[i] == Type::kMask && field >= 128) reader.fail("a mask that is no SGPR");
    inst.src[i] = reader.source(field, opcode.src[i], opcode, 2);
    inst.src[i].negate = bits(high, 29 + i, 1) != 0;
    inst.src[i].absolute = !has_second_dst && bits(low, 8 + i, 1) != 0;
  }
  if (opcode.form == Form::kAccumulate) inst.src[n] = inst.dst;
  if (!has_second_dst) apply_op_sel(reader, inst, bits(low, 11, 4));
  check_modifiers(reader, inst);
}

void decode_vop3p(Reader& reader, Inst& inst) {
  const std::uint32_t low = reader.word(0), high = reader.word(1);
  inst.opcode = &opcode_of(reader, Encoding::kVop3p, bits(low, 16, 7));
  const Opcode& opcode = *inst.opcode;
  inst.clamp = bits(low, 15, 1) != 0;
  inst.dst = reader.vgpr(bits(low, 0, 8), opcode.dst);
  inst.dst.high = inst.dst_high = opcode.form == Form::kMixHigh;
  const bool is_mix = opcode.form == Form::kMix || opcode.form == Form::kMixHigh;
  const std::uint32_t op_sel_hi = bits(high, 27, 2) | bits(low, 14, 1) << 2;
  for (int i = 0; i < sources_of(opcode); ++i) {
    const bool from_high = (op_sel_hi >> i & 1) != 0;
    const Type type = is_mix && from_high ? Type::kF16 : opcode.src[i];
    std::uint32_t field = bits(high, 9 * i, 9);
    if (i == 0 && is_dpp(field)) field = 256 + decode_dpp(reader, inst, field, 2);
    Operand& operand = inst.src[i] = reader.source(field, type, opcode, 2);
    operand.high = bits(low, 11 + i, 1) != 0;
    operand.high_of_high = from_high;
    operand.negate = bits(high, 29 + i, 1) != 0;
    const bool neg_hi = bits(low, 8 + i, 1) != 0;
    (is_mix ? operand.absolute : operand.negate_high) = neg_hi;
    if (type == Type::kPk16 && (operand.negate || neg_hi)) {
      reader.fail("a sign modifier on packed integers");
    }
    if (opcode.kind == Class::kWmma && !operand.is_vgpr() && !(i == 2 && operand.is_constant())) {
      reader.fail("a matrix that is not in vector registers");
    }
  }
}

void decode_vopd(Reader& reader, Inst& inst) {
  const std::uint32_t low = reader.word(0), high = reader.word(1);
  Operation y;
  inst.opcode = &opcode_of(reader, Encoding::kVopdX, bits(low, 22, 4));
  y.opcode = &opcode_of(reader, Encoding::kVopdY, bits(low, 17, 5));
  const std::uint32_t dst_x = bits(high, 24, 8);
  inst.dst = reader.vgpr(dst_x, inst.opcode->dst);
  // One of the two destinations is even and the other odd; Y's lowest bit is not stored.
  y.dst = reader.vgpr(bits(high, 17, 7) << 1 | (~dst_x & 1), y.opcode->dst);
  inst.src[0] = reader.source(bits(low, 0, 9), inst.opcode->src[0], *inst.opcode, 2);
  y.src[0] = reader.source(bits(high, 0, 9), y.opcode->src[0], *y.opcode, 2);
  arrange(reader, inst, reader.vgpr(bits(low, 9, 8), Type::kB32), 2);
  arrange(reader, y, reader.vgpr(bits(high, 9, 8), Type::kB32), 2);
  inst.second = y;
}

}  // namespace rocmforge::emu
