// VOP3P but for WMMA: two 16-bit results at once, mixed-precision fma, dot products.
#include <algorithm>

#include "machine/exec/packed_operand.h"
#include "machine/exec/vector_map.h"
#include "machine/exec/vector_rows.h"

namespace rocmforge::emu {

void lay_out_pairs(const Wave& wave, const Operand& operand, Format format, Lanes& room) {
  lay_out(wave,
          Operand{.kind = operand.kind,
                  .index = operand.index,
                  .n = operand.n,
                  .constant = operand.constant},
          nullptr, Format::kBits32, &room);
  const std::uint32_t keep = operand.absolute ? 0x7fff7fffU : ~0U;
  const std::uint32_t flip =
      (operand.negate ? 0x8000U : 0U) | (operand.negate_high ? 0x80000000U : 0U);
  const bool flush = (wave.mode & denormals_into(format)) != denormals_into(format);
  for (std::uint32_t& x : room.x) {
    const std::uint32_t low = operand.high ? x >> 16 : x & 0xffffU;
    const std::uint32_t high = operand.high_of_high ? x >> 16 : x & 0xffffU;
    x = ((low | high << 16) & keep) ^ flip;
    if (!flush) continue;
    if ((x & 0x7c00U) == 0) x &= ~0x3ffU;
    if ((x & 0x7c000000U) == 0) x &= ~0x3ff0000U;
  }
}

namespace {

using u16 = std::uint16_t;
using i16 = std::int16_t;
using u32 = std::uint32_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

template <class T>
T half_of(u32 pair, bool high) {
  const u32 bits = high ? pair >> 16 : pair & 0xffffU;
  if constexpr (std::is_same_v<T, Half>) {
    return Half{f16_to_f32(bits)};
  } else {
    return static_cast<T>(bits);
  }
}
u32 bits_of(Half x) {
  return f32_to_f16(x.value);
}
u32 bits_of(WideHalf x) {
  return f64_to_f16(x.value);
}
u32 bits_of(u16 x) {
  return x;
}
u32 bits_of(i16 x) {
  return static_cast<u16>(x);
}

// A function of halves, done for both.
template <class R, class... A>
struct Pairs {
  template <class F>
  static void run(Wave& wave, const Inst& inst) {
    run<F>(wave, inst, std::index_sequence_for<A...>());
  }
  template <class F, std::size_t... kAt>
  static void run(Wave& wave, const Inst& inst, std::index_sequence<kAt...>) {
    const Mode mode = mode_of(wave);
    Lanes result;
    [&](const auto&... sources) {
      for (int i = 0; i < kLanes; ++i) {
        const u32 low = bits_of(call<F>(mode, half_of<A>(sources[i], false)...));
        const u32 high = bits_of(call<F>(mode, half_of<A>(sources[i], true)...));
        result.x[i] = low | high << 16;
      }
    }(PairSource(wave, inst.src[kAt], format_of<A>())...);
    if constexpr (kFloating<R>) {
      const bool flushes = (wave.mode & kDenormalsOfF64F16) == 0;
      if (inst.clamp || flushes) finish(wave, inst, result);
    }
    write_lanes(wave, inst.dst.index, result);
  }
  static void finish(const Wave& wave, const Inst& inst, Lanes& result) {
    Lanes high;
    for (int i = 0; i < kLanes; ++i) high.x[i] = result.x[i] >> 16;
    for (u32& x : result.x) x &= 0xffffU;
    modify_result(wave, inst, Format::kF16, &result);
    modify_result(wave, inst, Format::kF16, &high);
    for (int i = 0; i < kLanes; ++i) result.x[i] |= high.x[i] << 16;
  }
};
template <class F>
using PairsOf = typename Signature<F>::template Apply<Pairs>;

template <class F>
void run_pairs(Wave& wave, const Step& step) {
  if constexpr (!kFloating<typename Signature<F>::Value>) {
    if (step.inst.clamp) unsupported(step.inst, "clamp");
  }
  PairsOf<F>::template run<F>(wave, step.inst);
}
template <class F, class Wide, class R, class... A>
void run_pairs_saturating(Wave& wave, const Inst& inst, Pairs<R, A...>*) {
  struct Clamped {
    R operator()(A... arguments) const { return saturated<R>(Wide{}(arguments...)); }
  };
  if (inst.clamp) {
    Pairs<R, A...>::template run<Clamped>(wave, inst);
  } else {
    Pairs<R, A...>::template run<F>(wave, inst);
  }
}
template <class F, class Wide>
void run_pairs_saturating(Wave& wave, const Step& step) {
  run_pairs_saturating<F, Wide>(wave, step.inst, static_cast<PairsOf<F>*>(nullptr));
}

template <class F>
constexpr HandlerRow pairs(std::string_view name, F) {
  return {name, &run_pairs<F>};
}
template <class F, class Wide>
constexpr HandlerRow pairs(std::string_view name, F, Wide) {
  return {name, &run_pairs_saturating<F, Wide>};
}

u16 low(u32 x) {
  return static_cast<u16>(x);
}
i16 low(i32 x) {
  return static_cast<i16>(x);
}
WideHalf half_fma(Half a, Half b, Half c) {
  return {static_cast<double>(a.value) * static_cast<double>(b.value) +
          static_cast<double>(c.value)};
}

constexpr HandlerRow kPairs[] = {
    pairs("v_pk_add_f16", [](Half a, Half b) { return Half{a.value + b.value}; }),
    pairs("v_pk_mul_f16", [](Half a, Half b) { return Half{a.value * b.value}; }),
    pairs("v_pk_fma_f16", [](Half a, Half b, Half c) { return half_fma(a, b, c); }),
    pairs("v_pk_fmac_f16", [](Half a, Half b, Half c) { return half_fma(a, b, c); }),
    pairs("v_pk_min_f16",
          [](Mode m, Half a, Half b) { return Half{minimum(m, a.value, b.value)}; }),
    pairs("v_pk_max_f16",
          [](Mode m, Half a, Half b) { return Half{maximum(m, a.value, b.value)}; }),
    pairs(
        "v_pk_add_u16", [](u16 a, u16 b) { return low(u32{a} + b); },
        [](u16 a, u16 b) { return i32{a} + b; }),
    pairs(
        "v_pk_sub_u16", [](u16 a, u16 b) { return low(u32{a} - b); },
        [](u16 a, u16 b) { return i32{a} - b; }),
    pairs(
        "v_pk_add_i16", [](i16 a, i16 b) { return low(i32{a} + b); },
        [](i16 a, i16 b) { return i32{a} + b; }),
    pairs(
        "v_pk_sub_i16", [](i16 a, i16 b) { return low(i32{a} - b); },
        [](i16 a, i16 b) { return i32{a} - b; }),
    pairs("v_pk_mul_lo_u16", [](u16 a, u16 b) { return low(u32{a} * b); }),
    pairs(
        "v_pk_mad_u16", [](u16 a, u16 b, u16 c) { return low(u32{a} * b + c); },
        [](u16 a, u16 b, u16 c) { return i64{a} * b + c; }),
    pairs(
        "v_pk_mad_i16", [](i16 a, i16 b, i16 c) { return low(i32{a} * b + c); },
        [](i16 a, i16 b, i16 c) { return i32{a} * b + c; }),
    pairs("v_pk_lshlrev_b16", [](u16 a, u16 b) { return low(u32{b} << (a & 15)); }),
    pairs("v_pk_lshrrev_b16", [](u16 a, u16 b) { return low(u32{b} >> (a & 15)); }),
    pairs("v_pk_ashrrev_i16", [](u16 a, i16 b) { return low(i32{b} >> (a & 15)); }),
    pairs("v_pk_min_u16", [](u16 a, u16 b) { return std::min(a, b); }),
    pairs("v_pk_max_u16", [](u16 a, u16 b) { return std::max(a, b); }),
    pairs("v_pk_min_i16", [](i16 a, i16 b) { return std::min(a, b); }),
    pairs("v_pk_max_i16", [](i16 a, i16 b) { return std::max(a, b); }),
};

// An operand of v_fma_mix: op_sel_hi says that it is an f16, op_sel which half; neg_hi is |x|.
class MixSource {
 public:
  MixSource(const Wave& wave, const Operand& operand)
      : plain_(!operand.high_of_high), source_(wave, as_float(operand)) {
    if (plain_) return;
    for (int i = 0; i < kLanes; ++i) {
      const u32 bits = word(source_[i]);
      float x = f16_to_f32(operand.high ? bits >> 16 : bits & 0xffffU);
      if ((wave.mode & kDenormalsIntoF64F16) == 0 && magnitude(x) < 0x1p-14F) x *= 0;
      if (operand.absolute || operand.negate_high) x = magnitude(x);
      room_[i] = operand.negate ? -x : x;
    }
  }
  float operator[](int lane) const { return plain_ ? source_[lane] : room_[lane]; }

 private:
  static Operand as_float(const Operand& operand) {
    Operand whole = operand;
    whole.high = false;
    whole.absolute = !operand.high_of_high && (operand.absolute || operand.negate_high);
    whole.negate = !operand.high_of_high && operand.negate;
    return whole;
  }
  bool plain_;
  Source<float> source_;
  float room_[kLanes];
};

enum class MixTo { kF32, kLow, kHigh };
template <MixTo kTo>
void run_mix(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const MixSource a(wave, inst.src[0]), b(wave, inst.src[1]), c(wave, inst.src[2]);
  Result<float> sum;
  for (int i = 0; i < kLanes; ++i) sum.set(i, std::fma(a[i], b[i], c[i]));
  if constexpr (kTo == MixTo::kF32) {
    sum.write(wave, inst);
  } else {
    Lanes& x = sum.lanes();
    for (u32& each : x.x) each = f32_to_f16(std::bit_cast<float>(each));
    if (inst.clamp || (wave.mode & kDenormalsOfF64F16) == 0) {
      modify_result(wave, inst, Format::kF16, &x);
    }
    write_half(wave, inst.dst.index, kTo == MixTo::kHigh, x);
  }
}

// A field of `bits` bits, sign-extended if `is_signed`.
template <int kBits>
i32 part(u32 x, int number, bool is_signed) {
  const u32 raw = x >> (kBits * number) & ((1U << kBits) - 1U);
  const u32 sign = is_signed ? 1U << (kBits - 1) : 0U;
  return static_cast<i32>((raw ^ sign) - sign);
}
template <int kBits>
i64 dot_of(u32 a, u32 b, bool a_signed, bool b_signed) {
  i32 sum = 0;
  for (int i = 0; i < 32 / kBits; ++i) {
    sum += part<kBits>(a, i, a_signed) * part<kBits>(b, i, b_signed);
  }
  return sum;
}

// Operands signed as `negate` of each says, which is no negation here.
template <int kBits, bool kASigned, bool kBSigned>
void run_signed_dot(Wave& wave, const Inst& inst) {
  Operand first = inst.src[0], second = inst.src[1];
  first.negate = second.negate = false;
  const Source<u32> a(wave, first), b(wave, second);
  const Source<i32> c(wave, inst.src[2]);
  Result<i32> result;
  if (inst.clamp) {
    for (int i = 0; i < kLanes; ++i) {
      result.set(i, saturated<i32>(dot_of<kBits>(a[i], b[i], kASigned, kBSigned) + c[i]));
    }
  } else {
    for (int i = 0; i < kLanes; ++i) {
      const i64 sum = dot_of<kBits>(a[i], b[i], kASigned, kBSigned);
      result.set(i, static_cast<i32>(static_cast<u32>(sum) + static_cast<u32>(c[i])));
    }
  }
  result.write(wave, inst);
}
template <int kBits>
void run_mixed_dot(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const bool a_signed = inst.src[0].negate, b_signed = inst.src[1].negate;
  if (a_signed && b_signed) return run_signed_dot<kBits, true, true>(wave, inst);
  if (a_signed) return run_signed_dot<kBits, true, false>(wave, inst);
  if (b_signed) return run_signed_dot<kBits, false, true>(wave, inst);
  run_signed_dot<kBits, false, false>(wave, inst);
}

template <class Dot>
void run_dot2(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  require_denormals(wave, inst);
  const PairSource a(wave, inst.src[0], Format::kBits16), b(wave, inst.src[1], Format::kBits16);
  Operand sum = inst.src[2];
  sum.high = false;
  sum.absolute |= sum.negate_high;
  const Source<float> c(wave, sum);
  Result<float> result;
  for (int i = 0; i < kLanes; ++i) result.set(i, Dot{}(a[i], b[i], c[i]));
  result.write(wave, inst);
}
template <class Dot>
constexpr HandlerRow dot2(std::string_view name, Dot) {
  return {name, &run_dot2<Dot>};
}

u32 unsigned_sum(i64 dot, u32 c) {
  return static_cast<u32>(dot) + c;
}

constexpr HandlerRow kOthers[] = {
    {"v_fma_mix_f32", &run_mix<MixTo::kF32>},
    {"v_fma_mixlo_f16", &run_mix<MixTo::kLow>},
    {"v_fma_mixhi_f16", &run_mix<MixTo::kHigh>},
    {"v_dot4_i32_iu8", &run_mixed_dot<8>},
    {"v_dot8_i32_iu4", &run_mixed_dot<4>},
    row(
        "v_dot4_u32_u8",
        [](u32 a, u32 b, u32 c) { return unsigned_sum(dot_of<8>(a, b, false, false), c); },
        [](u32 a, u32 b, u32 c) { return dot_of<8>(a, b, false, false) + c; }),
    row(
        "v_dot8_u32_u4",
        [](u32 a, u32 b, u32 c) { return unsigned_sum(dot_of<4>(a, b, false, false), c); },
        [](u32 a, u32 b, u32 c) { return dot_of<4>(a, b, false, false) + c; }),
    dot2("v_dot2_f32_f16", [](u32 a, u32 b, float c) { return dot2_f16(a, b, c); }),
    dot2("v_dot2_f32_bf16", [](u32 a, u32 b, float c) { return dot2_bf16(a, b, c); }),
    dot2("v_dot2acc_f32_f16", [](u32 a, u32 b, float c) { return dot2_f16(a, b, c); }),
};

}  // namespace

std::span<const HandlerRow> packed_handlers() {
  static const auto kRows = joined({kPairs, kOthers});
  return kRows;
}

}  // namespace rocmforge::emu
