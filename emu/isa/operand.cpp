// Fields of source operands to operands.
#include "isa/reader.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kTrapFirst = 108, kTrapLast = 123, kZero = 128, kIntLast = 208,
                        kSharedBase = 235, kPrivateBase = 237, kFloatFirst = 240, kFloatLast = 248,
                        kVccz = 251, kExecz = 252, kScc = 253, kLiteral = 255, kVgprFirst = 256;

// 0.5, -0.5, 1, -1, 2, -2, 4, -4, 1 / (2 pi)
constexpr std::uint16_t kF16[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000,
                                  0xc000, 0x4400, 0xc400, 0x3118};
constexpr std::uint32_t kF32[] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                  0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983};
constexpr std::uint64_t kF64[] = {0x3fe0000000000000, 0xbfe0000000000000, 0x3ff0000000000000,
                                  0xbff0000000000000, 0x4000000000000000, 0xc000000000000000,
                                  0x4010000000000000, 0xc010000000000000, 0x3fc45f306dc9c882};

// Integers are the same number at each width; the floating-point ones follow the operand's type.
std::uint64_t inline_constant(std::uint32_t field, Type type) {
  if (field <= kIntLast) {
    const std::int64_t value = field <= 192 ? static_cast<std::int64_t>(field) - 128
                                            : 192 - static_cast<std::int64_t>(field);
    if (registers_of(type) == 2) return static_cast<std::uint64_t>(value);
    const auto word = static_cast<std::uint32_t>(value);
    return is_16_bit(type) ? word & 0xffff : word;
  }
  const std::uint32_t at = field - kFloatFirst;
  switch (type) {
    case Type::kF16:
    case Type::kPkF16:
      return kF16[at];
    case Type::kPkBF16:
      return kF32[at] >> 16;
    case Type::kB64:
    case Type::kF64:
      return kF64[at];
    default:
      return kF32[at];
  }
}

// A literal has 32 bits: of f64 the high ones; integers of 64 bits are extended by their sign.
std::uint64_t extend_literal(std::uint32_t word, Type type, const Opcode& opcode) {
  if (type == Type::kF64) return std::uint64_t{word} << 32;
  if (type == Type::kB64 && opcode.name.find("i64") != std::string_view::npos) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(word)));
  }
  return is_16_bit(type) ? word & 0xffff : word;
}

}  // namespace

bool is_16_bit(Type type) {
  return type == Type::kB16 || type == Type::kF16;
}

Operand constant(std::uint64_t value) {
  return {.kind = Operand::Kind::kConstant, .constant = value};
}

Operand Reader::vgpr(std::uint32_t number, Type type) const {
  const int n = registers_of(type);
  if (static_cast<int>(number) + n > 256) fail("its vector registers end past v255");
  return {.kind = Operand::Kind::kVgpr,
          .index = static_cast<std::uint8_t>(number),
          .n = static_cast<std::uint8_t>(n)};
}

Operand Reader::sgpr(std::uint32_t number, Type type) const {
  int n = registers_of(type);
  if (number == kNull) n = 1;
  if (number >= kTrapFirst && number <= kTrapLast) fail("the trap handler's registers");
  // Four and more start at a multiple of four.
  const std::uint32_t align = n == 1 ? 1 : n == 2 ? 2 : 4;
  if (number % align != 0) fail("its scalar registers are not aligned");
  const std::uint32_t end = number + static_cast<std::uint32_t>(n);
  if (end > 128 || (number < kVccLo && end > kVccLo)) fail("its scalar registers end past s105");
  return {.kind = Operand::Kind::kSgpr,
          .index = static_cast<std::uint8_t>(number),
          .n = static_cast<std::uint8_t>(n)};
}

Operand Reader::literal_of(Type type, const Opcode& opcode, std::size_t literal_at) {
  return constant(extend_literal(literal(literal_at), type, opcode));
}

Operand Reader::source(std::uint32_t field, Type type, const Opcode& opcode,
                       std::size_t literal_at) {
  if (field >= kVgprFirst) return vgpr(field - kVgprFirst, type);
  if (field == kNull) return constant(0);
  if (field < kZero) return sgpr(field, type);
  if (field == kLiteral) return literal_of(type, opcode, literal_at);
  if (field == kVccz) return {.kind = Operand::Kind::kVccz};
  if (field == kExecz) return {.kind = Operand::Kind::kExecz};
  if (field == kScc) return {.kind = Operand::Kind::kScc};
  if (field <= kIntLast) return constant(inline_constant(field, type));
  if (field == kSharedBase && type == Type::kB64) return constant(kSharedWindow);
  if (field == kPrivateBase && type == Type::kB64) return constant(kScratchWindow);
  if (field < kFloatFirst || field > kFloatLast) {
    fail("source " + std::to_string(field) + " is not modelled");
  }
  // LLVM's assembler and its disassembler do not agree on what it is.
  if (type == Type::kB16) fail("a floating-point constant as an integer of 16 bits");
  if (opcode.kind == Class::kWmma && opcode.name.find("wmma_f32") == std::string_view::npos) {
    fail("a floating-point constant as the accumulator of a matrix that is not f32");
  }
  return constant(inline_constant(field, type));
}

}  // namespace rocmforge::emu
