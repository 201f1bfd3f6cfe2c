// WMMA: D = A B + C of 16 x 16 x 16, by one wave.
//
// Lane l of 0-15 holds row l of A and column l of B, two 16-bit elements a register (or four 8-bit,
// eight 4-bit ones); lanes 16-31 repeat them. C and D: register i of lane l is row 2 i + l / 16,
// column l % 16; 16-bit ones in the low or high half by op_sel. A and B are taken from lanes 0-15
// here; that 16-31 repeat them is the watch's matter.
//
// f16 and bf16: products are exact, and added to C in f32 by rising k, each sum rounded to nearest.
// The card's order of summation is not published.
#include <cmath>

#include "machine/exec/handlers.h"
#include "machine/exec/vector_operand.h"

namespace rocmforge::emu {
namespace {

constexpr int kSide = 16;

template <class T>
struct alignas(64) Matrix {
  T x[kSide][kSide];
};

void require_wave(const Wave& wave, const Inst& inst) {
  if (!wave.all_active()) unsupported(inst, "with lanes that are not active");
  require_denormals(wave, inst);
  if (inst.output_modifier != 0) unsupported(inst, "output modifiers");
}

// Registers of an operand that may be one constant or scalar for all.
Lanes register_of(const Wave& wave, const Operand& operand, int number) {
  if (operand.is_vgpr()) return wave.v[(operand.index + number) & 255];
  if (operand.is_sgpr()) throw Fault(FaultKind::kUnsupported, "WMMA with a scalar register");
  Lanes all;
  for (std::uint32_t& x : all.x) x = static_cast<std::uint32_t>(operand.constant);
  return all;
}

constexpr auto kFromF16 = [](std::uint32_t x) { return f16_to_f32(x); };
constexpr auto kFromBf16 = [](std::uint32_t x) { return bf16_to_f32(x); };
constexpr auto kToF16 = [](float x) { return f32_to_f16(x); };
constexpr auto kToBf16 = [](float x) { return f32_to_bf16(x); };

// to.x[k][l]: element k of what lane l holds. Even ones take neg_lo, odd ones neg_hi.
template <class From>
void load_fragment(const Wave& wave, const Operand& operand, From from, Matrix<float>& to) {
  const std::uint32_t flip =
      (operand.negate ? 0x8000U : 0U) | (operand.negate_high ? 0x80000000U : 0U);
  for (int i = 0; i < kSide / 2; ++i) {
    const Lanes pair = register_of(wave, operand, i);
    for (int l = 0; l < kSide; ++l) {
      const std::uint32_t x = pair.x[l] ^ flip;
      to.x[2 * i][l] = from(x & 0xffffU);
      to.x[2 * i + 1][l] = from(x >> 16);
    }
  }
}

void multiply_add(const Matrix<float>& a, const Matrix<float>& b, Matrix<float>& c) {
  for (int row = 0; row < kSide; ++row) {
    alignas(64) float sums[kSide];
    for (int l = 0; l < kSide; ++l) sums[l] = c.x[row][l];
    for (int k = 0; k < kSide; ++k) {
      const float factor = a.x[k][row];
      for (int l = 0; l < kSide; ++l) sums[l] = std::fma(factor, b.x[k][l], sums[l]);
    }
    for (int l = 0; l < kSide; ++l) c.x[row][l] = sums[l];
  }
}

float with_signs(float x, const Operand& operand) {
  if (operand.negate_high || operand.absolute) x = magnitude(x);
  return operand.negate ? -x : x;
}

template <class From>
void run_to_f32(Wave& wave, const Inst& inst, From from) {
  require_wave(wave, inst);
  if (inst.clamp) unsupported(inst, "clamp");
  Matrix<float> a, b, c;
  load_fragment(wave, inst.src[0], from, a);
  load_fragment(wave, inst.src[1], from, b);
  for (int i = 0; i < 8; ++i) {
    const Lanes part = register_of(wave, inst.src[2], i);
    for (int l = 0; l < kLanes; ++l) {
      c.x[2 * i + l / kSide][l % kSide] = with_signs(std::bit_cast<float>(part.x[l]), inst.src[2]);
    }
  }
  multiply_add(a, b, c);
  for (int i = 0; i < 8; ++i) {
    Lanes& to = wave.v[(inst.dst.index + i) & 255];
    for (int l = 0; l < kLanes; ++l) to.x[l] = word(c.x[2 * i + l / kSide][l % kSide]);
  }
}

// op_sel's third bit: C is read from, and D written to, the high halves.
template <class From, class To>
void run_to_half(Wave& wave, const Inst& inst, From from, To to_half) {
  require_wave(wave, inst);
  if (inst.clamp) unsupported(inst, "clamp");
  const bool high = inst.src[2].high;
  Matrix<float> a, b, c;
  load_fragment(wave, inst.src[0], from, a);
  load_fragment(wave, inst.src[1], from, b);
  for (int i = 0; i < 8; ++i) {
    const Lanes part = register_of(wave, inst.src[2], i);
    for (int l = 0; l < kLanes; ++l) {
      const std::uint32_t bits =
          high && inst.src[2].is_vgpr() ? part.x[l] >> 16 : part.x[l] & 0xffffU;
      c.x[2 * i + l / kSide][l % kSide] = with_signs(from(bits), inst.src[2]);
    }
  }
  multiply_add(a, b, c);
  for (int i = 0; i < 8; ++i) {
    Lanes rounded;
    for (int l = 0; l < kLanes; ++l) {
      rounded.x[l] = to_half(c.x[2 * i + l / kSide][l % kSide]);
    }
    write_half(wave, inst.dst.index + i, high, rounded);
  }
}

// Elements of kBits, signed where `negate` says so.
template <int kBits>
void load_integers(const Wave& wave, const Operand& operand, Matrix<std::int32_t>& to) {
  constexpr int kEach = 32 / kBits;
  const std::uint32_t sign = operand.negate ? 1U << (kBits - 1) : 0U;
  for (int i = 0; i < kSide / kEach; ++i) {
    const Lanes part = register_of(wave, operand, i);
    for (int j = 0; j < kEach; ++j) {
      for (int l = 0; l < kSide; ++l) {
        const std::uint32_t raw = part.x[l] >> (kBits * j) & ((1U << kBits) - 1U);
        to.x[kEach * i + j][l] = static_cast<std::int32_t>((raw ^ sign) - sign);
      }
    }
  }
}

template <int kBits>
void run_integers(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  require_wave(wave, inst);
  Matrix<std::int32_t> a, b, sum{};
  load_integers<kBits>(wave, inst.src[0], a);
  load_integers<kBits>(wave, inst.src[1], b);
  for (int row = 0; row < kSide; ++row) {
    for (int k = 0; k < kSide; ++k) {
      const std::int32_t factor = a.x[k][row];
      for (int l = 0; l < kSide; ++l) sum.x[row][l] += factor * b.x[k][l];
    }
  }
  Lanes result[8];
  for (int i = 0; i < 8; ++i) {
    const Lanes c = register_of(wave, inst.src[2], i);
    for (int l = 0; l < kLanes; ++l) {
      const std::int64_t exact =
          std::int64_t{sum.x[2 * i + l / kSide][l % kSide]} + static_cast<std::int32_t>(c.x[l]);
      const std::int64_t bounded = inst.clamp ? saturated<std::int32_t>(exact) : exact;
      result[i].x[l] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(bounded));
    }
  }
  for (int i = 0; i < 8; ++i) wave.v[(inst.dst.index + i) & 255] = result[i];
}

void run_f32_f16(Wave& wave, const Step& step) {
  run_to_f32(wave, step.inst, kFromF16);
}
void run_f32_bf16(Wave& wave, const Step& step) {
  run_to_f32(wave, step.inst, kFromBf16);
}
void run_f16_f16(Wave& wave, const Step& step) {
  run_to_half(wave, step.inst, kFromF16, kToF16);
}
void run_bf16_bf16(Wave& wave, const Step& step) {
  run_to_half(wave, step.inst, kFromBf16, kToBf16);
}

constexpr HandlerRow kRows[] = {
    {"v_wmma_f32_16x16x16_f16", &run_f32_f16},     {"v_wmma_f32_16x16x16_bf16", &run_f32_bf16},
    {"v_wmma_f16_16x16x16_f16", &run_f16_f16},     {"v_wmma_bf16_16x16x16_bf16", &run_bf16_bf16},
    {"v_wmma_i32_16x16x16_iu8", &run_integers<8>}, {"v_wmma_i32_16x16x16_iu4", &run_integers<4>},
};

}  // namespace

std::span<const HandlerRow> wmma_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
