#include "engine/stage.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/loader.h"

namespace rocmforge::engine {
namespace {

// Columns of the graph's result.
std::int64_t result_columns(const std::vector<PlannedGraph>& graphs) {
  const ir::Graph& graph = graphs.at(0).graph;
  return graph.desc(graph.outputs.at(0).value).shape[1];
}

}  // namespace

Stage::Stage(StagePlan plan, std::unique_ptr<backend::Executor> executor, const StageSource& source,
             const ir::StepLayout& layout, backend::Device& device, Stage* before)
    : n_layers_(plan.n_layers),
      regions_(plan.regions),
      weights_(std::move(plan.weights)),
      before_(before),
      row_bytes_(result_columns(plan.body) * std::int64_t{sizeof(float)}),
      n_vocab_(plan.head.empty() ? 0 : static_cast<std::size_t>(result_columns(plan.head))),
      dim_(static_cast<std::size_t>(result_columns(plan.body))),
      kv_(device, plan.kv),
      executor_(std::move(executor)),
      max_head_rows_(layout.limits.max_head_rows),
      stream_(device.make_stream()) {
  const std::vector<backend::WeightData> data = weight_data(source.file, *weights_);
  backend::WeightSource from{.data = data, .files = source.mappings};
  if (source.progress) from.progress = source.progress;
  executor_->bind_weights(*weights_, from);
  body_ = compile(plan.body, layout);
  head_ = compile(plan.head, layout);
  embedding_ = compile(plan.embedding, layout);
  arena_ = device.allocate(plan.arena_bytes);
  executor_->bind_memory({.arena = arena_.get(), .kv = &kv_.buffer(), .kv_layout = kv_.layout()});
  if (!head_.empty()) {
    tokens_ = device.allocate_host(std::int64_t{kTokenSlots} * max_head_rows_ *
                                   std::int64_t{sizeof(std::int32_t)});
  }
  if (arena_->host() != nullptr) return;
  logits_.resize(static_cast<std::size_t>(layout.limits.max_head_rows) * std::max(n_vocab_, dim_));
  if (before_ != nullptr && before_->arena_->host() == nullptr) {
    passing_.resize(static_cast<std::size_t>(layout.limits.max_rows * row_bytes_));
  }
}

std::vector<Stage::Bucket> Stage::compile(const std::vector<PlannedGraph>& graphs,
                                          const ir::StepLayout& layout) const {
  std::vector<Bucket> out;
  for (const PlannedGraph& g : graphs) {
    out.push_back({g.rows, executor_->compile(g.graph, g.memory, layout), {}});
    const ir::StepRows rows(g.graph);
    for (std::size_t i = 0; i < g.graph.values.size(); ++i) {
      const std::string& tap = g.graph.values[i].tap;
      if (tap.empty()) continue;
      const ir::Value value{static_cast<std::int32_t>(i)};
      out.back().taps.push_back({tap, rows.operand(g.graph, g.memory, value)});
    }
  }
  return out;
}

const Stage::Bucket& Stage::pick(const std::vector<Bucket>& buckets, std::int32_t n_rows) {
  const auto bucket = std::find_if(buckets.begin(), buckets.end(),
                                   [&](const Bucket& b) { return b.rows >= n_rows; });
  check(bucket != buckets.end(), "more rows than the largest bucket");
  return *bucket;
}

// Copies the rows of the stage before, through the host where neither device's memory is its own.
void Stage::receive(std::int32_t n_rows) {
  const auto bytes = static_cast<std::size_t>(n_rows * row_bytes_);
  backend::Buffer& from = *before_->arena_;
  const std::int64_t hidden = before_->regions_.hidden;
  if (std::byte* host = from.host(); host != nullptr) {
    before_->wait();
    stream_->write(*arena_, regions_.incoming, {host + hidden, bytes});
    return;
  }
  std::byte* host = arena_->host();
  const std::span<std::byte> to(host != nullptr ? host + regions_.incoming : passing_.data(),
                                bytes);
  before_->stream_->read(from, hidden, to);
  before_->wait();
  if (host == nullptr) stream_->write(*arena_, regions_.incoming, to);
}

void Stage::run_body(std::int32_t n_rows, std::span<const std::byte> step) {
  if (before_ != nullptr) receive(n_rows);
  last_rows_ = n_rows;
  executor_->run(pick(body_, n_rows).executable, step, *stream_);
}

void Stage::run_head(std::int32_t n_rows, std::span<const std::byte> step) {
  executor_->run(pick(head_, n_rows).executable, step, *stream_);
}

backend::Mark Stage::read_tokens(std::int32_t n_rows, std::int32_t slot) {
  const std::span<std::byte> to = tokens_->bytes().subspan(
      static_cast<std::size_t>(slot * max_head_rows_) * sizeof(std::int32_t),
      static_cast<std::size_t>(n_rows) * sizeof(std::int32_t));
  stream_->read(*arena_, regions_.sampled, to);
  return stream_->mark();
}

std::span<const std::int32_t> Stage::tokens(std::int32_t n_rows, std::int32_t slot,
                                            backend::Mark mark) {
  stream_->wait(mark);
  const auto* all = reinterpret_cast<const std::int32_t*>(tokens_->bytes().data());
  return {all + slot * max_head_rows_, static_cast<std::size_t>(n_rows)};
}

std::span<const float> Stage::logits(std::int32_t n_rows) {
  return results(static_cast<std::size_t>(n_rows) * n_vocab_);
}

std::span<const float> Stage::embeddings(std::int32_t n_rows, std::span<const std::byte> step) {
  executor_->run(pick(embedding_, n_rows).executable, step, *stream_);
  return results(static_cast<std::size_t>(n_rows) * dim_);
}

// What lies at the logits' place.
std::span<const float> Stage::results(std::size_t n) {
  if (std::byte* host = arena_->host(); host != nullptr) {
    wait();
    return {reinterpret_cast<const float*>(host + regions_.logits), n};
  }
  const std::span<float> out(logits_.data(), n);
  stream_->read(*arena_, regions_.logits, std::as_writable_bytes(out));
  wait();
  return out;
}

void Stage::read_taps(std::vector<Tapped>& out) {
  for (const Tap& tap : pick(body_, last_rows_).taps) {
    const ir::Operand& at = tap.place;
    const std::int64_t rows = at.rows(last_rows_);
    Tapped& to = out.emplace_back(Tapped{tap.name, at.cols, {}});
    to.values.resize(static_cast<std::size_t>(rows * at.cols));
    const auto row_bytes = static_cast<std::size_t>(at.cols) * sizeof(float);
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(to.values));
    for (std::int64_t row = 0; row < rows; ++row) {
      stream_->read(*arena_, at.offset + row * at.stride * std::int64_t{sizeof(float)},
                    bytes.subspan(static_cast<std::size_t>(row) * row_bytes, row_bytes));
    }
  }
  wait();
}

}  // namespace rocmforge::engine
