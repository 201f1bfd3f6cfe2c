#include "backend/gpu/weights.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "backend/gpu/weight_loader.h"
#include "base/check.h"
#include "base/error.h"
#include "base/log.h"

namespace rocmforge::gpu {
namespace {

void check_sizes(const ir::Weight& weight, const backend::WeightData& data) {
  check(data.segments.size() == weight.segments.size(),
        "[gpu] " + weight.name + ": another number of segments than its table says");
  for (std::size_t i = 0; i < data.segments.size(); ++i) {
    const ir::WeightSegment& segment = weight.segments[i];
    const std::string at = "[gpu] " + weight.name + ": " + segment.tensor + ": ";
    const bool random = data.segments[i].random.has_value();
    check(std::ssize(data.segments[i].rows) ==
              (random ? 0 : bytes_of(segment.dtype, weight.cols) * segment.rows),
          at + "its bytes are not those of its rows");
    const std::size_t bias_bytes =
        segment.bias.empty() ? 0 : static_cast<std::size_t>(segment.rows) * sizeof(float);
    check(data.segments[i].bias.size() == bias_bytes, at + "its bias has not one float a row");
  }
}

// Its layout; errors name weight and tensor.
SegmentLayout layout_of(const ir::Weight& weight, const ir::WeightSegment& segment) {
  try {
    return segment_layout(segment.dtype, segment.rows, weight.cols);
  } catch (const Error& e) {
    throw Error(e.code(), "[gpu] " + weight.name + ": " + segment.tensor + ": " + e.what());
  }
}

SegmentLayout vector_layout(std::int64_t n) {
  return segment_layout(DType::kF32, 1, n);
}

// Calls `place(bytes)` for everything that a weight takes, in the order of its addresses: for each
// segment its planes and its bias, and its gain.
template <class Place>
BoundWeight place_weight(const ir::Weight& weight, Place place) {
  BoundWeight out{.weight = &weight};
  std::int64_t begin = 0;
  for (const ir::WeightSegment& segment : weight.segments) {
    BoundSegment s{.begin = begin, .end = begin + segment.rows};
    begin = s.end;
    s.layout = layout_of(weight, segment);
    s.at = place(s.layout.bytes);
    if (!segment.bias.empty()) s.bias = place(vector_layout(segment.rows).bytes);
    out.segments.push_back(s);
  }
  if (weight.rows() == 1) out.vector = place(vector_layout(weight.cols).bytes);
  return out;
}

std::int64_t bytes_of_weight(const ir::Weight& weight) {
  std::int64_t out = 0;
  place_weight(weight, [&out](std::int64_t bytes) {
    out += bytes;
    return DeviceAddress{0};
  });
  return out;
}

// What is to be loaded for it.
void add_items(const BoundWeight& bound, const backend::WeightData& data,
               std::vector<WeightItem>& items) {
  const ir::Weight& weight = *bound.weight;
  for (std::size_t i = 0; i < bound.segments.size(); ++i) {
    const BoundSegment& s = bound.segments[i];
    const backend::SegmentData& from = data.segments[i];
    const ir::WeightSegment& segment = weight.segments[i];
    items.push_back({.dtype = segment.dtype,
                     .from = from.rows,
                     .random = from.random,
                     .rows = segment.rows,
                     .cols = weight.cols,
                     .to = s.at,
                     .layout = s.layout});
    if (bound.vector != 0) {
      WeightItem item = items.back();
      item.widen = true;
      item.to = bound.vector;
      item.layout = vector_layout(weight.cols);
      items.push_back(item);
    }
    if (!from.bias.empty()) {
      items.push_back({.from = from.bias,
                       .cols = segment.rows,
                       .to = s.bias,
                       .layout = vector_layout(segment.rows)});
    }
  }
}

void load(const Context& context, Kernels& kernels, const ArchInfo& arch,
          std::span<const WeightItem> items, const backend::WeightSource& source) {
  std::int64_t bytes = 0;
  for (const WeightItem& item : items) {
    bytes += item.blocks() * item.source_block_bytes();
    kernels.want(plan_repack(item.stored(), 1, arch).kernel);
  }
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto find = [&kernels](const std::string& name) { return kernels.find(name); };
  load_weights(context, arch,
               {.items = items, .files = source.files, .progress = source.progress, .find = find});
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double gib = static_cast<double>(bytes) / (1 << 30);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%.2f GiB of weights in %.2f s (%.2f GiB/s)", gib,
                seconds, gib / std::max(seconds, 1e-9));
  log(LogLevel::kInfo, "[gpu] " + context.properties.name + ": loaded " + text.data());
}

}  // namespace

std::int64_t BoundWeights::bytes(const ir::WeightTable& table) {
  std::int64_t out = 0;
  for (std::int32_t i = 0; i < table.size(); ++i) out += bytes_of_weight(table.at(ir::WeightId{i}));
  return out;
}

void BoundWeights::bind(const Context& context, Kernels& kernels, const ArchInfo& arch,
                        const ir::WeightTable& table, const backend::WeightSource& source) {
  check(weights_.empty(), "[gpu] weights are bound once");
  std::vector<BoundWeight> weights(static_cast<std::size_t>(table.size()));
  std::int64_t total = 0;
  for (const backend::WeightData& d : source.data) total += bytes_of_weight(table.at(d.id));
  DeviceMemory memory = allocate(context, total, "the model's weights");
  Api& api = context.enter();
  if (total > 0) api.fill_zero(memory.address(), total, context.setup.get());
  api.wait(context.setup.get());
  std::vector<WeightItem> items;
  DeviceAddress next = memory.address();
  for (const backend::WeightData& d : source.data) {
    const ir::Weight& weight = table.at(d.id);
    BoundWeight& out = weights.at(static_cast<std::size_t>(d.id));
    check(out.weight == nullptr, "[gpu] " + weight.name + ": bound twice");
    check_sizes(weight, d);
    out = place_weight(weight, [&next](std::int64_t bytes) {
      const DeviceAddress at = next;
      next += static_cast<DeviceAddress>(bytes);
      return at;
    });
    add_items(out, d, items);
  }
  load(context, kernels, arch, items, source);
  weights_ = std::move(weights);
  memory_ = std::move(memory);
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
    const auto plane = [&s](const Plane& p) {
      return p.stride == 0
                 ? nullptr
                 : reinterpret_cast<const u8*>(s.at + static_cast<DeviceAddress>(p.offset));
    };
    out.segments[i] = {.q = plane(s.layout.q),
                       .high = plane(s.layout.high),
                       .scales = plane(s.layout.scales),
                       .super = plane(s.layout.super),
                       .bias = reinterpret_cast<const float*>(s.bias),
                       .begin = static_cast<i32>(s.begin),
                       .end = static_cast<i32>(s.end),
                       .type = weight_type(dtype).value(),
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
