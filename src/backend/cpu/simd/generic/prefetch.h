// Reading ahead of a group of weight rows: many short streams at once, which the processor's own
// prefetcher does not foresee. The rows lie one after another, so that while a group's columns pass
// the rows that follow are asked for, as one stream.
#pragma once

namespace rocmforge::cpu {
namespace {

constexpr std::int64_t kPrefetchBytes = 12 * 1024;  // about a memory's latency, at one core's rate

// From a group's first row to what to ask for while it passes: whole groups of rows.
inline std::int64_t prefetch_distance(std::int64_t group_bytes) {
  std::int64_t distance = group_bytes;
  while (distance < kPrefetchBytes && group_bytes > 0) distance += group_bytes;
  return distance;
}

// Asks for kBytes from `at`, which may lie past the weights' end.
template <int kBytes>
inline void prefetch(const Byte* at) {
  for (int line = 0; line < kBytes; line += 64) _mm_prefetch(at + line, _MM_HINT_T0);
}

}  // namespace
}  // namespace rocmforge::cpu
