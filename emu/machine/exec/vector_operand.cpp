#include "machine/exec/vector_operand.h"

#include <string>

namespace rocmforge::emu {
namespace {

void permute(const Wave& wave, const Dpp& dpp, Lanes& x) {
  Lanes moved;
  for (int lane = 0; lane < kLanes; ++lane) {
    const int from = dpp_source(dpp, wave.exec(), lane);
    moved.x[lane] = from >= 0 ? x.x[from] : 0;
  }
  x = moved;
}

}  // namespace

void flush_denormals(Format format, Lanes* x) {
  for (int i = 0; i < kLanes; ++i) {
    if (format == Format::kF16 && (x[0].x[i] & 0x7c00U) == 0) x[0].x[i] &= 0x8000U;
    if (format == Format::kF32 && (x[0].x[i] & 0x7f800000U) == 0) x[0].x[i] &= 0x80000000U;
    if (format == Format::kF64 && (x[1].x[i] & 0x7ff00000U) == 0) {
      x[0].x[i] = 0;
      x[1].x[i] &= 0x80000000U;
    }
  }
}

void unsupported(const Inst& inst, const char* what) {
  throw Fault(FaultKind::kUnsupported, std::string(inst.opcode->name) + ": " + what);
}

std::uint64_t scalar_value(const Wave& wave, const Operand& operand, bool wide) {
  const auto at = [&](int number) { return wave.s[static_cast<std::size_t>(number)]; };
  switch (operand.kind) {
    case Operand::Kind::kConstant:
      return operand.constant;
    case Operand::Kind::kSgpr:
      if (operand.index == kNull) return 0;
      return wide ? std::uint64_t{at(operand.index + 1)} << 32 | at(operand.index)
                  : at(operand.index);
    case Operand::Kind::kScc:
      return wave.scc ? 1 : 0;
    case Operand::Kind::kVccz:
      return wave.vcc() == 0 ? 1 : 0;
    case Operand::Kind::kExecz:
      return wave.exec() == 0 ? 1 : 0;
    case Operand::Kind::kVgpr:
    case Operand::Kind::kNone:
      break;
  }
  throw Fault(FaultKind::kUnsupported, "an operand that must be scalar is not");
}

void lay_out(const Wave& wave, const Operand& operand, const Dpp* dpp, Format format, Lanes* room) {
  const int registers = registers_of(format);
  if (operand.is_vgpr()) {
    for (int i = 0; i < registers; ++i) {
      room[i] = wave.v[static_cast<std::size_t>((operand.index + i) & 255)];
    }
  } else {
    const std::uint64_t value = scalar_value(wave, operand, registers == 2);
    for (int i = 0; i < registers; ++i) {
      const auto part = static_cast<std::uint32_t>(value >> (32 * i));
      for (std::uint32_t& x : room[i].x) x = part;
    }
  }
  if (dpp != nullptr && dpp->kind != Dpp::Kind::kNone) {
    for (int i = 0; i < registers; ++i) permute(wave, *dpp, room[i]);
  }
  if (operand.high) {
    if (!is_short(format)) throw Fault(FaultKind::kUnsupported, "op_sel of an operand of 32 bits");
    for (std::uint32_t& x : room[0].x) x >>= 16;
  }
  const std::uint32_t sign = is_short(format) ? 0x8000U : 0x80000000U;
  Lanes& top = room[registers - 1];
  if (operand.absolute) {
    for (std::uint32_t& x : top.x) x &= ~sign;
  }
  if (operand.negate) {
    for (std::uint32_t& x : top.x) x ^= sign;
  }
  if ((wave.mode & denormals_into(format)) != denormals_into(format)) flush_denormals(format, room);
}

void require_denormals(const Wave& wave, const Inst& inst) {
  if ((wave.mode & kAllDenormals) != kAllDenormals) unsupported(inst, "with denormals flushed");
}

namespace {

// AMD, "RDNA3 Instruction Set Architecture", output modifiers: nothing where results may be
// denormal or the IEEE bit is set; else -0 becomes +0.
double multiplier(const Wave& wave, const Inst& inst, Format format) {
  if ((wave.mode & denormals_of(format)) != 0 || (wave.mode & kIeee) != 0) return 1;
  constexpr double kFactors[] = {1, 2, 4, 0.5};
  return kFactors[inst.output_modifier & 3];
}

template <class T>
T modified(T x, double factor, bool clamp, bool nan_to_zero) {
  if (factor != 1) x = static_cast<T>(static_cast<double>(x) * factor) + T{0};
  if (!clamp) return x;
  if (is_nan(x)) return nan_to_zero ? T{0} : x;
  return x > T{0} ? (x < T{1} ? x : T{1}) : T{0};
}

}  // namespace

void modify_result(const Wave& wave, const Inst& inst, Format format, Lanes* result) {
  const double factor = multiplier(wave, inst, format);
  const bool nan_to_zero = (wave.mode & kDx10Clamp) != 0;
  for (int i = 0; i < kLanes; ++i) {
    std::uint32_t& low = result[0].x[i];
    if (format == Format::kF16) {
      low = f32_to_f16(modified(f16_to_f32(low), factor, inst.clamp, nan_to_zero));
    } else if (format == Format::kF32) {
      low = word(modified(std::bit_cast<float>(low), factor, inst.clamp, nan_to_zero));
    } else {
      std::uint32_t& high = result[1].x[i];
      const auto x = std::bit_cast<double>(std::uint64_t{high} << 32 | low);
      const std::uint64_t bits = word(modified(x, factor, inst.clamp, nan_to_zero));
      low = static_cast<std::uint32_t>(bits);
      high = static_cast<std::uint32_t>(bits >> 32);
    }
  }
  if ((wave.mode & denormals_of(format)) == 0) flush_denormals(format, result);
}

namespace {

// Lane of the 32 that the control names for `lane`, or -1: none.
int dpp_lane(const Dpp& dpp, int lane) {
  if (dpp.kind == Dpp::Kind::kDpp8) {
    return (lane & ~7) | static_cast<int>(dpp.selectors >> (3 * (lane & 7)) & 7U);
  }
  const int row = lane & ~15, place = lane & 15;
  const int control = dpp.control, n = control & 15;
  if (control < 0x100) return (lane & ~3) | (control >> (2 * (lane & 3)) & 3);
  switch (control & ~15) {
    case 0x100:
      return n == 0 ? -1 : place + n < 16 ? lane + n : -1;  // row_shl
    case 0x110:
      return n == 0 ? -1 : place >= n ? lane - n : -1;  // row_shr
    case 0x120:
      return row | ((place - n) & 15);  // row_ror
    case 0x140:
      if (n == 0) return row | (15 - place);              // row_mirror
      if (n == 1) return (lane & ~7) | (7 - (lane & 7));  // row_half_mirror
      break;
    case 0x150:
      return row | n;  // row_share
    case 0x160:
      return row | (place ^ n);  // row_xmask
    default:
      break;
  }
  throw Fault(FaultKind::kUnsupported, "DPP control " + std::to_string(control));
}

}  // namespace

int dpp_source(const Dpp& dpp, std::uint32_t exec, int lane) {
  const int from = dpp_lane(dpp, lane);
  return from >= 0 && (dpp.fetch_inactive || (exec >> from & 1U) != 0) ? from : -1;
}

std::uint32_t dpp_written(const Dpp& dpp, std::uint32_t exec) {
  std::uint32_t written = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    if ((exec >> lane & 1U) == 0) continue;
    const bool reads = dpp_source(dpp, exec, lane) >= 0;
    if (dpp.kind == Dpp::Kind::kDpp8) {
      if (!reads)
        throw Fault(FaultKind::kUnsupported, "DPP8 reads a lane that is not active", lane);
      written |= 1U << lane;
      continue;
    }
    const bool unmasked =
        (dpp.row_mask >> (lane / 16) & 1) != 0 && (dpp.bank_mask >> (lane % 16 / 4) & 1) != 0;
    if (unmasked && (reads || dpp.bound_control)) written |= 1U << lane;
  }
  return written;
}

}  // namespace rocmforge::emu
