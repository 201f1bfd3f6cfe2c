#include "check/defined.h"

#include <optional>

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kOnes = 0xffffffffU;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

bool is_half(Type type) {
  return type == Type::kB16 || type == Type::kF16;
}
bool is_packed(Type type) {
  return type == Type::kPk16 || type == Type::kPkF16 || type == Type::kPkBF16;
}

// What rules look at: an operation's sources as halves, and values where they are known.
struct Sources {
  const Defined& d;
  const Wave* wave;  // null where values do not matter
  const Operation& operation;
  const LaneContext& lanes;

  // Register `reg` of source i.
  Halves of(int i, int reg = 0) const {
    const Operand& operand = operation.src[i];
    if (operand.is_vgpr()) {
      const Halves x = d.v[at(operand.index + reg)];
      if (i != 0 || !lanes.moves) return x;
      return halves(moved(low(x), lanes.dpp), moved(high(x), lanes.dpp));
    }
    if (!operand.is_sgpr()) return operand.kind == Operand::Kind::kScc && !d.scc ? 0 : kAllHalves;
    const std::uint32_t bits = d.bits(operand, reg);
    return halves((bits & 0xffffU) == 0xffffU ? kOnes : 0, bits >> 16 == 0xffffU ? kOnes : 0);
  }
  // The half that op_sel chooses, as lanes.
  std::uint32_t half(int i) const {
    const Halves x = of(i);
    return operation.src[i].high ? high(x) : low(x);
  }
  std::optional<std::uint32_t> value(int i) const {
    const Operand& operand = operation.src[i];
    if (operand.is_constant()) return static_cast<std::uint32_t>(operand.constant);
    if (operand.is_sgpr() && d.bits(operand, 0) == kOnes) return wave->s[operand.index];
    return std::nullopt;
  }
  // A register with itself.
  bool is_same() const {
    const Operand &a = operation.src[0], &b = operation.src[1];
    return !lanes.moves && a.kind == b.kind && a.index == b.index && (a.is_vgpr() || a.is_sgpr());
  }
};

// Halves in which a known value has nothing but `bits` (0 or all ones).
Halves decided(const std::optional<std::uint32_t>& value, std::uint32_t bits) {
  if (!value) return 0;
  return halves(((*value ^ bits) & 0xffffU) == 0 ? kOnes : 0,
                (*value ^ bits) >> 16 == 0 ? kOnes : 0);
}

Halves shift_left(Halves x, const std::optional<std::uint32_t>& by, std::uint32_t by_defined) {
  if (!by) return full(both(x) & by_defined);
  const std::uint32_t n = *by & 31U;
  if (n == 0) return x;
  return n < 16 ? halves(low(x), both(x)) : halves(kOnes, low(x));
}

Halves shift_right(Halves x, const std::optional<std::uint32_t>& by, std::uint32_t by_defined,
                   bool is_signed) {
  if (!by) return full(both(x) & by_defined);
  const std::uint32_t n = *by & 31U;
  if (n == 0) return x;
  const std::uint32_t upper = is_signed || n < 16 ? high(x) : kOnes;
  return halves(n < 16 ? both(x) : high(x), upper);
}

// 32 bits from bit `shift` on of {a, b}, b being the lower.
Halves align(Halves a, Halves b, std::uint32_t shift) {
  const std::uint32_t x[5] = {low(b), high(b), low(a), high(a), kOnes};
  const std::uint32_t first = shift / 16 > 3 ? 3 : shift / 16;
  const bool exact = shift % 16 == 0;
  const auto span = [&](std::uint32_t i) {
    const std::uint32_t from = i > 4 ? 4 : i, to = i + 1 > 4 ? 4 : i + 1;
    return exact ? x[from] : x[from] & x[to];
  };
  return halves(span(first), span(first + 1));
}

Halves permuted(const Sources& s) {
  const auto selector = s.value(2);
  const Halves a = s.of(0), b = s.of(1);
  if (!selector) return full(both(a) & both(b) & both(s.of(2)));
  const auto byte = [&](std::uint32_t i) {
    const std::uint32_t n = *selector >> 8 * i & 0xffU;
    if (n >= 12) return kOnes;
    if (n >= 8) {  // a sign: of b's halves, then of a's
      const Halves x = n < 10 ? b : a;
      return (n & 1U) != 0 ? high(x) : low(x);
    }
    const Halves x = n < 4 ? b : a;
    return (n & 2U) != 0 ? high(x) : low(x);
  };
  return halves(byte(0) & byte(1), byte(2) & byte(3));
}

Halves extracted(const Sources& s) {
  const auto first = s.value(1), n = s.value(2);
  if (!first || !n) return full(both(s.of(0)) & both(s.of(1)) & both(s.of(2)));
  const std::uint32_t begin = *first & 31U, width = *n & 31U;
  if (width == 0) return kAllHalves;
  std::uint32_t lanes = kOnes;
  if (begin < 16) lanes &= low(s.of(0));
  if (begin + width > 16) lanes &= high(s.of(0));
  return full(lanes);
}

Halves inserted(const Sources& s) {
  const auto mask = s.value(0);
  const Halves a = s.of(0), b = s.of(1), c = s.of(2);
  if (!mask) return full(both(a) & both(b) & both(c));
  const Halves from_b = decided(mask, kOnes), from_c = decided(mask, 0);
  return (from_b & b) | (from_c & c) | (~from_b & ~from_c & b & c);
}

Halves selected(const Sources& s, const Defined& d, const Operation& operation) {
  const Operand& condition = operation.src[2];
  const std::uint32_t takes = condition.is_sgpr() ? s.wave->s[condition.index]
                                                  : static_cast<std::uint32_t>(condition.constant);
  const std::uint32_t known = d.bits(condition, 0);
  const bool by_halves = is_half(operation.opcode->src[0]);
  const Halves a = by_halves ? full(s.half(0)) : s.of(0), b = by_halves ? full(s.half(1)) : s.of(1);
  return full(known) & ((full(takes) & b) | (full(~takes) & a));
}

Halves packed(const Sources& s) {
  std::uint32_t lower = kOnes, upper = kOnes;
  for (int i = 0; i < 3; ++i) {
    const Operand& operand = s.operation.src[i];
    if (operand.is_none() || operand.is_constant()) continue;
    const Halves x = s.of(i);
    lower &= operand.high ? high(x) : low(x);
    upper &= operand.high_of_high ? high(x) : low(x);
  }
  return halves(lower, upper);
}

Halves mixed(const Sources& s) {
  std::uint32_t lanes = kOnes;
  for (int i = 0; i < 3; ++i) {
    lanes &= s.operation.src[i].high_of_high ? s.half(i) : both(s.of(i));
  }
  return full(lanes);
}

}  // namespace

bool Defined::all(const Operand& operand) const {
  if (operand.kind == Operand::Kind::kScc) return scc;
  if (!operand.is_sgpr()) return true;
  for (int reg = 0; reg < operand.n; ++reg) {
    if (bits(operand, reg) != kOnes) return false;
  }
  return true;
}

std::uint32_t Defined::bits(const Operand& operand, int reg) const {
  if (operand.kind == Operand::Kind::kScc) return scc ? kOnes : 0;
  if (!operand.is_sgpr() || operand.index == kNull) return kOnes;
  return s[at(operand.index + reg)];
}

std::uint32_t defined_source(const Defined& d, const Operation& operation, int i,
                             const LaneContext& lanes) {
  const Operand& operand = operation.src[i];
  const Type type = operation.opcode->src[i];
  if (operand.is_none() || operand.is_constant()) return kOnes;
  if (type == Type::kMask) return d.bits(operand, 0);
  if (operand.is_sgpr() && !is_half(type)) return d.all(operand) ? kOnes : 0;
  const Sources s{d, nullptr, operation, lanes};
  if (is_half(type)) return s.half(i);
  if (is_packed(type)) {
    const Halves x = s.of(i);
    return (operand.high ? high(x) : low(x)) & (operand.high_of_high ? high(x) : low(x));
  }
  std::uint32_t all = kOnes;
  for (int reg = 0; reg < (operand.n > 0 ? operand.n : 1); ++reg) all &= both(s.of(i, reg));
  return all;
}

std::uint32_t defined_sources(const Defined& d, const Operation& operation,
                              const LaneContext& lanes) {
  std::uint32_t all = operation.opcode->implicit.reads_vcc ? d.s[kVccLo] : kOnes;
  for (int i = 0; i < 3; ++i) all &= defined_source(d, operation, i, lanes);
  return all;
}

Halves defined_result(const Defined& d, const Wave& wave, const Operation& operation, Rule rule,
                      const LaneContext& lanes) {
  const Sources s{d, &wave, operation, lanes};
  const Halves a = s.of(0), b = s.of(1), c = s.of(2);
  switch (rule) {
    case Rule::kSame:
      return s.is_same() ? kAllHalves : a & b;
    case Rule::kBitwise:
      return a & b & c;
    case Rule::kSubtract:
      if (s.is_same()) return kAllHalves;
      [[fallthrough]];
    case Rule::kCarry:
      return halves(low(a & b & c), both(a & b & c));
    case Rule::kAnd:
      return (a & b) | decided(s.value(0), 0) | decided(s.value(1), 0);
    case Rule::kOr:
      return (a & b & c) | decided(s.value(0), kOnes) | decided(s.value(1), kOnes);
    case Rule::kAndOr:
      return ((a & b) | decided(s.value(0), 0) | decided(s.value(1), 0)) & c;
    case Rule::kShiftLeft:
      return shift_left(b, s.value(0), both(a));
    case Rule::kShiftRight:
      return shift_right(b, s.value(0), both(a), false);
    case Rule::kShiftSigned:
      return shift_right(b, s.value(0), both(a), true);
    case Rule::kShiftOr:
      return shift_left(a, s.value(1), both(b)) & c;
    case Rule::kInsert:
      return inserted(s);
    case Rule::kExtract:
      return extracted(s);
    case Rule::kAlignBit:
    case Rule::kAlignByte: {
      const auto by = s.value(2);
      if (!by) return full(both(a) & both(b) & both(c));
      return align(a, b, rule == Rule::kAlignBit ? *by & 31U : (*by & 3U) * 8);
    }
    case Rule::kPermute:
      return permuted(s);
    case Rule::kPackHalves:
      return halves(s.half(0), s.half(1));
    case Rule::kUnsignedByte:
      return full(operation.opcode->name.back() >= '2' ? high(a) : low(a));
    case Rule::kSelect:
      return selected(s, d, operation);
    case Rule::kPacked:
      return packed(s);
    case Rule::kMix:
      return mixed(s);
    default:
      return full(defined_sources(d, operation, lanes));
  }
}

}  // namespace rocmforge::emu
