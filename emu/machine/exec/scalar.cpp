// SOP1, SOP2, SOPC and SOPK, but for what moves the program counter (control.cpp) and MODE
// (mode.cpp).
//
// The formulas are those of AMD, "RDNA3 Instruction Set Architecture", chapter 16. The 64-bit forms
// that work on EXEC are those of wave64, and left out.
#include <bit>
#include <limits>
#include <string>

#include "machine/exec/handlers.h"
#include "machine/exec/scalar_operand.h"

namespace rocmforge::emu {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;
using I32 = std::int32_t;
using I64 = std::int64_t;

constexpr I32 as_signed(U32 x) {
  return static_cast<I32>(x);
}
constexpr I64 as_signed(U64 x) {
  return static_cast<I64>(x);
}

template <class T>
T read(const Wave& wave, const Operand& operand) {
  if constexpr (sizeof(T) == 8) {
    return read64(wave, operand);
  } else {
    return read32(wave, operand);
  }
}

template <class T>
void write(Wave& wave, const Operand& operand, T value) {
  if constexpr (sizeof(T) == 8) {
    write64(wave, operand, value);
  } else {
    write32(wave, operand, value);
  }
}

// What becomes of SCC: left alone, set where the result is not 0, or set by the formula itself,
// whose last parameter it then is.
enum class Scc { kKept, kNotZero, kOwn };

template <class D, class A, Scc kScc, auto kFormula>
void unary(Wave& wave, const Step& step) {
  const D result = kFormula(read<A>(wave, step.inst.src[0]));
  write<D>(wave, step.inst.dst, result);
  if constexpr (kScc == Scc::kNotZero) wave.scc = result != 0;
}

template <class D, class A, class B, Scc kScc, auto kFormula>
void binary(Wave& wave, const Step& step) {
  const A a = read<A>(wave, step.inst.src[0]);
  const B b = read<B>(wave, step.inst.src[1]);
  if constexpr (kScc == Scc::kOwn) {
    write<D>(wave, step.inst.dst, kFormula(a, b, wave.scc));
  } else {
    const D result = kFormula(a, b);
    write<D>(wave, step.inst.dst, result);
    if constexpr (kScc == Scc::kNotZero) wave.scc = result != 0;
  }
}

template <class A, class B, auto kFormula>
void compare(Wave& wave, const Step& step) {
  wave.scc = kFormula(read<A>(wave, step.inst.src[0]), read<B>(wave, step.inst.src[1]));
}

// The immediate of SOPK: signed, but in the unsigned comparisons.
template <auto kFormula>
void compare_immediate(Wave& wave, const Step& step) {
  wave.scc = kFormula(read32(wave, step.inst.src[0]), step.inst.immediate);
}
constexpr U32 low_half(I32 immediate) {
  return static_cast<U32>(immediate) & 0xffffU;
}

// --- Arithmetic ---

U32 add_carry(U32 a, U32 b, bool carry_in, bool& scc) {
  const U64 sum = U64{a} + b + (carry_in ? 1 : 0);
  scc = sum >> 32 != 0;
  return static_cast<U32>(sum);
}
U32 subtract_borrow(U32 a, U32 b, bool borrow_in, bool& scc) {
  const U64 taken = U64{b} + (borrow_in ? 1 : 0);
  scc = taken > a;
  return static_cast<U32>(a - taken);
}
U32 add_signed(U32 a, U32 b, bool& scc) {
  I32 sum = 0;
  scc = __builtin_add_overflow(as_signed(a), as_signed(b), &sum);
  return static_cast<U32>(sum);
}
U32 subtract_signed(U32 a, U32 b, bool& scc) {
  I32 difference = 0;
  scc = __builtin_sub_overflow(as_signed(a), as_signed(b), &difference);
  return static_cast<U32>(difference);
}
template <int kShift>
U32 shift_add(U32 a, U32 b, bool& scc) {
  const U64 sum = (U64{a} << kShift) + b;
  scc = sum >> 32 != 0;
  return static_cast<U32>(sum);
}
U32 absolute(U32 a) {
  return as_signed(a) < 0 ? 0 - a : a;
}

// `field` holds the offset in its low bits and the width in bits 16 to 22; a width beyond the word
// takes all of it.
template <class T>
T bit_field(T value, U32 field) {
  constexpr U32 kBits = std::numeric_limits<T>::digits;
  const U32 offset = field & (kBits - 1), width = field >> 16 & 0x7f;
  const T shifted = value >> offset;
  return width >= kBits ? shifted : shifted & ((T{1} << width) - 1);
}
template <class T>
T signed_bit_field(T value, U32 field) {
  constexpr U32 kBits = std::numeric_limits<T>::digits;
  const U32 offset = field & (kBits - 1), width = field >> 16 & 0x7f;
  const T shifted = static_cast<T>(as_signed(value) >> offset);
  if (width == 0) return 0;
  if (width >= kBits) return shifted;
  const U32 unused = kBits - width;
  return static_cast<T>(as_signed(shifted << unused) >> unused);
}
template <class T>
T bit_mask(U32 width, U32 offset) {
  constexpr U32 kLow = std::numeric_limits<T>::digits - 1;
  return ((T{1} << (width & kLow)) - 1) << (offset & kLow);
}

template <class T>
T reversed(T value) {
  T result = 0;
  for (int bit = 0; bit < std::numeric_limits<T>::digits; ++bit, value >>= 1) {
    result = result << 1 | (value & 1);
  }
  return result;
}
// -1 where there is no such bit.
template <class T>
U32 trailing_zeros(T value) {
  return value == 0 ? ~0U : static_cast<U32>(std::countr_zero(value));
}
template <class T>
U32 leading_zeros(T value) {
  return value == 0 ? ~0U : static_cast<U32>(std::countl_zero(value));
}
// The first bit below the top that differs from it, counted from the top.
template <class T>
U32 sign_bits(T value) {
  return leading_zeros(static_cast<T>(as_signed(value) < 0 ? ~value : value));
}
// A bit for each four that are not all 0; where `kWhole` all four of them.
template <class T, bool kWhole>
T quads(T value) {
  T result = 0;
  for (int quad = 0; quad < std::numeric_limits<T>::digits / 4; ++quad) {
    if ((value >> (quad * 4) & 15) == 0) continue;
    result |= kWhole ? T{15} << (quad * 4) : T{1} << quad;
  }
  return result;
}
U64 replicated(U32 value) {
  U64 result = 0;
  for (int bit = 0; bit < 32; ++bit) result |= U64{value >> bit & 1U} * 3 << (bit * 2);
  return result;
}
constexpr U32 halves(U32 low, U32 high) {
  return (low & 0xffffU) | high << 16;
}

// --- Moves ---

template <class T>
void move_if(Wave& wave, const Step& step) {
  if (wave.scc) write<T>(wave, step.inst.dst, read<T>(wave, step.inst.src[0]));
}
template <class T>
void select(Wave& wave, const Step& step) {
  write<T>(wave, step.inst.dst, read<T>(wave, step.inst.src[wave.scc ? 0 : 1]));
}
template <class T, bool kSet>
void set_bit(Wave& wave, const Step& step) {
  constexpr U32 kLow = std::numeric_limits<T>::digits - 1;
  const T bit = T{1} << (read32(wave, step.inst.src[0]) & kLow);
  const T old = read<T>(wave, step.inst.dst);
  write<T>(wave, step.inst.dst, static_cast<T>(kSet ? old | bit : old & ~bit));
}

// A register `past` behind the one in the instruction; M0 moves it.
Operand moved(const Operand& operand, U32 past, U32 n) {
  constexpr U32 kGeneral = 106;  // s0 to s105
  if (!operand.is_sgpr() || past >= kGeneral || operand.index + past + n > kGeneral) {
    throw Fault(FaultKind::kOutOfBounds, "a scalar register s[" + std::to_string(operand.index) +
                                             " + " + std::to_string(past) + "], past s105");
  }
  Operand result = operand;
  result.index = static_cast<std::uint8_t>(operand.index + past);
  return result;
}
template <class T>
void move_relative_source(Wave& wave, const Step& step) {
  const Operand from = moved(step.inst.src[0], wave.s[kM0], sizeof(T) / 4);
  write<T>(wave, step.inst.dst, read<T>(wave, from));
}
template <class T>
void move_relative_destination(Wave& wave, const Step& step) {
  const Operand to = moved(step.inst.dst, wave.s[kM0], sizeof(T) / 4);
  write<T>(wave, to, read<T>(wave, step.inst.src[0]));
}
void move_relative_both(Wave& wave, const Step& step) {
  const U32 m0 = wave.s[kM0];
  const Operand from = moved(step.inst.src[0], m0 & 0x3ff, 1);
  write32(wave, moved(step.inst.dst, m0 >> 16 & 0x3ff, 1), read32(wave, from));
}

void move_immediate(Wave& wave, const Step& step) {
  write32(wave, step.inst.dst, static_cast<U32>(step.inst.immediate));
}
void move_immediate_if(Wave& wave, const Step& step) {
  if (wave.scc) move_immediate(wave, step);
}
void add_immediate(Wave& wave, const Step& step) {
  const U32 old = read32(wave, step.inst.dst);
  write32(wave, step.inst.dst, add_signed(old, static_cast<U32>(step.inst.immediate), wave.scc));
}
void multiply_immediate(Wave& wave, const Step& step) {
  const U32 old = read32(wave, step.inst.dst);
  write32(wave, step.inst.dst, old * static_cast<U32>(step.inst.immediate));
}

// --- EXEC ---

// The destination takes the old EXEC, SCC whether a lane is left.
template <auto kFormula>
void save_exec(Wave& wave, const Step& step) {
  const U32 old = wave.exec();
  const U32 mask = kFormula(read32(wave, step.inst.src[0]), old);
  wave.set_exec(mask);
  write32(wave, step.inst.dst, old);
  wave.scc = mask != 0;
}
template <auto kFormula>
void write_exec(Wave& wave, const Step& step) {
  const U32 mask = kFormula(read32(wave, step.inst.src[0]), wave.exec());
  wave.set_exec(mask);
  write32(wave, step.inst.dst, mask);
  wave.scc = mask != 0;
}

// --- The table ---

template <class T, Scc kScc, auto kFormula>
constexpr Handler kUnary = &unary<T, T, kScc, kFormula>;
template <class A, Scc kScc, auto kFormula>
constexpr Handler kUnary32 = &unary<U32, A, kScc, kFormula>;
template <class T, Scc kScc, auto kFormula>
constexpr Handler kBinary = &binary<T, T, T, kScc, kFormula>;
template <class T, Scc kScc, auto kFormula>
constexpr Handler kWithWord = &binary<T, T, U32, kScc, kFormula>;  // a shift, a field

constexpr auto kSame = [](auto a) { return a; };
constexpr auto kNot = [](auto a) { return ~a; };
constexpr auto kAnd = [](auto a, auto b) { return a & b; };
constexpr auto kOr = [](auto a, auto b) { return a | b; };
constexpr auto kXor = [](auto a, auto b) { return a ^ b; };
constexpr auto kNand = [](auto a, auto b) { return ~(a & b); };
constexpr auto kNor = [](auto a, auto b) { return ~(a | b); };
constexpr auto kXnor = [](auto a, auto b) { return ~(a ^ b); };
constexpr auto kAndNot0 = [](auto a, auto b) { return ~a & b; };
constexpr auto kOrNot0 = [](auto a, auto b) { return ~a | b; };
constexpr auto kAndNot1 = [](auto a, auto b) { return a & ~b; };
constexpr auto kOrNot1 = [](auto a, auto b) { return a | ~b; };
constexpr auto kShiftLeft = [](auto a, U32 n) { return a << (n & (sizeof(a) * 8 - 1)); };
constexpr auto kShiftRight = [](auto a, U32 n) { return a >> (n & (sizeof(a) * 8 - 1)); };
constexpr auto kShiftSigned = [](auto a, U32 n) {
  return static_cast<decltype(a)>(as_signed(a) >> (n & (sizeof(a) * 8 - 1)));
};
constexpr auto kEqual = [](auto a, auto b) { return a == b; };
constexpr auto kUnequal = [](auto a, auto b) { return a != b; };
constexpr auto kLess = [](U32 a, U32 b) { return a < b; };
constexpr auto kLessEqual = [](U32 a, U32 b) { return a <= b; };
constexpr auto kGreater = [](U32 a, U32 b) { return a > b; };
constexpr auto kGreaterEqual = [](U32 a, U32 b) { return a >= b; };
constexpr auto kLessSigned = [](U32 a, U32 b) { return as_signed(a) < as_signed(b); };
constexpr auto kLessEqualSigned = [](U32 a, U32 b) { return as_signed(a) <= as_signed(b); };
constexpr auto kGreaterSigned = [](U32 a, U32 b) { return as_signed(a) > as_signed(b); };
constexpr auto kGreaterEqualSigned = [](U32 a, U32 b) { return as_signed(a) >= as_signed(b); };
template <bool kSet>
constexpr auto kBitIs =
    [](auto a, U32 n) { return ((a >> (n & (sizeof(a) * 8 - 1)) & 1) != 0) == kSet; };
template <auto kFormula>
constexpr Handler kCompareSigned = &compare_immediate<[](U32 a, I32 immediate) {
  return kFormula(a, static_cast<U32>(immediate));
}>;
template <auto kFormula>
constexpr Handler kCompareUnsigned =
    &compare_immediate<[](U32 a, I32 immediate) { return kFormula(a, low_half(immediate)); }>;

constexpr auto kN = Scc::kNotZero;
constexpr auto kK = Scc::kKept;
constexpr auto kO = Scc::kOwn;

constexpr HandlerRow kRows[] = {
    // SOP1
    {"s_mov_b32", kUnary<U32, kK, kSame>},
    {"s_mov_b64", kUnary<U64, kK, kSame>},
    {"s_cmov_b32", &move_if<U32>},
    {"s_cmov_b64", &move_if<U64>},
    {"s_brev_b32", kUnary<U32, kK, reversed<U32>>},
    {"s_brev_b64", kUnary<U64, kK, reversed<U64>>},
    {"s_ctz_i32_b32", kUnary32<U32, kK, trailing_zeros<U32>>},
    {"s_ctz_i32_b64", kUnary32<U64, kK, trailing_zeros<U64>>},
    {"s_clz_i32_u32", kUnary32<U32, kK, leading_zeros<U32>>},
    {"s_clz_i32_u64", kUnary32<U64, kK, leading_zeros<U64>>},
    {"s_cls_i32", kUnary32<U32, kK, sign_bits<U32>>},
    {"s_cls_i32_i64", kUnary32<U64, kK, sign_bits<U64>>},
    {"s_sext_i32_i8",
     kUnary<U32, kK, [](U32 a) { return static_cast<U32>(static_cast<std::int8_t>(a & 0xff)); }>},
    {"s_sext_i32_i16",
     kUnary<U32, kK,
            [](U32 a) { return static_cast<U32>(static_cast<std::int16_t>(a & 0xffff)); }>},
    {"s_bitset0_b32", &set_bit<U32, false>},
    {"s_bitset0_b64", &set_bit<U64, false>},
    {"s_bitset1_b32", &set_bit<U32, true>},
    {"s_bitset1_b64", &set_bit<U64, true>},
    {"s_bitreplicate_b64_b32", &unary<U64, U32, kK, replicated>},
    {"s_abs_i32", kUnary<U32, kN, absolute>},
    {"s_bcnt0_i32_b32",
     kUnary32<U32, kN, [](U32 a) { return static_cast<U32>(std::popcount(~a)); }>},
    {"s_bcnt0_i32_b64",
     kUnary32<U64, kN, [](U64 a) { return static_cast<U32>(std::popcount(~a)); }>},
    {"s_bcnt1_i32_b32",
     kUnary32<U32, kN, [](U32 a) { return static_cast<U32>(std::popcount(a)); }>},
    {"s_bcnt1_i32_b64",
     kUnary32<U64, kN, [](U64 a) { return static_cast<U32>(std::popcount(a)); }>},
    {"s_quadmask_b32", kUnary<U32, kN, quads<U32, false>>},
    {"s_quadmask_b64", kUnary<U64, kN, quads<U64, false>>},
    {"s_wqm_b32", kUnary<U32, kN, quads<U32, true>>},
    {"s_wqm_b64", kUnary<U64, kN, quads<U64, true>>},
    {"s_not_b32", kUnary<U32, kN, kNot>},
    {"s_not_b64", kUnary<U64, kN, kNot>},
    {"s_and_saveexec_b32", &save_exec<kAnd>},
    {"s_or_saveexec_b32", &save_exec<kOr>},
    {"s_xor_saveexec_b32", &save_exec<kXor>},
    {"s_nand_saveexec_b32", &save_exec<kNand>},
    {"s_nor_saveexec_b32", &save_exec<kNor>},
    {"s_xnor_saveexec_b32", &save_exec<kXnor>},
    {"s_and_not0_saveexec_b32", &save_exec<kAndNot0>},
    {"s_or_not0_saveexec_b32", &save_exec<kOrNot0>},
    {"s_and_not1_saveexec_b32", &save_exec<kAndNot1>},
    {"s_or_not1_saveexec_b32", &save_exec<kOrNot1>},
    {"s_and_not0_wrexec_b32", &write_exec<kAndNot0>},
    {"s_and_not1_wrexec_b32", &write_exec<kAndNot1>},
    {"s_movrels_b32", &move_relative_source<U32>},
    {"s_movrels_b64", &move_relative_source<U64>},
    {"s_movreld_b32", &move_relative_destination<U32>},
    {"s_movreld_b64", &move_relative_destination<U64>},
    {"s_movrelsd_2_b32", &move_relative_both},
    // SOP2
    {"s_add_u32",
     kBinary<U32, kO, [](U32 a, U32 b, bool& scc) { return add_carry(a, b, false, scc); }>},
    {"s_sub_u32",
     kBinary<U32, kO, [](U32 a, U32 b, bool& scc) { return subtract_borrow(a, b, false, scc); }>},
    {"s_add_i32", kBinary<U32, kO, add_signed>},
    {"s_sub_i32", kBinary<U32, kO, subtract_signed>},
    {"s_addc_u32",
     kBinary<U32, kO, [](U32 a, U32 b, bool& scc) { return add_carry(a, b, scc, scc); }>},
    {"s_subb_u32",
     kBinary<U32, kO, [](U32 a, U32 b, bool& scc) { return subtract_borrow(a, b, scc, scc); }>},
    {"s_absdiff_i32", kBinary<U32, kN, [](U32 a, U32 b) { return absolute(a - b); }>},
    {"s_lshl_b32", kWithWord<U32, kN, kShiftLeft>},
    {"s_lshl_b64", kWithWord<U64, kN, kShiftLeft>},
    {"s_lshr_b32", kWithWord<U32, kN, kShiftRight>},
    {"s_lshr_b64", kWithWord<U64, kN, kShiftRight>},
    {"s_ashr_i32", kWithWord<U32, kN, kShiftSigned>},
    {"s_ashr_i64", kWithWord<U64, kN, kShiftSigned>},
    {"s_lshl1_add_u32", kBinary<U32, kO, shift_add<1>>},
    {"s_lshl2_add_u32", kBinary<U32, kO, shift_add<2>>},
    {"s_lshl3_add_u32", kBinary<U32, kO, shift_add<3>>},
    {"s_lshl4_add_u32", kBinary<U32, kO, shift_add<4>>},
    {"s_min_i32", kBinary<U32, kO,
                          [](U32 a, U32 b, bool& scc) {
                            scc = as_signed(a) < as_signed(b);
                            return scc ? a : b;
                          }>},
    {"s_min_u32", kBinary<U32, kO,
                          [](U32 a, U32 b, bool& scc) {
                            scc = a < b;
                            return scc ? a : b;
                          }>},
    {"s_max_i32", kBinary<U32, kO,
                          [](U32 a, U32 b, bool& scc) {
                            scc = as_signed(a) >= as_signed(b);
                            return scc ? a : b;
                          }>},
    {"s_max_u32", kBinary<U32, kO,
                          [](U32 a, U32 b, bool& scc) {
                            scc = a >= b;
                            return scc ? a : b;
                          }>},
    {"s_and_b32", kBinary<U32, kN, kAnd>},
    {"s_and_b64", kBinary<U64, kN, kAnd>},
    {"s_or_b32", kBinary<U32, kN, kOr>},
    {"s_or_b64", kBinary<U64, kN, kOr>},
    {"s_xor_b32", kBinary<U32, kN, kXor>},
    {"s_xor_b64", kBinary<U64, kN, kXor>},
    {"s_nand_b32", kBinary<U32, kN, kNand>},
    {"s_nand_b64", kBinary<U64, kN, kNand>},
    {"s_nor_b32", kBinary<U32, kN, kNor>},
    {"s_nor_b64", kBinary<U64, kN, kNor>},
    {"s_xnor_b32", kBinary<U32, kN, kXnor>},
    {"s_xnor_b64", kBinary<U64, kN, kXnor>},
    {"s_and_not1_b32", kBinary<U32, kN, kAndNot1>},
    {"s_and_not1_b64", kBinary<U64, kN, kAndNot1>},
    {"s_or_not1_b32", kBinary<U32, kN, kOrNot1>},
    {"s_or_not1_b64", kBinary<U64, kN, kOrNot1>},
    {"s_bfe_u32", kWithWord<U32, kN, bit_field<U32>>},
    {"s_bfe_i32", kWithWord<U32, kN, signed_bit_field<U32>>},
    {"s_bfe_u64", kWithWord<U64, kN, bit_field<U64>>},
    {"s_bfe_i64", kWithWord<U64, kN, signed_bit_field<U64>>},
    {"s_bfm_b32", kBinary<U32, kK, bit_mask<U32>>},
    {"s_bfm_b64", &binary<U64, U32, U32, kK, bit_mask<U64>>},
    {"s_mul_i32", kBinary<U32, kK, [](U32 a, U32 b) { return a * b; }>},
    {"s_mul_hi_u32",
     kBinary<U32, kK, [](U32 a, U32 b) { return static_cast<U32>(U64{a} * b >> 32); }>},
    {"s_mul_hi_i32", kBinary<U32, kK,
                             [](U32 a, U32 b) {
                               return static_cast<U32>(I64{as_signed(a)} * as_signed(b) >> 32);
                             }>},
    {"s_cselect_b32", &select<U32>},
    {"s_cselect_b64", &select<U64>},
    {"s_pack_ll_b32_b16", kBinary<U32, kK, [](U32 a, U32 b) { return halves(a, b); }>},
    {"s_pack_lh_b32_b16", kBinary<U32, kK, [](U32 a, U32 b) { return halves(a, b >> 16); }>},
    {"s_pack_hh_b32_b16", kBinary<U32, kK, [](U32 a, U32 b) { return halves(a >> 16, b >> 16); }>},
    {"s_pack_hl_b32_b16", kBinary<U32, kK, [](U32 a, U32 b) { return halves(a >> 16, b); }>},
    // SOPC
    {"s_cmp_eq_i32", &compare<U32, U32, kEqual>},
    {"s_cmp_lg_i32", &compare<U32, U32, kUnequal>},
    {"s_cmp_gt_i32", &compare<U32, U32, kGreaterSigned>},
    {"s_cmp_ge_i32", &compare<U32, U32, kGreaterEqualSigned>},
    {"s_cmp_lt_i32", &compare<U32, U32, kLessSigned>},
    {"s_cmp_le_i32", &compare<U32, U32, kLessEqualSigned>},
    {"s_cmp_eq_u32", &compare<U32, U32, kEqual>},
    {"s_cmp_lg_u32", &compare<U32, U32, kUnequal>},
    {"s_cmp_gt_u32", &compare<U32, U32, kGreater>},
    {"s_cmp_ge_u32", &compare<U32, U32, kGreaterEqual>},
    {"s_cmp_lt_u32", &compare<U32, U32, kLess>},
    {"s_cmp_le_u32", &compare<U32, U32, kLessEqual>},
    {"s_cmp_eq_u64", &compare<U64, U64, kEqual>},
    {"s_cmp_lg_u64", &compare<U64, U64, kUnequal>},
    {"s_bitcmp0_b32", &compare<U32, U32, kBitIs<false>>},
    {"s_bitcmp1_b32", &compare<U32, U32, kBitIs<true>>},
    {"s_bitcmp0_b64", &compare<U64, U32, kBitIs<false>>},
    {"s_bitcmp1_b64", &compare<U64, U32, kBitIs<true>>},
    // SOPK
    {"s_movk_i32", &move_immediate},
    {"s_cmovk_i32", &move_immediate_if},
    {"s_cmpk_eq_i32", kCompareSigned<kEqual>},
    {"s_cmpk_lg_i32", kCompareSigned<kUnequal>},
    {"s_cmpk_gt_i32", kCompareSigned<kGreaterSigned>},
    {"s_cmpk_ge_i32", kCompareSigned<kGreaterEqualSigned>},
    {"s_cmpk_lt_i32", kCompareSigned<kLessSigned>},
    {"s_cmpk_le_i32", kCompareSigned<kLessEqualSigned>},
    {"s_cmpk_eq_u32", kCompareUnsigned<kEqual>},
    {"s_cmpk_lg_u32", kCompareUnsigned<kUnequal>},
    {"s_cmpk_gt_u32", kCompareUnsigned<kGreater>},
    {"s_cmpk_ge_u32", kCompareUnsigned<kGreaterEqual>},
    {"s_cmpk_lt_u32", kCompareUnsigned<kLess>},
    {"s_cmpk_le_u32", kCompareUnsigned<kLessEqual>},
    {"s_addk_i32", &add_immediate},
    {"s_mulk_i32", &multiply_immediate},
};

}  // namespace

std::span<const HandlerRow> scalar_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
