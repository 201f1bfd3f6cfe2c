// A stable sort that stays within its bounds whatever the comparison says: with NaN, or values that
// are undefined, it is no order.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace rocmforge::text::jinja {

template <typename T, typename Less>
void merge_sort(std::vector<T>& items, Less less) {
  std::vector<T> merged(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t start = 0; start < items.size(); start += 2 * width) {
      const std::size_t middle = std::min(start + width, items.size());
      const std::size_t end = std::min(start + 2 * width, items.size());
      std::size_t left = start, right = middle;
      for (std::size_t out = start; out < end; ++out) {
        const bool from_right = left == middle || (right < end && less(items[right], items[left]));
        merged[out] = std::move(items[from_right ? right++ : left++]);
      }
    }
    std::swap(items, merged);
  }
}

}  // namespace rocmforge::text::jinja
