// matmul: y = x W^T + bias, [n, cols] x [rows, cols] -> [n, rows], with the norm before it and what
// follows it where the graph joined them.
//
// Weights are read in the file's layout, once a run: bound by memory for few rows, by the dot
// products for many. The activations are prepared once for all tiles: normalised, and in int8 with
// block scales where a segment is quantized. A task is a few weight rows against up to kTileRows
// activation rows.
#include "backend/cpu/ops/matmul.h"

#include <algorithm>
#include <string>

#include "backend/cpu/ops/ops.h"
#include "base/check.h"

namespace rocmforge::cpu {
namespace {

// A task's tile of results, kept on its stack: 16 KiB.
constexpr std::int64_t kTileRows = 64;     // activation rows
constexpr std::int64_t kTileOutputs = 64;  // weight rows
// A task's weights stay in the first-level cache while the activation rows pass.
constexpr std::int64_t kTileBytes = 32 * 1024;
// The least that a task reads when there is one row: several KB, so that taking it is cheap.
constexpr std::int64_t kLeastTileBytes = 4 * 1024;
// Tasks a thread, so that the last of them does not keep the others waiting.
constexpr std::int64_t kTasksPerThread = 4;
// Multiply-adds per byte of weights that cost as much as reading it, about: for kInlineBytes.
constexpr std::int64_t kRowsPerRead = 4;

struct Range {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
};

class MatMulCall final : public Call {
 public:
  MatMulCall(const ir::MatMul& op, const Site& site)
      : w_(site.weights.at(op.weight)),
        epilogue_(op.epilogue),
        x_(site.in(0)),
        y_(site.out()),
        scratch_(
            matmul_scratch(*w_.weight, op.norm.has_value(), x_.rows(site.n_rows), site.n_workers)),
        base_(site.scratch) {
    if (op.norm) {
      gain_ = &site.weights.at(op.norm->gain).vector;
      eps_ = op.norm->eps;
      check(std::ssize(*gain_) == w_.cols, "[cpu] matmul: its norm does not span the row");
    }
    if (epilogue_ == ir::Epilogue::kAdd) {
      residual_ = site.in(1);
      // Tiles write y while others still read x.
      check(!w_.any_plain() || gain_ != nullptr || x_.space != y_.space || x_.offset != y_.offset,
            "[cpu] matmul: its result lies over its operand");
    }
    for (const BoundSegment& s : w_.segments) {
      if (site.kernels.gemm[static_cast<std::size_t>(s.dtype)] == nullptr) {
        throw Error(ErrorCode::kUnsupported, "[cpu] " + w_.weight->name + ": no matmul with " +
                                                 std::string(to_string(s.dtype)) + " weights");
      }
      weight_bytes_ += s.row_bytes * (s.end - s.begin);
    }
    outputs_ = epilogue_ == ir::Epilogue::kSwiGlu ? w_.rows / 2 : w_.rows;
    check(y_.cols == outputs_ && x_.cols == w_.cols, "[cpu] matmul: shapes do not fit");
    output_bytes_ = std::max<std::int64_t>(1, weight_bytes_ / outputs_);
    const std::int64_t share = weight_bytes_ / (site.n_workers * kTasksPerThread);
    one_row_chunk_ = chunk(std::clamp(share, kLeastTileBytes, kTileBytes));
    // Each pass over the activations should serve some weight rows, however long they are.
    rows_chunk_ = std::max<std::int64_t>(chunk(kTileBytes), 16);
  }

  void run(const Run& run) const override {
    const std::int64_t n = x_.rows(run.n);
    if (n == 0) return;
    const Activations x = prepare_rows(run, n);
    const std::int64_t width = n == 1 ? one_row_chunk_ : rows_chunk_;
    const std::int64_t across = (n + kTileRows - 1) / kTileRows;
    const std::int64_t n_tasks = (outputs_ + width - 1) / width * across;
    const auto tile = [&](std::int64_t task, int) {
      const std::int64_t output = task / across * width;
      const std::int64_t row = task % across * kTileRows;
      run_tile(run, x, {output, std::min(output + width, outputs_)},
               {row, std::min(row + kTileRows, n)});
    };
    if (weight_bytes_ * (n + kRowsPerRead - 1) / kRowsPerRead < kInlineBytes) {
      for (std::int64_t task = 0; task < n_tasks; ++task) tile(task, 0);
    } else if (n == 1) {
      // Each thread reads one stretch of the weights: the kernels read ahead, past a tile's end.
      const std::int64_t n_stretches = std::min<std::int64_t>(run.pool->n_threads(), n_tasks);
      run.pool->run(n_stretches, [&](std::int64_t stretch, int worker) {
        const std::int64_t end = (stretch + 1) * n_tasks / n_stretches;
        for (std::int64_t t = stretch * n_tasks / n_stretches; t < end; ++t) tile(t, worker);
      });
    } else {
      run.pool->run(n_tasks, tile);
    }
  }

 private:
  // Outputs whose weights take about `bytes`, whole register tiles of the kernels.
  std::int64_t chunk(std::int64_t bytes) const {
    const std::int64_t fit = std::clamp<std::int64_t>(bytes / output_bytes_, 1, kTileOutputs);
    return fit < 4 ? fit : fit / 4 * 4;
  }

  // The activations as the weights want them: in place, normalised, quantized.
  Activations prepare_rows(const Run& run, std::int64_t n) const {
    const float* x = run.in<float>(x_);
    const std::int64_t k = w_.cols;
    auto* f32 = run.scratch<float>(base_ + scratch_.f32);
    auto* values = run.scratch<std::int8_t>(base_ + scratch_.values);
    auto* scales = run.scratch<float>(base_ + scratch_.scales);
    auto* sums = run.scratch<std::int16_t>(base_ + scratch_.sums);
    if (scratch_.bytes > 0) {
      const auto row = [&](std::int64_t i, int worker) {
        const float* from = x + i * x_.stride;
        if (gain_ != nullptr) {
          float* to = f32 + (scratch_.keeps_f32 ? i : worker) * k;
          run.elementwise->rms_norm(from, gain_->data(), k, eps_, to);
          from = to;
        }
        if (scratch_.quantized) {
          run.kernels->quantize_row(from, k, values + i * k, scales + i * (k / 32),
                                    sums + i * (k / 16));
        }
      };
      if (n * k * 16 < kInlineBytes) {
        for (std::int64_t i = 0; i < n; ++i) row(i, 0);
      } else {
        run.pool->run(n, row);
      }
    }
    const bool normed = gain_ != nullptr && scratch_.keeps_f32;
    return {.f32 = normed ? f32 : x,
            .f32_stride = normed ? k : x_.stride,
            .values = values,
            .scales = scales,
            .sums = sums};
  }

  // out[i * stride + j] = x row (rows.begin + i) . weight row (outputs.begin + j), with its bias.
  void product(const Run& run, const Activations& x, Range outputs, Range rows, float* out,
               std::int64_t stride) const {
    const std::int64_t k = w_.cols;
    for (const BoundSegment& s : w_.segments) {
      const Range part{std::max(outputs.begin, s.begin), std::min(outputs.end, s.end)};
      if (part.begin >= part.end) continue;
      GemmTile tile;
      tile.w = s.rows + (part.begin - s.begin) * s.row_bytes;
      tile.w_stride = s.row_bytes;
      tile.n_w = static_cast<std::int32_t>(part.size());
      if (info(s.dtype).is_quantized()) {
        tile.x.values = x.values + rows.begin * k;
        tile.x.scales = x.scales + rows.begin * (k / 32);
        tile.x.sums = x.sums + rows.begin * (k / 16);
      } else {
        tile.x.f32 = x.f32 + rows.begin * x.f32_stride;
        tile.x.f32_stride = x.f32_stride;
      }
      tile.n_x = static_cast<std::int32_t>(rows.size());
      tile.k = k;
      tile.out = out + (part.begin - outputs.begin);
      tile.out_stride = stride;
      run.kernels->gemm[static_cast<std::size_t>(s.dtype)](tile);
      if (s.bias.empty()) continue;
      const float* bias = s.bias.data() + (part.begin - s.begin);
      for (std::int64_t i = 0; i < rows.size(); ++i) {
        float* row = tile.out + i * stride;
        run.elementwise->add(row, bias, part.size(), row);
      }
    }
  }

  void run_tile(const Run& run, const Activations& x, Range outputs, Range rows) const {
    float* y = run.out<float>(y_) + rows.begin * y_.cols + outputs.begin;
    if (epilogue_ == ir::Epilogue::kNone) {
      product(run, x, outputs, rows, y, y_.cols);
      return;
    }
    float tile[kTileRows * kTileOutputs];
    const std::int64_t width = outputs.size();
    product(run, x, outputs, rows, tile, width);
    if (epilogue_ == ir::Epilogue::kSwiGlu) {
      float up[kTileRows * kTileOutputs];
      product(run, x, {outputs.begin + outputs_, outputs.end + outputs_}, rows, up, width);
      for (std::int64_t i = 0; i < rows.size(); ++i) {
        run.elementwise->swiglu(tile + i * width, up + i * width, width, y + i * y_.cols);
      }
      return;
    }
    const float* residual = run.in<float>(residual_) + outputs.begin;
    for (std::int64_t i = 0; i < rows.size(); ++i) {
      run.elementwise->add(residual + (rows.begin + i) * residual_.stride, tile + i * width, width,
                           y + i * y_.cols);
    }
  }

  const BoundWeight& w_;
  ir::Epilogue epilogue_;
  Operand x_, residual_, y_;
  MatMulScratch scratch_;
  std::int64_t base_;                         // of the scratch
  const std::vector<float>* gain_ = nullptr;  // null: no norm
  float eps_ = 0;
  std::int64_t outputs_ = 0;  // columns of the result
  std::int64_t weight_bytes_ = 0;
  std::int64_t output_bytes_ = 0;                    // weights read for one column
  std::int64_t one_row_chunk_ = 1, rows_chunk_ = 1;  // outputs a task
};

}  // namespace

MatMulScratch matmul_scratch(const ir::Weight& weight, bool norm, std::int64_t n_rows,
                             std::int64_t n_workers) {
  MatMulScratch s;
  bool plain = false;
  for (const ir::WeightSegment& segment : weight.segments) {
    (info(segment.dtype).is_quantized() ? s.quantized : plain) = true;
  }
  const std::int64_t k = weight.cols;
  const auto take = [&s](std::int64_t bytes) {
    const std::int64_t at = s.bytes;
    s.bytes += (bytes + 63) / 64 * 64;
    return at;
  };
  s.keeps_f32 = norm && plain;
  if (norm) s.f32 = take((s.keeps_f32 ? n_rows : n_workers) * k * 4);
  if (s.quantized) {
    s.values = take(n_rows * k);
    s.scales = take(n_rows * (k / 32) * 4);
    s.sums = take(n_rows * (k / 16) * 2);
  }
  return s;
}

std::int64_t scratch_bytes(const ir::MatMul& op, const ScratchSite& site) {
  const TensorDesc& x = site.graph.desc(site.node.inputs.at(0));
  return matmul_scratch(site.graph.weights->at(op.weight), op.norm.has_value(), x.n_rows(),
                        site.n_workers)
      .bytes;
}

CallPtr prepare(const ir::MatMul& op, const Site& site) {
  return std::make_unique<MatMulCall>(op, site);
}

}  // namespace rocmforge::cpu
