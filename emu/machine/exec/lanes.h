// What the handlers of memory instructions share: lanes' addresses, and bytes between memory and
// registers, where each lane has its own.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "machine/fault.h"
#include "machine/wave.h"

namespace rocmforge::emu {

struct alignas(64) Addresses {
  std::uint64_t x[kLanes];
};

// The first of `n` registers; they must exist.
inline Lanes* registers(Wave& wave, const Operand& operand, int n) {
  if (!operand.is_vgpr() || operand.index + n > static_cast<int>(wave.v.size())) {
    throw Fault(FaultKind::kUnsupported, "memory operands are vector registers up to v255");
  }
  return &wave.v[operand.index];
}

// Calls f(lane) for each active lane.
template <class F>
inline void for_each_lane(std::uint32_t lanes, F f) {
  if (lanes == 0xffffffffU) {
    for (int lane = 0; lane < kLanes; ++lane) f(lane);
    return;
  }
  for (; lanes != 0; lanes &= lanes - 1) f(std::countr_zero(lanes));
}

inline std::byte* host(std::uint64_t address) {
  return reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(address));
}

// Memory that other workers may write meanwhile, where a kernel has a race: what it gets then is
// the kernel's matter, and defined here.
template <class T>
inline T read_whole(const std::byte* from) {
  if (reinterpret_cast<std::uintptr_t>(from) % sizeof(T) == 0) {
    return std::atomic_ref(*reinterpret_cast<T*>(const_cast<std::byte*>(from)))
        .load(std::memory_order_acquire);
  }
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
inline void write_whole(std::byte* to, T value) {
  if (reinterpret_cast<std::uintptr_t>(to) % sizeof(T) == 0) {
    std::atomic_ref(*reinterpret_cast<T*>(to)).store(value, std::memory_order_release);
  } else {
    std::memcpy(to, &value, sizeof value);
  }
}

template <std::size_t N>
inline void read_words(const std::byte* from, std::uint32_t (&words)[N]) {
  for (std::size_t n = 0; n < N; ++n) words[n] = read_whole<std::uint32_t>(from + 4 * n);
}

template <std::size_t N>
inline void write_words(std::byte* to, const std::uint32_t (&words)[N]) {
  for (std::size_t n = 0; n < N; ++n) write_whole(to + 4 * n, words[n]);
}

// 32 times N words, lane by lane, to N registers of all lanes.
template <int N>
inline void spread(const std::uint32_t (&words)[kLanes * N], Lanes* to) {
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int n = 0; n < N; ++n) to[n].x[lane] = words[lane * N + n];
  }
}

template <int N>
inline void collect(const Lanes* from, std::uint32_t (&words)[kLanes * N]) {
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int n = 0; n < N; ++n) words[lane * N + n] = from[n].x[lane];
  }
}

// What of a register a narrow load fills.
enum class Half : std::uint8_t { kWhole, kLow, kHigh };

// `T` in memory, extended by its own sign to the register or half register.
template <class T, Half kHalf>
inline std::uint32_t insert(std::uint32_t old, T value) {
  if constexpr (kHalf == Half::kWhole) {
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(value));
  } else {
    const auto half = static_cast<std::uint16_t>(static_cast<std::int32_t>(value));
    return kHalf == Half::kLow ? (old & 0xffff0000U) | half
                               : (old & 0xffffU) | static_cast<std::uint32_t>(half) << 16;
  }
}

// A lane of one register, or of two as a 64-bit value.
template <class T>
inline T lane_value(const Lanes* from, int lane) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  if constexpr (sizeof(T) == 4) {
    return std::bit_cast<T>(from[0].x[lane]);
  } else {
    return std::bit_cast<T>(std::uint64_t{from[1].x[lane]} << 32 | from[0].x[lane]);
  }
}

template <class T>
inline void set_lane_value(Lanes* to, int lane, T value) {
  if constexpr (sizeof(T) == 4) {
    to[0].x[lane] = std::bit_cast<std::uint32_t>(value);
  } else {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    to[0].x[lane] = static_cast<std::uint32_t>(bits);
    to[1].x[lane] = static_cast<std::uint32_t>(bits >> 32);
  }
}

// The new value of memory that an atomic makes of the old one and its data; those of global memory
// and of the LDS are the same.
namespace update {

struct Swap {
  template <class T>
  T operator()(T, T data) const {
    return data;
  }
};
struct Add {
  template <class T>
  T operator()(T old, T data) const {
    return static_cast<T>(old + data);
  }
};
struct Sub {
  template <class T>
  T operator()(T old, T data) const {
    return static_cast<T>(old - data);
  }
};
struct ReverseSub {
  template <class T>
  T operator()(T old, T data) const {
    return static_cast<T>(data - old);
  }
};
// Not below 0.
struct ClampedSub {
  template <class T>
  T operator()(T old, T data) const {
    return old < data ? T{0} : static_cast<T>(old - data);
  }
};
struct Min {  // a NaN of either leaves memory as it is
  template <class T>
  T operator()(T old, T data) const {
    return data < old ? data : old;
  }
};
struct Max {
  template <class T>
  T operator()(T old, T data) const {
    return data > old ? data : old;
  }
};
struct And {
  template <class T>
  T operator()(T old, T data) const {
    return old & data;
  }
};
struct Or {
  template <class T>
  T operator()(T old, T data) const {
    return old | data;
  }
};
struct Xor {
  template <class T>
  T operator()(T old, T data) const {
    return old ^ data;
  }
};
struct Inc {
  template <class T>
  T operator()(T old, T data) const {
    return old >= data ? T{0} : static_cast<T>(old + 1);
  }
};
struct Dec {
  template <class T>
  T operator()(T old, T data) const {
    return old == 0 || old > data ? data : static_cast<T>(old - 1);
  }
};

}  // namespace update

}  // namespace rocmforge::emu
