#include "backend/cpu/weights.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"

namespace rocmforge::cpu {
namespace {

BoundSegment bind_segment(const ir::Weight& weight, const ir::WeightSegment& segment,
                          const backend::SegmentData& data, std::int64_t begin) {
  const std::string at = "[cpu] " + weight.name + ": " + segment.tensor + ": ";
  BoundSegment out;
  out.dtype = segment.dtype;
  out.begin = begin;
  out.end = begin + segment.rows;
  out.row_bytes = bytes_of(segment.dtype, weight.cols);
  out.rows = data.rows.data();
  check(static_cast<std::int64_t>(data.rows.size()) == out.row_bytes * segment.rows,
        at + "its bytes are not those of its rows");
  const std::size_t bias_bytes =
      segment.bias.empty() ? 0 : static_cast<std::size_t>(segment.rows) * sizeof(float);
  check(data.bias.size() == bias_bytes, at + "its bias has not one float a row");
  if (bias_bytes > 0) {
    out.bias.resize(static_cast<std::size_t>(segment.rows));
    std::memcpy(out.bias.data(), data.bias.data(), bias_bytes);
  }
  return out;
}

bool any(const BoundWeight& w, bool quantized) {
  return std::any_of(w.segments.begin(), w.segments.end(), [&](const BoundSegment& s) {
    return info(s.dtype).is_quantized() == quantized;
  });
}

}  // namespace

bool BoundWeight::any_plain() const {
  return any(*this, false);
}
bool BoundWeight::any_quantized() const {
  return any(*this, true);
}

void BoundWeights::bind(const ir::WeightTable& table, std::span<const backend::WeightData> data) {
  check(weights_.empty(), "[cpu] weights are bound once");
  weights_.resize(static_cast<std::size_t>(table.size()));
  for (const backend::WeightData& d : data) {
    const ir::Weight& weight = table.at(d.id);
    BoundWeight& out = weights_.at(static_cast<std::size_t>(d.id));
    check(out.weight == nullptr, "[cpu] " + weight.name + ": bound twice");
    check(d.segments.size() == weight.segments.size(),
          "[cpu] " + weight.name + ": another number of segments than its table says");
    out.weight = &weight;
    out.rows = weight.rows();
    out.cols = weight.cols;
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < d.segments.size(); ++i) {
      out.segments.push_back(bind_segment(weight, weight.segments[i], d.segments[i], begin));
      begin = out.segments.back().end;
    }
    const BoundSegment& first = out.segments.at(0);
    if (out.rows == 1 && info(first.dtype).decode != nullptr) {
      out.vector.resize(static_cast<std::size_t>(out.cols));
      info(first.dtype).decode(first.rows, out.vector.data(), out.cols);
    }
  }
}

const BoundWeight& BoundWeights::at(ir::WeightId id) const {
  const auto i = static_cast<std::size_t>(id);
  check(i < weights_.size() && weights_[i].weight != nullptr,
        "[cpu] weight " + std::to_string(static_cast<std::int32_t>(id)) + " was not bound");
  return weights_[i];
}

}  // namespace rocmforge::cpu
