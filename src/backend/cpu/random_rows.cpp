#include "backend/cpu/random_rows.h"

#include <algorithm>
#include <span>
#include <string>

#include "backend/cpu/memory.h"
#include "base/error.h"

namespace rocmforge::cpu {
namespace {

constexpr std::int64_t kTaskBytes = 1 << 20;  // enough to keep a thread busy, few enough to share
constexpr std::int64_t kAlign = 64;           // a cache line

std::int64_t aligned(std::int64_t bytes) {
  return (bytes + kAlign - 1) / kAlign * kAlign;
}

void fill(const RandomRows& r, std::span<std::byte> out, ThreadPool& pool) {
  const std::int64_t block = r.rule.block_bytes, blocks_a_task = kTaskBytes / block;
  const std::int64_t n_blocks = r.bytes / block;
  const std::int64_t n_tasks = (n_blocks + blocks_a_task - 1) / blocks_a_task;
  pool.run(n_tasks, [&](std::int64_t task, int) {
    const std::int64_t first = task * blocks_a_task;
    const std::int64_t n = std::min(blocks_a_task, n_blocks - first);
    fill_random(
        r.rule, r.seed, first,
        out.subspan(static_cast<std::size_t>(first * block), static_cast<std::size_t>(n * block)));
  });
}

}  // namespace

std::unique_ptr<backend::Buffer> make_random_rows(
    const std::vector<RandomRows>& all, ThreadPool& pool,
    FunctionRef<bool(std::int64_t, std::int64_t)> progress) {
  if (all.empty()) return nullptr;
  std::int64_t total = 0;
  for (const RandomRows& r : all) total += aligned(r.bytes);
  // Every page of it is written, so a promise of memory is not enough.
  const MachineMemory memory = machine_memory();
  if (memory.total > 0 && total > memory.available + memory.swap) {
    throw Error(ErrorCode::kOutOfMemory,
                "[cpu] made-up weights of " + std::to_string(total) +
                    " bytes do not fit: " + std::to_string(memory.available) + " are available");
  }
  std::unique_ptr<backend::Buffer> buffer = map_buffer(total);
  std::int64_t at = 0;
  for (const RandomRows& r : all) {
    if (progress && !progress(at, total)) {
      throw Error(ErrorCode::kCancelled, "[cpu] making up the weights was cancelled");
    }
    std::byte* rows = buffer->host() + at;
    fill(r, {rows, static_cast<std::size_t>(r.bytes)}, pool);
    *r.rows = rows;
    at += aligned(r.bytes);
  }
  if (progress) progress(total, total);
  return buffer;
}

}  // namespace rocmforge::cpu
