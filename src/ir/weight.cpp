#include "ir/weight.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rocmforge::ir {

std::int64_t Weight::rows() const {
  std::int64_t total = 0;
  for (const WeightSegment& segment : segments) total += segment.rows;
  return total;
}

bool Weight::has_bias() const {
  return std::any_of(segments.begin(), segments.end(),
                     [](const WeightSegment& segment) { return !segment.bias.empty(); });
}

WeightId WeightTable::add(Weight weight) {
  check(!weight.segments.empty(), "weight " + weight.name + " has no segments");
  check(weight.cols > 0, "weight " + weight.name + " has no columns");
  for (const WeightSegment& segment : weight.segments) {
    check(segment.rows > 0, "weight " + weight.name + ": segment " + segment.tensor + " is empty");
    check(weight.cols % info(segment.dtype).block_elems == 0,
          "weight " + weight.name + ": rows of " + segment.tensor + " are no whole blocks");
  }
  const auto same = std::find_if(weights_.begin(), weights_.end(), [&](const Weight& other) {
    return other.cols == weight.cols && other.segments == weight.segments;
  });
  const auto id = static_cast<WeightId>(same - weights_.begin());
  if (same == weights_.end()) weights_.push_back(std::move(weight));
  return id;
}

WeightTable WeightTable::only(std::span<const WeightId> ids) const {
  WeightTable out;
  for (const Weight& weight : weights_) {
    out.weights_.push_back({.name = weight.name, .cols = weight.cols, .segments = {}});
  }
  for (const WeightId id : ids) out.weights_[static_cast<std::size_t>(id)] = at(id);
  return out;
}

const Weight& WeightTable::at(WeightId id) const {
  const auto index = static_cast<std::int32_t>(id);
  check(index >= 0 && index < size(), "no weight has the id " + std::to_string(index));
  return weights_[static_cast<std::size_t>(index)];
}

}  // namespace rocmforge::ir
