#include "text/merge.h"

#include <algorithm>
#include <functional>

namespace rocmforge::text {
namespace {

void push_heap(std::vector<std::uint32_t>& heap, std::uint32_t value) {
  heap.push_back(value);
  std::push_heap(heap.begin(), heap.end(), std::greater<>());
}

void pop_heap(std::vector<std::uint32_t>& heap) {
  std::pop_heap(heap.begin(), heap.end(), std::greater<>());
  heap.pop_back();
}

}  // namespace

void RankQueue::push(std::uint32_t rank, std::uint32_t position) {
  const auto [at, is_new] = buckets_.try_emplace(rank);
  if (is_new) push_heap(ranks_, rank);
  Bucket& bucket = at->second;
  if (bucket.in_order.empty() || bucket.in_order.back() <= position) {
    bucket.in_order.push_back(position);
  } else {
    push_heap(bucket.late, position);
  }
}

std::pair<std::uint32_t, std::uint32_t> RankQueue::pop() {
  const std::uint32_t rank = ranks_.front();
  const auto at = buckets_.find(rank);
  Bucket& bucket = at->second;
  std::uint32_t position = 0;
  if (bucket.late.empty() || (bucket.taken < bucket.in_order.size() &&
                              bucket.in_order[bucket.taken] <= bucket.late.front())) {
    position = bucket.in_order[bucket.taken++];
  } else {
    position = bucket.late.front();
    pop_heap(bucket.late);
  }
  if (bucket.empty()) {
    pop_heap(ranks_);
    buckets_.erase(at);
  }
  return {rank, position};
}

}  // namespace rocmforge::text
