// VOPD: two operations in one instruction, both read before either writes.
#include <array>

#include "machine/exec/packed_operand.h"
#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {
namespace {

using u32 = std::uint32_t;

// One half's results; writes nothing.
using Compute = void (*)(const Wave&, const Operation&, Lanes&);

template <class R, class... A>
struct HalfLoop {
  template <class F>
  static void compute(const Wave& wave, const Operation& operation, Lanes& to) {
    Result<R> result;
    Loop<R, A...>::template compute<F>(wave, operation, nullptr, result);
    to = result.lanes();
    if constexpr (std::is_same_v<R, float>) {
      if ((wave.mode & kDenormalsOfF32) == 0) flush_denormals(Format::kF32, &to);
    }
  }
};
template <class F>
void compute_half(const Wave& wave, const Operation& operation, Lanes& to) {
  Signature<F>::template Apply<HalfLoop>::template compute<F>(wave, operation, to);
}
template <class F>
constexpr Compute half(F) {
  return &compute_half<F>;
}

float legacy_product(float a, float b) {
  return a == 0 || b == 0 ? 0.0F : a * b;
}

// By the number of the operation, which is that of X and of Y.
constexpr std::array<Compute, 19> kHalves = {
    half([](float a, float b, float c) { return std::fma(a, b, c); }),  // fmac
    half([](float a, float b, float c) { return std::fma(a, b, c); }),  // fmaak
    half([](float a, float b, float c) { return std::fma(a, b, c); }),  // fmamk
    half([](float a, float b) { return a * b; }),
    half([](float a, float b) { return a + b; }),
    half([](float a, float b) { return a - b; }),
    half([](float a, float b) { return b - a; }),
    half([](float a, float b) { return legacy_product(a, b); }),
    half([](u32 a) { return a; }),
    half([](u32 a, u32 b, bool second) { return second ? b : a; }),
    half([](Mode m, float a, float b) { return maximum(m, a, b); }),
    half([](Mode m, float a, float b) { return minimum(m, a, b); }),
    half([](u32 a, u32 b, float c) { return dot2_f16(a, b, c); }),
    half([](u32 a, u32 b, float c) { return dot2_bf16(a, b, c); }),
    nullptr,
    nullptr,
    half([](u32 a, u32 b) { return a + b; }),
    half([](u32 a, u32 b) { return b << (a & 31U); }),
    half([](u32 a, u32 b) { return a & b; }),
};

void run_dual(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const auto compute = [&](const Operation& operation, Lanes& to) {
    const std::size_t number = operation.opcode->number;
    if (number >= kHalves.size() || kHalves[number] == nullptr) unsupported(inst, "such a half");
    kHalves[number](wave, operation, to);
  };
  Lanes first, second;
  compute(inst, first);
  compute(inst.second, second);
  write_lanes(wave, inst.dst.index, first);
  write_lanes(wave, inst.second.dst.index, second);
}

constexpr HandlerRow kRows[] = {{kDualName, &run_dual}};

}  // namespace

std::span<const HandlerRow> dual_rows() {
  return kRows;
}

}  // namespace rocmforge::emu
