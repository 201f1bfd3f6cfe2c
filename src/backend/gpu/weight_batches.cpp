#include "backend/gpu/weight_batches.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/check.h"

namespace rocmforge::gpu {

std::vector<WeightBatch> make_batches(std::span<const WeightItem> items, std::int64_t room) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (items[a].made_up() != items[b].made_up()) return items[b].made_up();
    const std::byte* x = items[a].from.data();
    const std::byte* y = items[b].from.data();
    return x != y ? std::less<>()(x, y) : a < b;
  });
  std::vector<WeightBatch> out;
  for (const std::size_t i : order) {
    const WeightItem& item = items[i];
    const std::int64_t block = item.staged_block_bytes();
    check(block <= room, "[gpu] a staging buffer holds a block");
    for (std::int64_t first = 0; first < item.blocks();) {
      const auto begin_of = [](const WeightBatch& b) {
        return (b.bytes + kPieceAlign - 1) / kPieceAlign * kPieceAlign;
      };
      if (out.empty() || out.back().made_up != item.made_up() ||
          begin_of(out.back()) + block > room) {
        out.push_back({.made_up = item.made_up()});
      }
      WeightBatch& batch = out.back();
      const std::int64_t at = begin_of(batch);
      const std::int64_t n = std::min(item.blocks() - first, (room - at) / block);
      batch.pieces.push_back({.item = i, .first = first, .n = n, .at = at});
      batch.bytes = at + n * block;
      batch.source_bytes += n * item.source_block_bytes();
      first += n;
    }
  }
  return out;
}

}  // namespace rocmforge::gpu
