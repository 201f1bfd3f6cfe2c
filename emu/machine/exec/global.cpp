// FLAT, GLOBAL and SCRATCH; MUBUF's cache controls.
//
// Worker threads share the card's memory. Where a kernel orders its groups it does so through
// accesses that the ISA makes whole: atomics, loads that bypass the group's cache (glc) and stores
// of up to 64 bits. Those are atomic here too and carry acquire and release; all others are copies,
// and where two groups meet in them the kernel has a race.
//
// Memory may be addressed at any byte (HIP runs with SH_MEM_CONFIG's unaligned mode on), but by
// atomics. Flat loads reach the LDS and scratch through their windows; for flat stores and atomics
// those are not modelled, and an address in them is out of bounds.
#include <atomic>
#include <limits>
#include <string>
#include <type_traits>

#include "machine/access.h"
#include "machine/exec/handlers.h"
#include "machine/exec/lanes.h"

namespace rocmforge::emu {
namespace {

using Kind = Access::Kind;

Addresses global_addresses(Wave& wave, const Inst& inst) {
  Addresses out;
  const auto offset = static_cast<std::uint64_t>(static_cast<std::int64_t>(inst.offset));
  const Operand& base = inst.src[2];
  if (base.is_sgpr() && base.index != kNull) {
    const std::uint64_t start =
        (std::uint64_t{wave.s[base.index + 1U]} << 32 | wave.s[base.index]) + offset;
    const Lanes& index = *registers(wave, inst.src[0], 1);
    for (int lane = 0; lane < kLanes; ++lane) out.x[lane] = start + index.x[lane];
    return out;
  }
  const Lanes* address = registers(wave, inst.src[0], 2);
  for (int lane = 0; lane < kLanes; ++lane) {
    out.x[lane] = (std::uint64_t{address[1].x[lane]} << 32 | address[0].x[lane]) + offset;
  }
  return out;
}

// Offsets into the lane's own bytes of scratch -> places in wave.scratch, which holds one lane's
// bytes after another's; the hardware interleaves lanes by dwords, and so the lines are counted.
Addresses scratch_places(Wave& wave, const Addresses& at, std::uint32_t bytes, bool write) {
  Addresses out;
  const std::uint64_t size = wave.scratch.size() / kLanes;
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max(), last = 0;
  for_each_lane(wave.exec(), [&](int lane) {
    const std::uint64_t offset = at.x[lane];
    if (offset >= size || bytes > size - offset) {
      throw Fault(FaultKind::kOutOfBounds,
                  "scratch access of " + std::to_string(bytes) + " bytes at " +
                      std::to_string(static_cast<std::int64_t>(offset)) + ": a lane has " +
                      std::to_string(size) + " bytes",
                  lane);
    }
    first = offset < first ? offset : first;
    last = offset > last ? offset : last;
    out.x[lane] = static_cast<std::uint64_t>(lane) * size + offset;
  });
  Traffic& traffic = write ? wave.group->counters->stores : wave.group->counters->loads;
  ++traffic.instructions;
  if (wave.exec() == 0) return out;
  traffic.bytes += static_cast<std::uint64_t>(std::popcount(wave.exec())) * bytes;
  // Lanes that go different ways: no more than every lane a line a dword.
  const std::uint64_t dwords = (last + bytes - 1) / 4 - first / 4 + 1;
  const std::uint64_t most =
      static_cast<std::uint64_t>(std::popcount(wave.exec())) * ((bytes + 3) / 4);
  traffic.lines += dwords < most || first == last ? dwords : most;
  return out;
}

// SCRATCH: 32-bit offsets.
Addresses scratch_places(Wave& wave, const Inst& inst, std::uint32_t bytes, bool write) {
  Addresses at;
  const Operand& base = inst.src[2];
  std::int64_t start = inst.offset;
  if (base.is_sgpr() && base.index != kNull) start += wave.s[base.index];
  const Lanes* index = inst.src[0].is_none() ? nullptr : registers(wave, inst.src[0], 1);
  for (int lane = 0; lane < kLanes; ++lane) {
    const std::int64_t offset = start + (index == nullptr ? 0 : std::int64_t{index->x[lane]});
    at.x[lane] = static_cast<std::uint64_t>(offset);
  }
  return scratch_places(wave, at, bytes, write);
}

template <int N>
void load_lane(const std::byte* from, Lanes* to, int lane, bool whole) {
  std::uint32_t words[N];
  if (whole && N == 2) {
    const auto value = read_whole<std::uint64_t>(from);
    std::memcpy(words, &value, sizeof value);
  } else {
    read_words(from, words);
  }
  for (int n = 0; n < N; ++n) to[n].x[lane] = words[n];
}

template <int N>
void load(Wave& wave, const Step& step) {
  const Addresses at = global_addresses(wave, step.inst);
  Lanes* to = registers(wave, step.inst.dst, N);
  const bool contiguous = enter_global(wave, step, {wave.exec(), 4 * N, at.x, Kind::kRead});
  if (contiguous && !step.inst.glc) {
    std::uint32_t words[kLanes * N];
    read_words(host(at.x[0]), words);
    return spread<N>(words, to);
  }
  const bool whole = step.inst.glc;
  for_each_lane(wave.exec(), [&](int lane) { load_lane<N>(host(at.x[lane]), to, lane, whole); });
}

template <class T, Half kHalf>
void load_narrow(Wave& wave, const Step& step) {
  const Addresses at = global_addresses(wave, step.inst);
  Lanes& to = *registers(wave, step.inst.dst, 1);
  enter_global(wave, step, {wave.exec(), sizeof(T), at.x, Kind::kRead});
  for_each_lane(wave.exec(), [&](int lane) {
    to.x[lane] = insert<T, kHalf>(to.x[lane], read_whole<T>(host(at.x[lane])));
  });
}

// Lanes whose address lies in the window of 4 GiB at `base`.
std::uint32_t lanes_within(const Wave& wave, const Addresses& at, std::uint64_t base) {
  std::uint32_t out = 0;
  for_each_lane(wave.exec(), [&](int lane) {
    out |= static_cast<std::uint32_t>(at.x[lane] >> 32 == base >> 32) << lane;
  });
  return out;
}

// A flat load: kGlobal, but for the lanes whose addresses lie in the windows of LDS and scratch.
// put(from, lane) takes a lane's bytes.
template <int kBytes, class Put>
void load_flat(Wave& wave, const Step& step, Handler global, const Put& put) {
  Addresses at = global_addresses(wave, step.inst);
  const std::uint32_t exec = wave.exec();
  const std::uint32_t shared = lanes_within(wave, at, kSharedWindow);
  const std::uint32_t own = lanes_within(wave, at, kScratchWindow);
  if ((shared | own) == 0) return global(wave, step);
  for (std::uint64_t& x : at.x) x &= 0xffffffffU;
  // In turns, each with its lanes alone in EXEC; what one writes, no other one reads.
  if ((exec & ~(shared | own)) != 0) {
    wave.set_exec(exec & ~(shared | own));
    global(wave, step);
  }
  if (shared != 0) {
    wave.set_exec(shared);
    enter_lds(wave, step, {shared, kBytes, at.x, Kind::kRead});
    for_each_lane(shared, [&](int lane) { put(wave.group->lds.data() + at.x[lane], lane); });
  }
  if (own != 0) {
    wave.set_exec(own);
    const Addresses places = scratch_places(wave, at, kBytes, false);
    for_each_lane(own, [&](int lane) { put(wave.scratch.data() + places.x[lane], lane); });
  }
  wave.set_exec(exec);
}

template <int N>
void flat_load(Wave& wave, const Step& step) {
  Lanes* to = registers(wave, step.inst.dst, N);
  load_flat<4 * N>(wave, step, load<N>,
                   [&](const std::byte* from, int lane) { load_lane<N>(from, to, lane, false); });
}

template <class T, Half kHalf>
void flat_load_narrow(Wave& wave, const Step& step) {
  Lanes& to = *registers(wave, step.inst.dst, 1);
  load_flat<sizeof(T)>(wave, step, load_narrow<T, kHalf>, [&](const std::byte* from, int lane) {
    T value;
    std::memcpy(&value, from, sizeof value);
    to.x[lane] = insert<T, kHalf>(to.x[lane], value);
  });
}

template <int N>
void store(Wave& wave, const Step& step) {
  const Addresses at = global_addresses(wave, step.inst);
  const Lanes* from = registers(wave, step.inst.src[1], N);
  const bool contiguous = enter_global(wave, step, {wave.exec(), 4 * N, at.x, Kind::kWrite});
  if constexpr (N <= 2) {
    using T = std::conditional_t<N == 1, std::uint32_t, std::uint64_t>;
    for_each_lane(wave.exec(),
                  [&](int lane) { write_whole<T>(host(at.x[lane]), lane_value<T>(from, lane)); });
  } else {
    if (contiguous) {
      std::uint32_t words[kLanes * N];
      collect<N>(from, words);
      return write_words(host(at.x[0]), words);
    }
    for_each_lane(wave.exec(), [&](int lane) {
      std::uint32_t words[N];
      for (int n = 0; n < N; ++n) words[n] = from[n].x[lane];
      write_words(host(at.x[lane]), words);
    });
  }
}

template <class T, int kShift>
void store_narrow(Wave& wave, const Step& step) {
  const Addresses at = global_addresses(wave, step.inst);
  const Lanes& from = *registers(wave, step.inst.src[1], 1);
  enter_global(wave, step, {wave.exec(), sizeof(T), at.x, Kind::kWrite});
  for_each_lane(wave.exec(), [&](int lane) {
    write_whole<T>(host(at.x[lane]), static_cast<T>(from.x[lane] >> kShift));
  });
}

template <int N>
void scratch_load(Wave& wave, const Step& step) {
  const Addresses at = scratch_places(wave, step.inst, 4 * N, false);
  Lanes* to = registers(wave, step.inst.dst, N);
  for_each_lane(wave.exec(),
                [&](int lane) { load_lane<N>(wave.scratch.data() + at.x[lane], to, lane, false); });
}

template <class T, Half kHalf>
void scratch_load_narrow(Wave& wave, const Step& step) {
  const Addresses at = scratch_places(wave, step.inst, sizeof(T), false);
  Lanes& to = *registers(wave, step.inst.dst, 1);
  for_each_lane(wave.exec(), [&](int lane) {
    T value;
    std::memcpy(&value, wave.scratch.data() + at.x[lane], sizeof value);
    to.x[lane] = insert<T, kHalf>(to.x[lane], value);
  });
}

template <int N>
void scratch_store(Wave& wave, const Step& step) {
  const Addresses at = scratch_places(wave, step.inst, 4 * N, true);
  const Lanes* from = registers(wave, step.inst.src[1], N);
  for_each_lane(wave.exec(), [&](int lane) {
    std::uint32_t words[N];
    for (int n = 0; n < N; ++n) words[n] = from[n].x[lane];
    std::memcpy(wave.scratch.data() + at.x[lane], words, sizeof words);
  });
}

template <class T, int kShift>
void scratch_store_narrow(Wave& wave, const Step& step) {
  const Addresses at = scratch_places(wave, step.inst, sizeof(T), true);
  const Lanes& from = *registers(wave, step.inst.src[1], 1);
  for_each_lane(wave.exec(), [&](int lane) {
    const auto value = static_cast<T>(from.x[lane] >> kShift);
    std::memcpy(wave.scratch.data() + at.x[lane], &value, sizeof value);
  });
}

// Puts update(old, data) in place of old, whole to the other workers; lanes go in order, where the
// hardware promises none. Returns the old value with glc.
template <class T, class Update>
void atomic(Wave& wave, const Step& step) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const Addresses at = global_addresses(wave, step.inst);
  const Lanes* data = registers(wave, step.inst.src[1], sizeof(T) / 4);
  Lanes* to = step.inst.glc ? registers(wave, step.inst.dst, sizeof(T) / 4) : nullptr;
  enter_global(wave, step, {wave.exec(), sizeof(T), at.x, Kind::kAtomic});
  for_each_lane(wave.exec(), [&](int lane) {
    std::atomic_ref<Bits> memory(*reinterpret_cast<Bits*>(host(at.x[lane])));
    const T value = lane_value<T>(data, lane);
    Bits old = memory.load(std::memory_order_relaxed);
    while (!memory.compare_exchange_weak(
        old, std::bit_cast<Bits>(Update()(std::bit_cast<T>(old), value)), std::memory_order_acq_rel,
        std::memory_order_relaxed)) {
    }
    if (to != nullptr) set_lane_value<Bits>(to, lane, old);
  });
}

// Data are the new value and, behind it, the one to compare with.
template <class T>
void atomic_compare(Wave& wave, const Step& step) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr int kWords = sizeof(T) / 4;
  const Addresses at = global_addresses(wave, step.inst);
  const Lanes* data = registers(wave, step.inst.src[1], 2 * kWords);
  Lanes* to = step.inst.glc ? registers(wave, step.inst.dst, kWords) : nullptr;
  enter_global(wave, step, {wave.exec(), sizeof(T), at.x, Kind::kAtomic});
  for_each_lane(wave.exec(), [&](int lane) {
    std::atomic_ref<Bits> memory(*reinterpret_cast<Bits*>(host(at.x[lane])));
    const Bits value = lane_value<Bits>(data, lane);
    const T expected = lane_value<T>(data + kWords, lane);
    Bits old = memory.load(std::memory_order_acquire);
    while (std::bit_cast<T>(old) == expected &&
           !memory.compare_exchange_weak(old, value, std::memory_order_acq_rel,
                                         std::memory_order_acquire)) {
    }
    if (to != nullptr) set_lane_value<Bits>(to, lane, old);
  });
}

// There are no caches here; ordering comes with the accesses themselves.
void cache_control(Wave&, const Step&) {}

using U8 = std::uint8_t;
using I8 = std::int8_t;
using U16 = std::uint16_t;
using I16 = std::int16_t;
using U32 = std::uint32_t;
using I32 = std::int32_t;
using U64 = std::uint64_t;
using I64 = std::int64_t;

constexpr HandlerRow kRows[] = {
    {"buffer_gl0_inv", cache_control},
    {"buffer_gl1_inv", cache_control},
    {"flat_load_b32", flat_load<1>},
    {"flat_load_b64", flat_load<2>},
    {"flat_load_b96", flat_load<3>},
    {"flat_load_b128", flat_load<4>},
    {"flat_load_u8", flat_load_narrow<U8, Half::kWhole>},
    {"flat_load_i8", flat_load_narrow<I8, Half::kWhole>},
    {"flat_load_u16", flat_load_narrow<U16, Half::kWhole>},
    {"flat_load_i16", flat_load_narrow<I16, Half::kWhole>},
    {"flat_load_d16_u8", flat_load_narrow<U8, Half::kLow>},
    {"flat_load_d16_i8", flat_load_narrow<I8, Half::kLow>},
    {"flat_load_d16_b16", flat_load_narrow<U16, Half::kLow>},
    {"flat_load_d16_hi_u8", flat_load_narrow<U8, Half::kHigh>},
    {"flat_load_d16_hi_i8", flat_load_narrow<I8, Half::kHigh>},
    {"flat_load_d16_hi_b16", flat_load_narrow<U16, Half::kHigh>},
    {"flat_store_b32", store<1>},
    {"flat_store_b64", store<2>},
    {"flat_store_b96", store<3>},
    {"flat_store_b128", store<4>},
    {"flat_store_b8", store_narrow<U8, 0>},
    {"flat_store_b16", store_narrow<U16, 0>},
    {"flat_store_d16_hi_b8", store_narrow<U8, 16>},
    {"flat_store_d16_hi_b16", store_narrow<U16, 16>},
    {"flat_atomic_swap_b32", atomic<U32, update::Swap>},
    {"flat_atomic_cmpswap_b32", atomic_compare<U32>},
    {"flat_atomic_add_u32", atomic<U32, update::Add>},
    {"flat_atomic_sub_u32", atomic<U32, update::Sub>},
    {"flat_atomic_min_i32", atomic<I32, update::Min>},
    {"flat_atomic_min_u32", atomic<U32, update::Min>},
    {"flat_atomic_max_i32", atomic<I32, update::Max>},
    {"flat_atomic_max_u32", atomic<U32, update::Max>},
    {"flat_atomic_and_b32", atomic<U32, update::And>},
    {"flat_atomic_or_b32", atomic<U32, update::Or>},
    {"flat_atomic_xor_b32", atomic<U32, update::Xor>},
    {"flat_atomic_inc_u32", atomic<U32, update::Inc>},
    {"flat_atomic_dec_u32", atomic<U32, update::Dec>},
    {"flat_atomic_swap_b64", atomic<U64, update::Swap>},
    {"flat_atomic_cmpswap_b64", atomic_compare<U64>},
    {"flat_atomic_add_u64", atomic<U64, update::Add>},
    {"flat_atomic_sub_u64", atomic<U64, update::Sub>},
    {"flat_atomic_min_i64", atomic<I64, update::Min>},
    {"flat_atomic_min_u64", atomic<U64, update::Min>},
    {"flat_atomic_max_i64", atomic<I64, update::Max>},
    {"flat_atomic_max_u64", atomic<U64, update::Max>},
    {"flat_atomic_and_b64", atomic<U64, update::And>},
    {"flat_atomic_or_b64", atomic<U64, update::Or>},
    {"flat_atomic_xor_b64", atomic<U64, update::Xor>},
    {"flat_atomic_inc_u64", atomic<U64, update::Inc>},
    {"flat_atomic_dec_u64", atomic<U64, update::Dec>},
    {"flat_atomic_cmpswap_f32", atomic_compare<float>},
    {"flat_atomic_min_f32", atomic<float, update::Min>},
    {"flat_atomic_max_f32", atomic<float, update::Max>},
    {"flat_atomic_add_f32", atomic<float, update::Add>},
    {"global_load_b32", load<1>},
    {"global_load_b64", load<2>},
    {"global_load_b96", load<3>},
    {"global_load_b128", load<4>},
    {"global_load_u8", load_narrow<U8, Half::kWhole>},
    {"global_load_i8", load_narrow<I8, Half::kWhole>},
    {"global_load_u16", load_narrow<U16, Half::kWhole>},
    {"global_load_i16", load_narrow<I16, Half::kWhole>},
    {"global_load_d16_u8", load_narrow<U8, Half::kLow>},
    {"global_load_d16_i8", load_narrow<I8, Half::kLow>},
    {"global_load_d16_b16", load_narrow<U16, Half::kLow>},
    {"global_load_d16_hi_u8", load_narrow<U8, Half::kHigh>},
    {"global_load_d16_hi_i8", load_narrow<I8, Half::kHigh>},
    {"global_load_d16_hi_b16", load_narrow<U16, Half::kHigh>},
    {"global_store_b32", store<1>},
    {"global_store_b64", store<2>},
    {"global_store_b96", store<3>},
    {"global_store_b128", store<4>},
    {"global_store_b8", store_narrow<U8, 0>},
    {"global_store_b16", store_narrow<U16, 0>},
    {"global_store_d16_hi_b8", store_narrow<U8, 16>},
    {"global_store_d16_hi_b16", store_narrow<U16, 16>},
    {"global_atomic_swap_b32", atomic<U32, update::Swap>},
    {"global_atomic_cmpswap_b32", atomic_compare<U32>},
    {"global_atomic_add_u32", atomic<U32, update::Add>},
    {"global_atomic_sub_u32", atomic<U32, update::Sub>},
    {"global_atomic_csub_u32", atomic<U32, update::ClampedSub>},
    {"global_atomic_min_i32", atomic<I32, update::Min>},
    {"global_atomic_min_u32", atomic<U32, update::Min>},
    {"global_atomic_max_i32", atomic<I32, update::Max>},
    {"global_atomic_max_u32", atomic<U32, update::Max>},
    {"global_atomic_and_b32", atomic<U32, update::And>},
    {"global_atomic_or_b32", atomic<U32, update::Or>},
    {"global_atomic_xor_b32", atomic<U32, update::Xor>},
    {"global_atomic_inc_u32", atomic<U32, update::Inc>},
    {"global_atomic_dec_u32", atomic<U32, update::Dec>},
    {"global_atomic_swap_b64", atomic<U64, update::Swap>},
    {"global_atomic_cmpswap_b64", atomic_compare<U64>},
    {"global_atomic_add_u64", atomic<U64, update::Add>},
    {"global_atomic_sub_u64", atomic<U64, update::Sub>},
    {"global_atomic_min_i64", atomic<I64, update::Min>},
    {"global_atomic_min_u64", atomic<U64, update::Min>},
    {"global_atomic_max_i64", atomic<I64, update::Max>},
    {"global_atomic_max_u64", atomic<U64, update::Max>},
    {"global_atomic_and_b64", atomic<U64, update::And>},
    {"global_atomic_or_b64", atomic<U64, update::Or>},
    {"global_atomic_xor_b64", atomic<U64, update::Xor>},
    {"global_atomic_inc_u64", atomic<U64, update::Inc>},
    {"global_atomic_dec_u64", atomic<U64, update::Dec>},
    {"global_atomic_cmpswap_f32", atomic_compare<float>},
    {"global_atomic_min_f32", atomic<float, update::Min>},
    {"global_atomic_max_f32", atomic<float, update::Max>},
    {"global_atomic_add_f32", atomic<float, update::Add>},
    {"scratch_load_b32", scratch_load<1>},
    {"scratch_load_b64", scratch_load<2>},
    {"scratch_load_b96", scratch_load<3>},
    {"scratch_load_b128", scratch_load<4>},
    {"scratch_load_u8", scratch_load_narrow<U8, Half::kWhole>},
    {"scratch_load_i8", scratch_load_narrow<I8, Half::kWhole>},
    {"scratch_load_u16", scratch_load_narrow<U16, Half::kWhole>},
    {"scratch_load_i16", scratch_load_narrow<I16, Half::kWhole>},
    {"scratch_load_d16_u8", scratch_load_narrow<U8, Half::kLow>},
    {"scratch_load_d16_i8", scratch_load_narrow<I8, Half::kLow>},
    {"scratch_load_d16_b16", scratch_load_narrow<U16, Half::kLow>},
    {"scratch_load_d16_hi_u8", scratch_load_narrow<U8, Half::kHigh>},
    {"scratch_load_d16_hi_i8", scratch_load_narrow<I8, Half::kHigh>},
    {"scratch_load_d16_hi_b16", scratch_load_narrow<U16, Half::kHigh>},
    {"scratch_store_b32", scratch_store<1>},
    {"scratch_store_b64", scratch_store<2>},
    {"scratch_store_b96", scratch_store<3>},
    {"scratch_store_b128", scratch_store<4>},
    {"scratch_store_b8", scratch_store_narrow<U8, 0>},
    {"scratch_store_b16", scratch_store_narrow<U16, 0>},
    {"scratch_store_d16_hi_b8", scratch_store_narrow<U8, 16>},
    {"scratch_store_d16_hi_b16", scratch_store_narrow<U16, 16>},
};

}  // namespace

std::span<const HandlerRow> global_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
