#include "backend/gpu/weights.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "backend/gpu/upload.h"
#include "base/check.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

// Whole cache lines, and what vector loads want.
constexpr std::int64_t kAlign = 256;

struct Piece {
  DeviceAddress* at;  // an offset until the memory is there
  std::span<const std::byte> bytes;
};

void check_sizes(const ir::Weight& weight, const backend::WeightData& data) {
  check(data.segments.size() == weight.segments.size(),
        "[gpu] " + weight.name + ": another number of segments than its table says");
  for (std::size_t i = 0; i < data.segments.size(); ++i) {
    const ir::WeightSegment& segment = weight.segments[i];
    const std::string at = "[gpu] " + weight.name + ": " + segment.tensor + ": ";
    check(std::ssize(data.segments[i].rows) == bytes_of(segment.dtype, weight.cols) * segment.rows,
          at + "its bytes are not those of its rows");
    const std::size_t bias_bytes =
        segment.bias.empty() ? 0 : static_cast<std::size_t>(segment.rows) * sizeof(float);
    check(data.segments[i].bias.size() == bias_bytes, at + "its bias has not one float a row");
  }
}

}  // namespace

std::optional<WeightType> weight_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ8_0:
    case DType::kQ6_K:
    case DType::kMXFP4:
      return static_cast<WeightType>(dtype);  // the same numbers: asserted in ops/step_args.cpp
    case DType::kI32:
      break;
  }
  return std::nullopt;
}

std::int64_t BoundWeights::bytes(const ir::WeightTable& table) {
  std::int64_t out = 0;
  const auto place = [&out](std::int64_t bytes) { out += (bytes + kAlign - 1) / kAlign * kAlign; };
  for (std::int32_t i = 0; i < table.size(); ++i) {
    const ir::Weight& weight = table.at(ir::WeightId{i});
    for (const ir::WeightSegment& s : weight.segments) {
      place(bytes_of(s.dtype, weight.cols) * s.rows);
      if (!s.bias.empty()) place(s.rows * std::int64_t{sizeof(float)});
    }
    if (weight.rows() == 1) place(weight.cols * std::int64_t{sizeof(float)});
  }
  return out;
}

void BoundWeights::bind(const Context& context, const ir::WeightTable& table,
                        std::span<const backend::WeightData> data) {
  check(weights_.empty(), "[gpu] weights are bound once");
  weights_.resize(static_cast<std::size_t>(table.size()));
  std::vector<std::vector<float>> vectors(data.size());
  std::vector<Piece> pieces;
  std::int64_t bytes = 0;
  const auto place = [&](DeviceAddress& at, std::span<const std::byte> from) {
    at = static_cast<DeviceAddress>(bytes);
    bytes += (std::ssize(from) + kAlign - 1) / kAlign * kAlign;
    pieces.push_back({&at, from});
  };
  for (std::size_t w = 0; w < data.size(); ++w) {
    const backend::WeightData& d = data[w];
    const ir::Weight& weight = table.at(d.id);
    BoundWeight& out = weights_.at(static_cast<std::size_t>(d.id));
    check(out.weight == nullptr, "[gpu] " + weight.name + ": bound twice");
    check_sizes(weight, d);
    out.weight = &weight;
    out.segments.resize(d.segments.size());
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < d.segments.size(); ++i) {
      BoundSegment& s = out.segments[i];
      s.begin = begin;
      s.end = begin = begin + weight.segments[i].rows;
      s.row_bytes = bytes_of(weight.segments[i].dtype, weight.cols);
      place(s.rows, d.segments[i].rows);
      if (!d.segments[i].bias.empty()) place(s.bias, d.segments[i].bias);
    }
    const auto decode = info(weight.segments.at(0).dtype).decode;
    if (weight.rows() == 1 && decode != nullptr) {
      vectors[w].resize(static_cast<std::size_t>(weight.cols));
      decode(d.segments[0].rows.data(), vectors[w].data(), weight.cols);
      place(out.vector, std::as_bytes(std::span(vectors[w])));
    }
  }
  memory_ = allocate(context, bytes, "the model's weights");
  Upload upload(context, bytes);
  for (const Piece& piece : pieces) {
    *piece.at += memory_.address();
    upload.copy(*piece.at, piece.bytes);
  }
  upload.finish();
}

const BoundWeight& BoundWeights::at(ir::WeightId id) const {
  const auto i = static_cast<std::size_t>(id);
  check(i < weights_.size() && weights_[i].weight != nullptr,
        "[gpu] weight " + std::to_string(static_cast<std::int32_t>(id)) + " was not bound");
  return weights_[i];
}

WeightArgs BoundWeights::args(ir::WeightId id, std::string_view op) const {
  const BoundWeight& bound = at(id);
  const ir::Weight& weight = *bound.weight;
  if (bound.segments.size() > static_cast<std::size_t>(kMaxSegments)) {
    throw Error(ErrorCode::kUnsupported, "[gpu] " + weight.name + ": " + std::string(op) +
                                             " takes at most " + std::to_string(kMaxSegments) +
                                             " segments");
  }
  WeightArgs out{};
  out.rows = static_cast<i32>(weight.rows());
  out.cols = static_cast<i32>(weight.cols);
  out.n_segments = static_cast<i32>(bound.segments.size());
  for (std::size_t i = 0; i < bound.segments.size(); ++i) {
    const BoundSegment& s = bound.segments[i];
    const DType dtype = weight.segments[i].dtype;
    const std::optional<WeightType> type = weight_type(dtype);
    if (!type) {
      throw Error(ErrorCode::kUnsupported, "[gpu] " + weight.name + ": no " + std::string(op) +
                                               " with " + std::string(to_string(dtype)) +
                                               " weights");
    }
    out.segments[i] = {.rows = reinterpret_cast<const u8*>(s.rows),
                       .bias = reinterpret_cast<const float*>(s.bias),
                       .row_bytes = s.row_bytes,
                       .begin = static_cast<i32>(s.begin),
                       .end = static_cast<i32>(s.end),
                       .type = *type,
                       .unused = 0};
  }
  return out;
}

const float* BoundWeights::gain(ir::WeightId id, std::int64_t cols) const {
  const BoundWeight& bound = at(id);
  check(bound.vector != 0 && bound.weight->cols == cols,
        "[gpu] " + bound.weight->name + ": no gain of " + std::to_string(cols) + " columns");
  return reinterpret_cast<const float*>(bound.vector);
}

}  // namespace rocmforge::gpu
