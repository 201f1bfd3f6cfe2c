#include "op/harness.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace rocmforge::optest {
namespace {

std::size_t size(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

std::vector<backend::WeightData> views(const Problem& p) {
  std::vector<backend::WeightData> out;
  for (const OwnedWeight& w : p.weights) {
    backend::WeightData data{.id = w.id, .segments = {}};
    for (const OwnedSegment& s : w.segments) {
      data.segments.push_back({.rows = s.rows, .bias = std::as_bytes(std::span(s.bias))});
    }
    out.push_back(std::move(data));
  }
  return out;
}

template <class T>
void copy_into(const std::vector<T>& from, std::span<T> to) {
  check(from.size() <= to.size(), "a part of the step is too long");
  std::copy(from.begin(), from.end(), to.begin());
}

// Columns of an output, 1 when there is none.
std::int64_t output_columns(const ir::Graph& graph, ir::Slot slot) {
  for (const ir::Output& output : graph.outputs) {
    if (output.slot == slot) return graph.desc(output.value).shape[1];
  }
  return 1;
}

}  // namespace

Session::Session(const Problem& p, backend::Device& device, const Planner& planner)
    : p_(p),
      graph_(ir::specialise(p.graph, p.bucket)),
      layout_(p.limits),
      regions_(ir::plan_regions(p.limits,
                                std::max(p.hidden_dim, output_columns(p.graph, ir::Slot::kHidden)),
                                output_columns(p.graph, ir::Slot::kLogits))),
      executor_(device.make_executor()),
      stream_(device.make_stream()) {
  const std::vector<backend::WeightData> data = views(p);
  executor_->bind_weights(*p.table, {.data = data});
  const auto scratch = [this](const ir::Graph& g, const ir::Node& n) {
    return executor_->scratch_bytes(g, n, layout_.limits);
  };
  plan_ = planner(graph_, layout_, regions_, scratch);
  arena_ = device.allocate(plan_.arena_bytes);
  if (p.kv_layout.n_layers > 0) kv_ = device.allocate(p.kv_layout.bytes());
  executor_->bind_memory({.arena = arena_.get(), .kv = kv_.get(), .kv_layout = p.kv_layout});
  executable_ = executor_->compile(graph_, plan_, layout_);
  fill_step();
  reset();
}

void Session::fill_step() {
  step_.assign(size(layout_.bytes), std::byte{0});
  const ir::StepView view(layout_, step_);
  view.header() = {.n_rows = p_.n_rows,
                   .n_head_rows = p_.n_head_rows,
                   .n_sequences = static_cast<std::int32_t>(p_.block_tables.size()),
                   .n_work = static_cast<std::int32_t>(p_.work.size()),
                   .n_partials = p_.n_partials,
                   .n_edits = static_cast<std::int32_t>(p_.edits.size()),
                   .n_masks = static_cast<std::int32_t>(p_.masks.size())};
  copy_into(p_.tokens, view.tokens());
  copy_into(p_.positions, view.positions());
  copy_into(p_.sequences, view.sequences());
  copy_into(p_.kv_slots, view.kv_slots());
  copy_into(p_.head_rows, view.head_rows());
  copy_into(p_.work, view.work());
  copy_into(p_.samples, view.samples());
  copy_into(p_.edits, view.edits());
  for (std::size_t m = 0; m < p_.masks.size(); ++m) {
    copy_into(p_.masks[m], view.mask(static_cast<std::int32_t>(m)));
  }
  const std::size_t dims = size(p_.limits.rope_dims);
  for (std::int32_t i = 0; dims > 0 && i < p_.n_rows; ++i) {
    std::copy_n(p_.rope_rows.begin() + i * p_.limits.rope_dims, dims, view.rope_row(i).begin());
  }
  for (std::size_t s = 0; s < p_.block_tables.size(); ++s) {
    copy_into(p_.block_tables[s], view.block_table(static_cast<std::int32_t>(s)));
  }
}

void Session::reset(float rest) {
  const std::vector<float> fill(size(plan_.arena_bytes) / sizeof(float), rest);
  stream_->write(*arena_, 0, std::as_bytes(std::span(fill)));
  if (p_.hidden_dim > 0) {
    stream_->write(*arena_, regions_.hidden, std::as_bytes(std::span(p_.hidden)));
  }
  if (!p_.sampled.empty()) {
    stream_->write(*arena_, regions_.sampled, std::as_bytes(std::span(p_.sampled)));
  }
  std::vector<std::byte> kv;
  if (kv_ != nullptr) {
    kv.resize(size(p_.kv_layout.bytes()));
    info(p_.kv_layout.dtype).encode(p_.kv.data(), kv.data(), std::ssize(p_.kv));
    stream_->write(*kv_, 0, kv);
  }
  stream_->wait();
}

void Session::run() {
  executor_->run(executable_, step_, *stream_);
  stream_->wait();
}

std::vector<float> Session::tap(std::size_t value) {
  const TensorDesc& desc = graph_.values[value].desc;
  const std::int64_t rows = desc.n_rows() / p_.bucket * p_.run_rows();
  std::vector<float> out(size(rows * desc.shape[-1]));
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto row = std::span(out).subspan(size(i * desc.shape[-1]), size(desc.shape[-1]));
    stream_->read(*arena_, plan_.values[value].offset + i * desc.row_stride * 4,
                  std::as_writable_bytes(row));
  }
  if (desc.dtype != DType::kI32) return out;
  stream_->wait();
  for (float& x : out) x = static_cast<float>(std::bit_cast<std::int32_t>(x));
  return out;
}

Result Session::result() {
  Result out;
  for (std::size_t i = 0; i < graph_.values.size(); ++i) {
    if (!graph_.values[i].tap.empty()) out.taps[graph_.values[i].tap] = tap(i);
  }
  for (const ir::Output& output : graph_.outputs) {
    out.taps["output " + std::string(ir::name(output.slot))] = tap(size(output.value.id));
  }
  if (kv_ != nullptr) {
    std::vector<std::byte> bytes(size(p_.kv_layout.bytes()));
    stream_->read(*kv_, 0, bytes);
    stream_->wait();
    out.kv.resize(p_.kv.size());
    info(p_.kv_layout.dtype).decode(bytes.data(), out.kv.data(), std::ssize(out.kv));
  }
  stream_->wait();
  return out;
}

std::vector<std::byte> Session::arena() {
  std::vector<std::byte> out(size(plan_.arena_bytes));
  stream_->read(*arena_, 0, out);
  stream_->wait();
  return out;
}

Result run(const Problem& problem, backend::Device& device) {
  Session session(problem, device);
  session.run();
  return session.result();
}

}  // namespace rocmforge::optest
