// Which encoding the words are of, and the scalar and memory ones.
#include "isa/decode.h"

#include <cstdio>

#include "isa/reader.h"

namespace rocmforge::emu {
namespace {

std::int32_t sign_extend(std::uint32_t value, int n) {
  const std::uint32_t sign = 1U << (n - 1);
  return static_cast<std::int32_t>((value ^ sign) - sign);
}

void decode_sop1(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0), field = bits(word, 0, 8);
  const Opcode& opcode = opcode_of(reader, Encoding::kSop1, bits(word, 8, 8));
  inst.opcode = &opcode;
  if (opcode.dst != Type::kNone) inst.dst = reader.sgpr(bits(word, 16, 7), opcode.dst);
  if (opcode.src[0] != Type::kNone) {
    inst.src[0] = reader.source(field, opcode.src[0], opcode, 1);
  } else {
    inst.immediate = static_cast<std::int32_t>(field);
  }
  if (opcode.kind == Class::kBranch && !inst.src[0].is_none() && !inst.src[0].is_sgpr()) {
    reader.fail("a jump to a constant");
  }
}

void decode_sop2(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0);
  const Opcode& opcode = opcode_of(reader, Encoding::kSop2, bits(word, 23, 7));
  inst.opcode = &opcode;
  inst.dst = reader.sgpr(bits(word, 16, 7), opcode.dst);
  inst.src[0] = reader.source(bits(word, 0, 8), opcode.src[0], opcode, 1);
  inst.src[1] = reader.source(bits(word, 8, 8), opcode.src[1], opcode, 1);
}

void decode_sopc(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0);
  const Opcode& opcode = opcode_of(reader, Encoding::kSopc, bits(word, 16, 7));
  inst.opcode = &opcode;
  inst.src[0] = reader.source(bits(word, 0, 8), opcode.src[0], opcode, 1);
  inst.src[1] = reader.source(bits(word, 8, 8), opcode.src[1], opcode, 1);
}

void decode_sopk(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0);
  const Opcode& opcode = opcode_of(reader, Encoding::kSopk, bits(word, 23, 5));
  inst.opcode = &opcode;
  inst.immediate = sign_extend(bits(word, 0, 16), 16);
  const std::uint32_t number = bits(word, 16, 7);
  if (opcode.dst != Type::kNone) inst.dst = reader.sgpr(number, opcode.dst);
  if (opcode.src[0] == Type::kNone) return;
  inst.src[0] = opcode.form == Form::kLiteral ? reader.literal_of(Type::kB32, opcode, 1)
                                              : reader.source(number, Type::kB32, opcode, 1);
}

void decode_sopp(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0);
  inst.opcode = &opcode_of(reader, Encoding::kSopp, bits(word, 16, 7));
  inst.immediate = sign_extend(bits(word, 0, 16), 16);
}

void decode_smem(Reader& reader, Inst& inst) {
  const std::uint32_t low = reader.word(0), high = reader.word(1);
  const Opcode& opcode = opcode_of(reader, Encoding::kSmem, bits(low, 18, 8));
  inst.opcode = &opcode;
  inst.glc = bits(low, 14, 1) != 0;
  inst.dlc = bits(low, 13, 1) != 0;
  if (opcode.dst == Type::kNone) return;
  inst.dst = reader.sgpr(bits(low, 6, 7), opcode.dst);
  inst.src[0] = reader.sgpr(bits(low, 0, 6) * 2, opcode.src[0]);
  const std::uint32_t offset = bits(high, 25, 7);
  if (offset != kNull) inst.src[1] = reader.sgpr(offset, Type::kB32);
  inst.offset = sign_extend(bits(high, 0, 21), 21);
}

void decode_ds(Reader& reader, Inst& inst) {
  const std::uint32_t low = reader.word(0), high = reader.word(1);
  const Opcode& opcode = opcode_of(reader, Encoding::kDs, bits(low, 18, 8));
  inst.opcode = &opcode;
  if (bits(low, 17, 1) != 0) reader.fail("the global data share");
  if (opcode.name.find("2addr") != std::string_view::npos) {
    inst.offset = static_cast<std::int32_t>(bits(low, 0, 8));
    inst.offset2 = static_cast<std::int32_t>(bits(low, 8, 8));
  } else {
    inst.offset = static_cast<std::int32_t>(bits(low, 0, 16));
  }
  if (opcode.dst != Type::kNone) inst.dst = reader.vgpr(bits(high, 24, 8), opcode.dst);
  for (int i = 0; i < 3; ++i) {
    if (opcode.src[i] == Type::kNone) continue;
    inst.src[i] = reader.vgpr(bits(high, 8 * i, 8), opcode.src[i]);
  }
  if (opcode.form != Form::kHighHalf) return;
  if (opcode.dst == Type::kNone) {
    inst.src[1].high = true;
  } else {
    inst.dst.high = inst.dst_high = true;
  }
}

// FLAT, GLOBAL, SCRATCH.
void decode_memory(Reader& reader, Inst& inst) {
  const std::uint32_t low = reader.word(0), high = reader.word(1);
  static constexpr Encoding kSegments[] = {Encoding::kFlat, Encoding::kScratch, Encoding::kGlobal};
  const std::uint32_t segment = bits(low, 16, 2);
  if (segment > 2) reader.fail("no such segment");
  const Opcode& opcode = opcode_of(reader, kSegments[segment], bits(low, 18, 7));
  inst.opcode = &opcode;
  inst.offset = sign_extend(bits(low, 0, 13), 13);
  inst.dlc = bits(low, 13, 1) != 0;
  inst.glc = bits(low, 14, 1) != 0;
  inst.slc = bits(low, 15, 1) != 0;

  const std::uint32_t base = bits(high, 16, 7);
  const bool has_base = base != kNull, has_vector = bits(high, 23, 1) != 0;
  if (opcode.encoding == Encoding::kScratch) {
    if (has_vector) inst.src[0] = reader.vgpr(bits(high, 0, 8), Type::kB32);
  } else {
    if (has_vector) reader.fail("SVE is scratch's alone");
    inst.src[0] = reader.vgpr(bits(high, 0, 8), has_base ? Type::kB32 : Type::kB64);
  }
  if (has_base) {
    if (opcode.src[2] == Type::kNone) reader.fail("FLAT has no scalar base");
    inst.src[2] = reader.sgpr(base, opcode.src[2]);
  }
  if (opcode.encoding == Encoding::kFlat && inst.offset < 0) {
    reader.fail("FLAT has no negative offsets");
  }
  if (opcode.src[1] != Type::kNone) inst.src[1] = reader.vgpr(bits(high, 8, 8), opcode.src[1]);
  if (opcode.kind == Class::kLoad || (opcode.kind == Class::kAtomic && inst.glc)) {
    inst.dst = reader.vgpr(bits(high, 24, 8), opcode.dst);
  }
  if (opcode.form == Form::kHighHalf) {
    (opcode.kind == Class::kLoad ? inst.dst : inst.src[1]).high = true;
    inst.dst_high = opcode.kind == Class::kLoad;
  }
}

void decode_mubuf(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0);
  reader.word(1);
  inst.opcode = &opcode_of(reader, Encoding::kMubuf, bits(word, 18, 8));
}

void decode_scalar(Reader& reader, Inst& inst) {
  const std::uint32_t word = reader.word(0);
  switch (word >> 23) {
    case 0x17d:
      return decode_sop1(reader, inst);
    case 0x17e:
      return decode_sopc(reader, inst);
    case 0x17f:
      return decode_sopp(reader, inst);
    default:
      return word >> 28 == 0xb ? decode_sopk(reader, inst) : decode_sop2(reader, inst);
  }
}

}  // namespace

std::uint32_t Reader::word(std::size_t at) {
  if (at >= words_.size()) fail("the code ends within it");
  if (at >= used_) used_ = at + 1;
  return words_[at];
}

void Reader::fail(const std::string& what) const {
  char text[64];
  std::snprintf(text, sizeof text,
                "instruction at 0x%llx:", static_cast<unsigned long long>(address_));
  std::string message = text;
  for (std::size_t i = 0; i < words_.size() && i < 3; ++i) {
    std::snprintf(text, sizeof text, " %08x", words_[i]);
    message += text;
  }
  throw DecodeError(message + ": " + what);
}

const Opcode& opcode_of(const Reader& reader, Encoding encoding, std::uint32_t number) {
  if (const Opcode* row = find_opcode(encoding, number)) return *row;
  static constexpr const char* kNames[] = {
      "SOP1", "SOP2",  "SOPK",   "SOPC",   "SOPP", "SMEM",  "VOP1", "VOP2",   "VOPC",   "VOP3",
      "VOP3", "VOP3P", "VOPD X", "VOPD Y", "DS",   "MUBUF", "FLAT", "GLOBAL", "SCRATCH"};
  reader.fail(std::string(kNames[static_cast<int>(encoding)]) + " " + std::to_string(number) +
              " is not known");
}

Inst decode(std::span<const std::uint32_t> words, std::uint64_t address) {
  Reader reader(words, address);
  Inst inst;
  inst.address = address;
  const std::uint32_t word = reader.word(0);
  if (word >> 31 == 0) {
    decode_vop12c(reader, inst);
  } else if (word >> 30 == 2) {
    decode_scalar(reader, inst);
  } else {
    switch (word >> 26) {
      case 0x32:
        decode_vopd(reader, inst);
        break;
      case 0x33:
        if (bits(word, 23, 3) != 0) reader.fail("the encoding is not known");  // VINTERP
        decode_vop3p(reader, inst);
        break;
      case 0x35:
        decode_vop3(reader, inst);
        break;
      case 0x36:
        decode_ds(reader, inst);
        break;
      case 0x37:
        decode_memory(reader, inst);
        break;
      case 0x38:
        decode_mubuf(reader, inst);
        break;
      case 0x3d:
        decode_smem(reader, inst);
        break;
      default:
        reader.fail("the encoding is not known");
    }
  }
  inst.size = static_cast<std::uint8_t>(reader.bytes());
  return inst;
}

}  // namespace rocmforge::emu
