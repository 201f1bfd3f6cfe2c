#include "backend/cpu/weights.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "backend/cpu/random_rows.h"
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
  out.rows = data.rows.data();  // null where they are made up, until they are
  const std::int64_t n_bytes = data.random ? 0 : out.row_bytes * segment.rows;
  check(static_cast<std::int64_t>(data.rows.size()) == n_bytes,
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

void BoundWeights::bind(const ir::WeightTable& table, const backend::WeightSource& source,
                        ThreadPool& pool) {
  check(weights_.empty(), "[cpu] weights are bound once");
  weights_.resize(static_cast<std::size_t>(table.size()));
  std::vector<RandomRows> random;
  for (const backend::WeightData& d : source.data) {
    const ir::Weight& weight = table.at(d.id);
    BoundWeight& out = weights_.at(static_cast<std::size_t>(d.id));
    check(out.weight == nullptr, "[cpu] " + weight.name + ": bound twice");
    check(d.segments.size() == weight.segments.size(),
          "[cpu] " + weight.name + ": another number of segments than its table says");
    out.weight = &weight;
    out.rows = weight.rows();
    out.cols = weight.cols;
    out.segments.resize(d.segments.size());
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < d.segments.size(); ++i) {
      BoundSegment& s = out.segments[i];
      s = bind_segment(weight, weight.segments[i], d.segments[i], begin);
      begin = s.end;
      if (!d.segments[i].random) continue;
      random.push_back({.rule = random_rule(s.dtype, weight.cols),
                        .seed = *d.segments[i].random,
                        .bytes = s.row_bytes * (s.end - s.begin),
                        .rows = &s.rows});
    }
  }
  made_up_ = make_random_rows(random, pool, source.progress);
  for (BoundWeight& w : weights_) {
    if (w.weight == nullptr || w.rows != 1) continue;
    const BoundSegment& first = w.segments.at(0);
    if (info(first.dtype).decode == nullptr) continue;
    w.vector.resize(static_cast<std::size_t>(w.cols));
    info(first.dtype).decode(first.rows, w.vector.data(), w.cols);
  }
}

const BoundWeight& BoundWeights::at(ir::WeightId id) const {
  const auto i = static_cast<std::size_t>(id);
  check(i < weights_.size() && weights_[i].weight != nullptr,
        "[cpu] weight " + std::to_string(static_cast<std::int32_t>(id)) + " was not bound");
  return weights_[i];
}

}  // namespace rocmforge::cpu
