// A vector instruction's sources and results, lane by lane and typed. A source that is a plain VGPR
// is read where it lies; anything else (scalars, constants, modifiers, DPP) is laid out first.
#pragma once

#include <type_traits>

#include "machine/exec/floats.h"
#include "machine/fault.h"
#include "machine/wave.h"

namespace rocmforge::emu {

// MODE's bits, as s_setreg sees them. Rounding is to nearest even always: check_mode().
inline constexpr std::uint32_t kDenormalsIntoF32 = 0x10, kDenormalsOfF32 = 0x20;
inline constexpr std::uint32_t kDenormalsIntoF64F16 = 0x40, kDenormalsOfF64F16 = 0x80;
inline constexpr std::uint32_t kDx10Clamp = 0x100, kIeee = 0x200;
inline constexpr std::uint32_t kAllDenormals = 0xf0;

inline Mode mode_of(const Wave& wave) {
  return {.ieee = (wave.mode & kIeee) != 0, .dx10_clamp = (wave.mode & kDx10Clamp) != 0};
}

// How a register's bits are read, for modifiers and denormals.
enum class Format : std::uint8_t { kBits16, kBits32, kBits64, kF16, kF32, kF64 };
template <class T>
constexpr Format format_of() {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, WideHalf>) return Format::kF16;
  if constexpr (std::is_same_v<T, float>) return Format::kF32;
  if constexpr (std::is_same_v<T, double>) return Format::kF64;
  if constexpr (std::is_integral_v<T> && sizeof(T) == 8) return Format::kBits64;
  if constexpr (std::is_integral_v<T> && sizeof(T) == 2) return Format::kBits16;
  return Format::kBits32;
}
constexpr bool is_float(Format format) {
  return format >= Format::kF16;
}
constexpr bool is_short(Format format) {
  return format == Format::kBits16 || format == Format::kF16;
}
constexpr int registers_of(Format format) {
  return format == Format::kBits64 || format == Format::kF64 ? 2 : 1;
}
constexpr std::uint32_t denormals_into(Format format) {
  return !is_float(format) ? 0 : format == Format::kF32 ? kDenormalsIntoF32 : kDenormalsIntoF64F16;
}
constexpr std::uint32_t denormals_of(Format format) {
  return !is_float(format) ? 0 : format == Format::kF32 ? kDenormalsOfF32 : kDenormalsOfF64F16;
}

// A scalar operand's value; 32-bit ones in the low half.
std::uint64_t scalar_value(const Wave& wave, const Operand& operand, bool wide);
// The operand's registers, laid out in `room` with everything applied.
void lay_out(const Wave& wave, const Operand& operand, const Dpp* dpp, Format format, Lanes* room);
// For what is modelled with denormals kept alone: else Fault.
void require_denormals(const Wave& wave, const Inst& inst);
void flush_denormals(Format format, Lanes* x);
// x 2, x 4, / 2, clamping to [0, 1] and flushing of a floating-point result.
void modify_result(const Wave& wave, const Inst& inst, Format format, Lanes* result);
[[noreturn]] void unsupported(const Inst& inst, const char* what);

// The lane that `lane` reads by DPP, or -1: none, or one that is not active and may not be read.
int dpp_source(const Dpp& dpp, std::uint32_t exec, int lane);
// Active lanes that are written: not those that masks leave out, nor, without bound control, those
// that would read nothing. Those of DPP8 that would are not modelled: Fault.
std::uint32_t dpp_written(const Dpp& dpp, std::uint32_t exec);

template <class T>
class Source {
 public:
  static constexpr Format kFormat = format_of<T>();

  Source(const Wave& wave, const Operand& operand, const Dpp* dpp = nullptr) {
    const bool plain = operand.is_vgpr() && !operand.negate && !operand.absolute && !operand.high &&
                       (dpp == nullptr || dpp->kind == Dpp::Kind::kNone) &&
                       (wave.mode & denormals_into(kFormat)) == denormals_into(kFormat);
    if (plain) {
      for (int i = 0; i < kRegisters; ++i) x_[i] = wave.v[(operand.index + i) & 255].x;
      return;
    }
    for (int i = 0; i < kRegisters; ++i) x_[i] = room_[i].x;
    const bool is_number = operand.is_constant() || (operand.is_sgpr() && operand.index != kNull);
    if (kRegisters == 1 && is_number && !operand.negate && !operand.absolute && !operand.high &&
        (wave.mode & denormals_into(kFormat)) == denormals_into(kFormat)) {
      const std::uint32_t value = operand.is_constant()
                                      ? static_cast<std::uint32_t>(operand.constant)
                                      : wave.s[operand.index];
      for (std::uint32_t& x : room_[0].x) x = value;
    } else {
      lay_out(wave, operand, dpp, kFormat, room_);
    }
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  T operator[](int lane) const {
    if constexpr (kRegisters == 2) {
      return std::bit_cast<T>(std::uint64_t{x_[1][lane]} << 32 | x_[0][lane]);
    } else if constexpr (std::is_same_v<T, Half>) {
      return Half{f16_to_f32(x_[0][lane])};
    } else if constexpr (is_short(kFormat)) {
      return static_cast<T>(x_[0][lane]);
    } else {
      return std::bit_cast<T>(x_[0][lane]);
    }
  }

 private:
  static constexpr int kRegisters = registers_of(kFormat);
  const std::uint32_t* x_[kRegisters];
  Lanes room_[kRegisters];
};

// A lane mask: one bit of a scalar register each.
template <>
class Source<bool> {
 public:
  Source(const Wave& wave, const Operand& operand, const Dpp* = nullptr)
      : bits_(static_cast<std::uint32_t>(scalar_value(wave, operand, false))) {}
  bool operator[](int lane) const { return (bits_ >> lane & 1U) != 0; }

 private:
  std::uint32_t bits_;
};

// Writes a register's active lanes.
inline void write_lanes(Wave& wave, int index, const Lanes& result) {
  Lanes& to = wave.v[static_cast<std::size_t>(index & 255)];
  if (wave.all_active()) {
    to = result;
    return;
  }
  Lanes blended;
  for (int lane = 0; lane < kLanes; ++lane) {
    blended.x[lane] = (result.x[lane] & wave.active.x[lane]) | (to.x[lane] & ~wave.active.x[lane]);
  }
  to = blended;
}
// The same for one half of it; the other half stays.
inline void write_half(Wave& wave, int index, bool high, const Lanes& result) {
  const Lanes& old = wave.v[static_cast<std::size_t>(index & 255)];
  Lanes merged;
  if (high) {
    for (int i = 0; i < kLanes; ++i) merged.x[i] = (old.x[i] & 0xffffU) | result.x[i] << 16;
  } else {
    for (int i = 0; i < kLanes; ++i) merged.x[i] = (old.x[i] & ~0xffffU) | (result.x[i] & 0xffffU);
  }
  write_lanes(wave, index, merged);
}
// A lane mask: 0 for the lanes that are not active.
inline void write_mask(Wave& wave, const Operand& to, std::uint32_t bits) {
  if (!to.is_none()) wave.set_sgpr(to.index, bits & wave.exec());
}

template <class T>
class Result {
 public:
  static constexpr Format kFormat = format_of<T>();

  void set(int lane, T value) {
    if constexpr (registers_of(kFormat) == 2) {
      const auto bits = std::bit_cast<std::uint64_t>(value);
      x_[0].x[lane] = static_cast<std::uint32_t>(bits);
      x_[1].x[lane] = static_cast<std::uint32_t>(bits >> 32);
    } else if constexpr (std::is_same_v<T, Half>) {
      x_[0].x[lane] = f32_to_f16(value.value);
    } else if constexpr (std::is_same_v<T, WideHalf>) {
      x_[0].x[lane] = f64_to_f16(value.value);
    } else if constexpr (kFormat == Format::kBits16) {
      x_[0].x[lane] = static_cast<std::uint16_t>(value);
    } else {
      x_[0].x[lane] = std::bit_cast<std::uint32_t>(value);
    }
  }

  void write(Wave& wave, const Inst& inst) {
    if constexpr (is_float(kFormat)) {
      if (inst.clamp || inst.output_modifier != 0 ||
          (wave.mode & denormals_of(kFormat)) != denormals_of(kFormat)) {
        modify_result(wave, inst, kFormat, x_);
      }
    }
    if constexpr (is_short(kFormat)) {
      write_half(wave, inst.dst.index, inst.dst_high, x_[0]);
    } else {
      for (int i = 0; i < registers_of(kFormat); ++i) write_lanes(wave, inst.dst.index + i, x_[i]);
    }
  }

  Lanes& lanes() { return x_[0]; }

 private:
  Lanes x_[registers_of(kFormat)];
};

template <>
class Result<bool> {
 public:
  void set(int lane, bool value) { bits_ |= value ? 1U << lane : 0U; }
  void write(Wave& wave, const Inst& inst) const { write_mask(wave, inst.dst, bits_); }
  std::uint32_t bits() const { return bits_; }

 private:
  std::uint32_t bits_ = 0;
};

// A value and a bit to the second destination: carries, v_div_scale.
template <class T>
struct Carried {
  T value;
  bool carry;
};
template <class T>
class Result<Carried<T>> {
 public:
  void set(int lane, Carried<T> value) {
    value_.set(lane, value.value);
    carry_.set(lane, value.carry);
  }
  void write(Wave& wave, const Inst& inst) {
    value_.write(wave, inst);
    write_mask(wave, inst.dst2, carry_.bits());
  }

 private:
  Result<T> value_;
  Result<bool> carry_;
};

}  // namespace rocmforge::emu
