// The CPU behind other properties: memory that the host cannot reach, of any size, with copies
// counted, weights noted, and graphs changed before they are compiled.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/cpu/device.h"
#include "backend/device.h"

namespace rocmforge::test {

struct Wrapping {
  bool hide_memory = false;                   // buffers have no host address
  bool uploads_weights = false;               // weights take device memory, as they lie in the file
  std::int64_t memory_free = 0;               // 0: the device does not say
  std::int64_t memory_reserve = 0;            //
  std::int32_t attention_split = 0;           // 0: the CPU's
  std::function<void(ir::Graph&)> edit = {};  // before compile; the memory plan stays

  // What was asked of the device.
  std::vector<std::string> bound = {};    // weights
  std::vector<ir::StepHeader> runs = {};  // the step that each executable was given
  std::int64_t n_reads = 0, n_writes = 0, n_waits = 0;
  std::vector<std::int64_t> allocations = {};  // bytes
};

class WrappedBuffer final : public backend::Buffer {
 public:
  WrappedBuffer(std::unique_ptr<backend::Buffer> inner, bool hide)
      : inner_(std::move(inner)), hide_(hide) {}
  std::int64_t size() const override { return inner_->size(); }
  std::byte* host() override { return hide_ ? nullptr : inner_->host(); }
  backend::Buffer& inner() const { return *inner_; }

 private:
  std::unique_ptr<backend::Buffer> inner_;
  bool hide_;
};

class WrappedStream final : public backend::Stream {
 public:
  WrappedStream(std::unique_ptr<backend::Stream> inner, Wrapping& w)
      : inner_(std::move(inner)), w_(w) {}
  void read(const backend::Buffer& from, std::int64_t offset, std::span<std::byte> to) override {
    ++w_.n_reads;
    inner_->read(dynamic_cast<const WrappedBuffer&>(from).inner(), offset, to);
  }
  void write(backend::Buffer& to, std::int64_t offset, std::span<const std::byte> from) override {
    ++w_.n_writes;
    inner_->write(dynamic_cast<WrappedBuffer&>(to).inner(), offset, from);
  }
  void wait() override {
    ++w_.n_waits;
    inner_->wait();
  }
  backend::Mark mark() override { return inner_->mark(); }
  void wait(backend::Mark mark) override {
    ++w_.n_waits;
    inner_->wait(mark);
  }

 private:
  std::unique_ptr<backend::Stream> inner_;
  Wrapping& w_;
};

class WrappedExecutor final : public backend::Executor {
 public:
  WrappedExecutor(std::unique_ptr<backend::Executor> inner, backend::Device& device, Wrapping& w)
      : inner_(std::move(inner)), stream_(device.make_stream()), w_(w) {}
  std::int64_t scratch_bytes(const ir::Graph& graph, const ir::Node& node,
                             const ir::StepLimits& limits) const override {
    return inner_->scratch_bytes(graph, node, limits);
  }
  std::int64_t weight_bytes(const ir::WeightTable& table) const override {
    std::int64_t bytes = 0;
    for (std::int32_t i = 0; w_.uploads_weights && i < table.size(); ++i) {
      const ir::Weight& weight = table.at(ir::WeightId{i});
      for (const auto& s : weight.segments) bytes += bytes_of(s.dtype, s.rows * weight.cols);
    }
    return bytes;
  }
  void bind_weights(const ir::WeightTable& table, const backend::WeightSource& source) override {
    for (const backend::WeightData& d : source.data) w_.bound.push_back(table.at(d.id).name);
    inner_->bind_weights(table, source);
  }
  void bind_memory(const backend::Memory& memory) override {
    const auto inner = [](backend::Buffer* b) {
      return b == nullptr ? nullptr : &dynamic_cast<WrappedBuffer*>(b)->inner();
    };
    inner_->bind_memory(
        {.arena = inner(memory.arena), .kv = inner(memory.kv), .kv_layout = memory.kv_layout});
  }
  backend::ExecutableId compile(const ir::Graph& graph, const ir::MemoryPlan& plan,
                                const ir::StepLayout& step) override {
    ir::Graph edited = graph;
    if (w_.edit) w_.edit(edited);
    return inner_->compile(edited, plan, step);
  }
  void run(backend::ExecutableId executable, std::span<const std::byte> step,
           backend::Stream&) override {
    std::memcpy(&w_.runs.emplace_back(), step.data(), sizeof(ir::StepHeader));
    inner_->run(executable, step, *stream_);
  }

 private:
  std::unique_ptr<backend::Executor> inner_;
  std::unique_ptr<backend::Stream> stream_;
  Wrapping& w_;
};

class WrappedDevice final : public backend::Device {
 public:
  // `wrapping` and `counters` outlive it.
  WrappedDevice(Wrapping& wrapping, Counters& counters, int n_threads = 1)
      : w_(wrapping),
        inner_(cpu::make_device({.n_threads = n_threads, .isa = cpu::best_isa()}, counters)) {}

  backend::DeviceInfo info() const override {
    backend::DeviceInfo info = inner_->info();
    info.name = "wrapped";
    info.detail = "a card";
    info.memory_total = w_.memory_free > 0 ? w_.memory_free + 1000 : 0;
    info.memory_free = w_.memory_free;
    info.memory_reserve = w_.memory_reserve;
    if (w_.attention_split > 0) info.attention_split = w_.attention_split;
    info.is_host = false;
    return info;
  }
  std::unique_ptr<backend::Buffer> allocate(std::int64_t bytes) override {
    w_.allocations.push_back(bytes);
    return std::make_unique<WrappedBuffer>(inner_->allocate(bytes), w_.hide_memory);
  }
  std::unique_ptr<backend::HostMemory> allocate_host(std::int64_t bytes) override {
    return inner_->allocate_host(bytes);
  }
  std::unique_ptr<backend::Stream> make_stream() override {
    return std::make_unique<WrappedStream>(inner_->make_stream(), w_);
  }
  std::unique_ptr<backend::Executor> make_executor() override {
    return std::make_unique<WrappedExecutor>(inner_->make_executor(), *inner_, w_);
  }

 private:
  Wrapping& w_;
  std::unique_ptr<backend::Device> inner_;
};

}  // namespace rocmforge::test
