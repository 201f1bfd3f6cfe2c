// DS: the work group's memory, and the lanes' exchange through its crossbar. A group runs on one
// thread, so that nothing here is shared.

#include "machine/access.h"
#include "machine/exec/handlers.h"
#include "machine/exec/lanes.h"

namespace rocmforge::emu {
namespace {

using Kind = Access::Kind;

Addresses lds_addresses(Wave& wave, const Inst& inst, std::int32_t offset) {
  Addresses out;
  const auto start = static_cast<std::uint32_t>(offset);
  if (inst.src[0].is_none()) {  // by lane: the "addtid" forms
    const std::uint32_t base = start + (wave.s[kM0] & 0xffffU);
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) out.x[lane] = base + lane * 4;
    return out;
  }
  const Lanes& address = *registers(wave, inst.src[0], 1);
  for (int lane = 0; lane < kLanes; ++lane) out.x[lane] = address.x[lane] + start;
  return out;
}

std::byte* lds_at(Wave& wave, std::uint64_t address) {
  return wave.group->lds.data() + address;
}

template <int N>
void load_lanes(Wave& wave, const Addresses& at, bool contiguous, Lanes* to) {
  if (contiguous) {
    std::uint32_t words[kLanes * N];
    std::memcpy(words, lds_at(wave, at.x[0]), sizeof words);
    return spread<N>(words, to);
  }
  const std::byte* lds = lds_at(wave, 0);
  for_each_lane(wave.exec(), [&](int lane) {
    std::uint32_t words[N];
    std::memcpy(words, lds + at.x[lane], sizeof words);
    for (int n = 0; n < N; ++n) to[n].x[lane] = words[n];
  });
}

template <int N>
void store_lanes(Wave& wave, const Addresses& at, bool contiguous, const Lanes* from) {
  if (contiguous) {
    std::uint32_t words[kLanes * N];
    collect<N>(from, words);
    std::memcpy(lds_at(wave, at.x[0]), words, sizeof words);
    return;
  }
  std::byte* lds = lds_at(wave, 0);
  for_each_lane(wave.exec(), [&](int lane) {
    std::uint32_t words[N];
    for (int n = 0; n < N; ++n) words[n] = from[n].x[lane];
    std::memcpy(lds + at.x[lane], words, sizeof words);
  });
}

template <int N>
void load(Wave& wave, const Step& step) {
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset);
  Lanes* to = registers(wave, step.inst.dst, N);
  const bool contiguous = enter_lds(wave, step, {wave.exec(), 4 * N, at.x, Kind::kRead});
  load_lanes<N>(wave, at, contiguous, to);
}

template <int N>
void store(Wave& wave, const Step& step) {
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset);
  const Lanes* from = registers(wave, step.inst.src[1], N);
  const bool contiguous = enter_lds(wave, step, {wave.exec(), 4 * N, at.x, Kind::kWrite});
  store_lanes<N>(wave, at, contiguous, from);
}

// Two addresses, `kStride` elements of N words apart a step of the offsets.
template <int N, int kStride>
void load_two(Wave& wave, const Step& step) {
  constexpr std::int32_t kStep = 4 * N * kStride;
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset * kStep);
  const Addresses at2 = lds_addresses(wave, step.inst, step.inst.offset2 * kStep);
  Lanes* to = registers(wave, step.inst.dst, 2 * N);
  const bool contiguous = enter_lds(wave, step, {wave.exec(), 4 * N, at.x, Kind::kRead});
  const bool contiguous2 = enter_lds(wave, step, {wave.exec(), 4 * N, at2.x, Kind::kRead});
  load_lanes<N>(wave, at, contiguous, to);
  load_lanes<N>(wave, at2, contiguous2, to + N);
}

template <int N, int kStride>
void store_two(Wave& wave, const Step& step) {
  constexpr std::int32_t kStep = 4 * N * kStride;
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset * kStep);
  const Addresses at2 = lds_addresses(wave, step.inst, step.inst.offset2 * kStep);
  const Lanes* from = registers(wave, step.inst.src[1], N);
  const Lanes* from2 = registers(wave, step.inst.src[2], N);
  const bool contiguous = enter_lds(wave, step, {wave.exec(), 4 * N, at.x, Kind::kWrite});
  const bool contiguous2 = enter_lds(wave, step, {wave.exec(), 4 * N, at2.x, Kind::kWrite});
  store_lanes<N>(wave, at, contiguous, from);
  store_lanes<N>(wave, at2, contiguous2, from2);
}

template <class T, Half kHalf>
void load_narrow(Wave& wave, const Step& step) {
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset);
  Lanes& to = *registers(wave, step.inst.dst, 1);
  enter_lds(wave, step, {wave.exec(), sizeof(T), at.x, Kind::kRead});
  for_each_lane(wave.exec(), [&](int lane) {
    T value;
    std::memcpy(&value, lds_at(wave, at.x[lane]), sizeof value);
    to.x[lane] = insert<T, kHalf>(to.x[lane], value);
  });
}

template <class T, int kShift>
void store_narrow(Wave& wave, const Step& step) {
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset);
  const Lanes& from = *registers(wave, step.inst.src[1], 1);
  enter_lds(wave, step, {wave.exec(), sizeof(T), at.x, Kind::kWrite});
  for_each_lane(wave.exec(), [&](int lane) {
    const auto value = static_cast<T>(from.x[lane] >> kShift);
    std::memcpy(lds_at(wave, at.x[lane]), &value, sizeof value);
  });
}

// Atomics: f(old, lane) is the new value. Lanes go in order, where the hardware promises none.
template <class T, bool kReturn, class F>
void exchange(Wave& wave, const Step& step, F f) {
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset);
  Lanes* to = nullptr;
  if constexpr (kReturn) to = registers(wave, step.inst.dst, sizeof(T) / 4);
  enter_lds(wave, step, {wave.exec(), sizeof(T), at.x, Kind::kAtomic});
  for_each_lane(wave.exec(), [&](int lane) {
    std::byte* memory = lds_at(wave, at.x[lane]);
    T old;
    std::memcpy(&old, memory, sizeof old);
    const T value = f(old, lane);
    std::memcpy(memory, &value, sizeof value);
    if constexpr (kReturn) set_lane_value<T>(to, lane, old);
  });
}

template <class T, class Update, bool kReturn>
void atomic(Wave& wave, const Step& step) {
  const Lanes* data = registers(wave, step.inst.src[1], sizeof(T) / 4);
  exchange<T, kReturn>(wave, step,
                       [&](T old, int lane) { return Update()(old, lane_value<T>(data, lane)); });
}

// Those of two data: `Update3`(old, data, data2).
template <class T, class Update3, bool kReturn>
void atomic_two(Wave& wave, const Step& step) {
  const Lanes* data = registers(wave, step.inst.src[1], sizeof(T) / 4);
  const Lanes* data2 = registers(wave, step.inst.src[2], sizeof(T) / 4);
  exchange<T, kReturn>(wave, step, [&](T old, int lane) {
    return Update3()(old, lane_value<T>(data, lane), lane_value<T>(data2, lane));
  });
}

struct CompareStore {
  template <class T>
  T operator()(T old, T value, T expected) const {
    return old == expected ? value : old;
  }
};
struct MaskedOr {
  template <class T>
  T operator()(T old, T mask, T value) const {
    return (old & ~mask) | value;
  }
};
struct Wrap {
  template <class T>
  T operator()(T old, T limit, T step) const {
    return old >= limit ? old - limit : old + step;
  }
};

template <class T, int kStride>
void swap_two(Wave& wave, const Step& step) {
  constexpr int kWords = sizeof(T) / 4;
  constexpr std::int32_t kStep = static_cast<std::int32_t>(sizeof(T)) * kStride;
  const Addresses at[2] = {lds_addresses(wave, step.inst, step.inst.offset * kStep),
                           lds_addresses(wave, step.inst, step.inst.offset2 * kStep)};
  const Lanes* data[2] = {registers(wave, step.inst.src[1], kWords),
                          registers(wave, step.inst.src[2], kWords)};
  Lanes* to = registers(wave, step.inst.dst, 2 * kWords);
  for (const Addresses& each : at) {
    enter_lds(wave, step, {wave.exec(), sizeof(T), each.x, Kind::kAtomic});
  }
  for_each_lane(wave.exec(), [&](int lane) {
    const T value[2] = {lane_value<T>(data[0], lane), lane_value<T>(data[1], lane)};
    for (int n = 0; n < 2; ++n) {
      std::byte* memory = lds_at(wave, at[n].x[lane]);
      T old;
      std::memcpy(&old, memory, sizeof old);
      std::memcpy(memory, &value[n], sizeof old);
      set_lane_value<T>(to + n * kWords, lane, old);
    }
  });
}

// The crossbar: it exchanges registers, and no memory is touched. What a disabled lane would give
// is 0.
void permute(Wave& wave, const Step& step) {
  const Addresses at = lds_addresses(wave, step.inst, step.inst.offset);
  const Lanes& from = *registers(wave, step.inst.src[1], 1);
  Lanes& to = *registers(wave, step.inst.dst, 1);
  Lanes result{};
  for_each_lane(wave.exec(), [&](int lane) { result.x[at.x[lane] / 4 % kLanes] = from.x[lane]; });
  for_each_lane(wave.exec(), [&](int lane) { to.x[lane] = result.x[lane]; });
}

void permute_back(Wave& wave, const Step& step) {
  const Lanes& address = *registers(wave, step.inst.src[0], 1);
  const Lanes& from = *registers(wave, step.inst.src[1], 1);
  Lanes& to = *registers(wave, step.inst.dst, 1);
  const auto offset = static_cast<std::uint32_t>(step.inst.offset);
  Lanes given, result;
  for (int lane = 0; lane < kLanes; ++lane) given.x[lane] = from.x[lane] & wave.active.x[lane];
  for (int lane = 0; lane < kLanes; ++lane) {
    result.x[lane] = given.x[(address.x[lane] + offset) / 4 % kLanes];
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    to.x[lane] = wave.active.x[lane] != 0 ? result.x[lane] : to.x[lane];
  }
}

// Which lane gives, by the pattern in the offset.
std::uint32_t swizzle_source(std::uint32_t lane, std::uint32_t pattern) {
  if ((pattern & 0x8000U) != 0) return (lane & ~3U) | (pattern >> 2 * (lane & 3U) & 3U);
  return ((lane & (pattern & 31U)) | (pattern >> 5 & 31U)) ^ (pattern >> 10 & 31U);
}

void swizzle(Wave& wave, const Step& step) {
  const auto pattern = static_cast<std::uint32_t>(step.inst.offset) & 0xffffU;
  if ((pattern & 0x8000U) != 0 && (pattern & 0x7f00U) != 0) {
    throw Fault(FaultKind::kUnsupported, "ds_swizzle_b32 of other than quads or a bit mask");
  }
  const Operand& source = step.inst.src[1].is_none() ? step.inst.src[0] : step.inst.src[1];
  const Lanes& from = *registers(wave, source, 1);
  Lanes& to = *registers(wave, step.inst.dst, 1);
  Lanes result;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    const std::uint32_t source_lane = swizzle_source(lane, pattern);
    result.x[lane] = from.x[source_lane] & wave.active.x[source_lane];
  }
  for_each_lane(wave.exec(), [&](int lane) { to.x[lane] = result.x[lane]; });
}

void nothing(Wave&, const Step&) {}

using U8 = std::uint8_t;
using I8 = std::int8_t;
using U16 = std::uint16_t;
using I16 = std::int16_t;
using U32 = std::uint32_t;
using I32 = std::int32_t;
using U64 = std::uint64_t;
using I64 = std::int64_t;

constexpr HandlerRow kRows[] = {
    {"ds_nop", nothing},
    {"ds_permute_b32", permute},
    {"ds_bpermute_b32", permute_back},
    {"ds_swizzle_b32", swizzle},
    {"ds_load_addtid_b32", load<1>},
    {"ds_store_addtid_b32", store<1>},
    {"ds_load_b32", load<1>},
    {"ds_load_b64", load<2>},
    {"ds_load_b96", load<3>},
    {"ds_load_b128", load<4>},
    {"ds_load_u8", load_narrow<U8, Half::kWhole>},
    {"ds_load_i8", load_narrow<I8, Half::kWhole>},
    {"ds_load_u16", load_narrow<U16, Half::kWhole>},
    {"ds_load_i16", load_narrow<I16, Half::kWhole>},
    {"ds_load_u8_d16", load_narrow<U8, Half::kLow>},
    {"ds_load_i8_d16", load_narrow<I8, Half::kLow>},
    {"ds_load_u16_d16", load_narrow<U16, Half::kLow>},
    {"ds_load_u8_d16_hi", load_narrow<U8, Half::kHigh>},
    {"ds_load_i8_d16_hi", load_narrow<I8, Half::kHigh>},
    {"ds_load_u16_d16_hi", load_narrow<U16, Half::kHigh>},
    {"ds_store_b32", store<1>},
    {"ds_store_b64", store<2>},
    {"ds_store_b96", store<3>},
    {"ds_store_b128", store<4>},
    {"ds_store_b8", store_narrow<U8, 0>},
    {"ds_store_b16", store_narrow<U16, 0>},
    {"ds_store_b8_d16_hi", store_narrow<U8, 16>},
    {"ds_store_b16_d16_hi", store_narrow<U16, 16>},
    {"ds_load_2addr_b32", load_two<1, 1>},
    {"ds_load_2addr_b64", load_two<2, 1>},
    {"ds_load_2addr_stride64_b32", load_two<1, 64>},
    {"ds_load_2addr_stride64_b64", load_two<2, 64>},
    {"ds_store_2addr_b32", store_two<1, 1>},
    {"ds_store_2addr_b64", store_two<2, 1>},
    {"ds_store_2addr_stride64_b32", store_two<1, 64>},
    {"ds_store_2addr_stride64_b64", store_two<2, 64>},
    {"ds_add_u32", atomic<U32, update::Add, false>},
    {"ds_add_rtn_u32", atomic<U32, update::Add, true>},
    {"ds_sub_u32", atomic<U32, update::Sub, false>},
    {"ds_sub_rtn_u32", atomic<U32, update::Sub, true>},
    {"ds_rsub_u32", atomic<U32, update::ReverseSub, false>},
    {"ds_rsub_rtn_u32", atomic<U32, update::ReverseSub, true>},
    {"ds_inc_u32", atomic<U32, update::Inc, false>},
    {"ds_inc_rtn_u32", atomic<U32, update::Inc, true>},
    {"ds_dec_u32", atomic<U32, update::Dec, false>},
    {"ds_dec_rtn_u32", atomic<U32, update::Dec, true>},
    {"ds_min_i32", atomic<I32, update::Min, false>},
    {"ds_min_rtn_i32", atomic<I32, update::Min, true>},
    {"ds_min_u32", atomic<U32, update::Min, false>},
    {"ds_min_rtn_u32", atomic<U32, update::Min, true>},
    {"ds_min_f32", atomic<float, update::Min, false>},
    {"ds_min_rtn_f32", atomic<float, update::Min, true>},
    {"ds_max_i32", atomic<I32, update::Max, false>},
    {"ds_max_rtn_i32", atomic<I32, update::Max, true>},
    {"ds_max_u32", atomic<U32, update::Max, false>},
    {"ds_max_rtn_u32", atomic<U32, update::Max, true>},
    {"ds_max_f32", atomic<float, update::Max, false>},
    {"ds_max_rtn_f32", atomic<float, update::Max, true>},
    {"ds_and_b32", atomic<U32, update::And, false>},
    {"ds_and_rtn_b32", atomic<U32, update::And, true>},
    {"ds_or_b32", atomic<U32, update::Or, false>},
    {"ds_or_rtn_b32", atomic<U32, update::Or, true>},
    {"ds_xor_b32", atomic<U32, update::Xor, false>},
    {"ds_xor_rtn_b32", atomic<U32, update::Xor, true>},
    {"ds_mskor_b32", atomic_two<U32, MaskedOr, false>},
    {"ds_mskor_rtn_b32", atomic_two<U32, MaskedOr, true>},
    {"ds_cmpstore_b32", atomic_two<U32, CompareStore, false>},
    {"ds_cmpstore_rtn_b32", atomic_two<U32, CompareStore, true>},
    {"ds_cmpstore_f32", atomic_two<float, CompareStore, false>},
    {"ds_cmpstore_rtn_f32", atomic_two<float, CompareStore, true>},
    {"ds_storexchg_rtn_b32", atomic<U32, update::Swap, true>},
    {"ds_storexchg_2addr_rtn_b32", swap_two<U32, 1>},
    {"ds_storexchg_2addr_stride64_rtn_b32", swap_two<U32, 64>},
    {"ds_add_u64", atomic<U64, update::Add, false>},
    {"ds_add_rtn_u64", atomic<U64, update::Add, true>},
    {"ds_sub_u64", atomic<U64, update::Sub, false>},
    {"ds_sub_rtn_u64", atomic<U64, update::Sub, true>},
    {"ds_rsub_u64", atomic<U64, update::ReverseSub, false>},
    {"ds_rsub_rtn_u64", atomic<U64, update::ReverseSub, true>},
    {"ds_inc_u64", atomic<U64, update::Inc, false>},
    {"ds_inc_rtn_u64", atomic<U64, update::Inc, true>},
    {"ds_dec_u64", atomic<U64, update::Dec, false>},
    {"ds_dec_rtn_u64", atomic<U64, update::Dec, true>},
    {"ds_min_i64", atomic<I64, update::Min, false>},
    {"ds_min_rtn_i64", atomic<I64, update::Min, true>},
    {"ds_min_u64", atomic<U64, update::Min, false>},
    {"ds_min_rtn_u64", atomic<U64, update::Min, true>},
    {"ds_min_f64", atomic<double, update::Min, false>},
    {"ds_min_rtn_f64", atomic<double, update::Min, true>},
    {"ds_max_i64", atomic<I64, update::Max, false>},
    {"ds_max_rtn_i64", atomic<I64, update::Max, true>},
    {"ds_max_u64", atomic<U64, update::Max, false>},
    {"ds_max_rtn_u64", atomic<U64, update::Max, true>},
    {"ds_max_f64", atomic<double, update::Max, false>},
    {"ds_max_rtn_f64", atomic<double, update::Max, true>},
    {"ds_and_b64", atomic<U64, update::And, false>},
    {"ds_and_rtn_b64", atomic<U64, update::And, true>},
    {"ds_or_b64", atomic<U64, update::Or, false>},
    {"ds_or_rtn_b64", atomic<U64, update::Or, true>},
    {"ds_xor_b64", atomic<U64, update::Xor, false>},
    {"ds_xor_rtn_b64", atomic<U64, update::Xor, true>},
    {"ds_mskor_b64", atomic_two<U64, MaskedOr, false>},
    {"ds_mskor_rtn_b64", atomic_two<U64, MaskedOr, true>},
    {"ds_cmpstore_b64", atomic_two<U64, CompareStore, false>},
    {"ds_cmpstore_rtn_b64", atomic_two<U64, CompareStore, true>},
    {"ds_cmpstore_f64", atomic_two<double, CompareStore, false>},
    {"ds_cmpstore_rtn_f64", atomic_two<double, CompareStore, true>},
    {"ds_storexchg_rtn_b64", atomic<U64, update::Swap, true>},
    {"ds_storexchg_2addr_rtn_b64", swap_two<U64, 1>},
    {"ds_storexchg_2addr_stride64_rtn_b64", swap_two<U64, 64>},
    {"ds_add_f32", atomic<float, update::Add, false>},
    {"ds_add_rtn_f32", atomic<float, update::Add, true>},
    {"ds_wrap_rtn_b32", atomic_two<U32, Wrap, true>},
};

}  // namespace

std::span<const HandlerRow> lds_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
