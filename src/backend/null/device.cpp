#include "backend/null/device.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "base/check.h"

namespace rocmforge::null {
namespace {

// What every object of one device writes to.
struct Log {
  Counters& counters;
  Record& record;
  void add(std::string line) const { record.calls.push_back(std::move(line)); }
};

void check_range(const backend::Buffer& buffer, std::int64_t offset, std::size_t bytes) {
  check(offset >= 0 && offset <= buffer.size() &&
            static_cast<std::int64_t>(bytes) <= buffer.size() - offset,
        "[null] a copy passes the end of its buffer");
}

// A size; the host cannot reach what is not there.
class NullBuffer final : public backend::Buffer {
 public:
  explicit NullBuffer(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  std::byte* host() override { return nullptr; }

 private:
  std::int64_t size_;
};

std::string range(std::int64_t offset, std::size_t bytes) {
  return std::to_string(bytes) + " bytes at " + std::to_string(offset);
}

class NullStream final : public backend::Stream {
 public:
  explicit NullStream(const Log& log) : log_(log) {}
  void read(const backend::Buffer& from, std::int64_t offset, std::span<std::byte> to) override {
    check_range(from, offset, to.size());
    log_.add("read " + range(offset, to.size()));
    std::fill(to.begin(), to.end(), std::byte{0});
  }
  void write(backend::Buffer& to, std::int64_t offset, std::span<const std::byte> from) override {
    check_range(to, offset, from.size());
    log_.add("write " + range(offset, from.size()));
  }
  void wait() override { log_.add("wait"); }
  backend::Mark mark() override {
    log_.add("mark " + std::to_string(n_marks_));
    return n_marks_++;
  }
  void wait(backend::Mark mark) override { log_.add("wait " + std::to_string(mark)); }

 private:
  Log log_;
  backend::Mark n_marks_ = 0;
};

class NullMemory final : public backend::HostMemory {
 public:
  explicit NullMemory(std::int64_t bytes) : bytes_(static_cast<std::size_t>(bytes)) {}
  std::span<std::byte> bytes() override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class NullExecutor final : public backend::Executor {
 public:
  explicit NullExecutor(const Log& log) : log_(log) {}

  std::int64_t scratch_bytes(const ir::Graph&, const ir::Node&,
                             const ir::StepLimits&) const override {
    return 0;
  }
  std::int64_t weight_bytes(const ir::WeightTable&) const override { return 0; }
  void bind_weights(const ir::WeightTable& table, const backend::WeightSource& source) override {
    for (const backend::WeightData& d : source.data) {
      const ir::Weight& weight = table.at(d.id);
      check(d.segments.size() == weight.segments.size(),
            "[null] " + weight.name + ": another number of segments than its table says");
    }
    log_.counters.weight_binds += source.data.size();
    log_.add("bind_weights " + std::to_string(source.data.size()));
  }
  void bind_memory(const backend::Memory& memory) override {
    check(memory.arena != nullptr, "[null] no arena");
    log_.add("bind_memory " + std::to_string(memory.arena->size()) + " " +
             std::to_string(memory.kv != nullptr ? memory.kv->size() : 0));
  }
  backend::ExecutableId compile(const ir::Graph& graph, const ir::MemoryPlan&,
                                const ir::StepLayout& step) override {
    Executable e{.header = step.header, .n_dispatches = ir::n_dispatches(graph)};
    for (const ir::Node& node : graph.nodes) {
      const auto* input = std::get_if<ir::Input>(&node.op);
      if (input == nullptr || !ir::has_step_rows(input->slot)) continue;
      e.n_rows = graph.desc(node.outputs.at(0)).shape[0];
      e.is_head = e.is_head || input->slot == ir::Slot::kHeadRows;
    }
    for (const ir::Output& o : graph.outputs) e.is_head = e.is_head || o.slot == ir::Slot::kLogits;
    executables_.push_back(e);
    ++log_.counters.graph_builds;
    log_.add("compile " + graph.name + " " + std::to_string(e.n_rows) + " rows");
    return static_cast<backend::ExecutableId>(executables_.size() - 1);
  }
  void run(backend::ExecutableId executable, std::span<const std::byte> step,
           backend::Stream&) override {
    const auto id = static_cast<std::size_t>(executable);
    check(id < executables_.size(), "[null] no such executable");
    const Executable& e = executables_[id];
    check(static_cast<std::size_t>(e.header) + sizeof(ir::StepHeader) <= step.size(),
          "[null] the step buffer is smaller than its header");
    ir::StepHeader header;
    std::memcpy(&header, step.data() + e.header, sizeof header);
    const std::int32_t n = e.is_head ? header.n_head_rows : header.n_rows;
    check(n >= 0 && n <= e.n_rows, "[null] the step has more rows than the graph's bucket");
    log_.counters.dispatches += static_cast<std::uint64_t>(e.n_dispatches);
    if (e.is_head) {
      ++log_.counters.head_runs;
    } else {
      ++log_.counters.steps;
      log_.counters.rows += static_cast<std::uint64_t>(n);
    }
    log_.add("run " + std::to_string(id) + " rows " + std::to_string(n));
  }

 private:
  struct Executable {
    std::int64_t header = 0;  // offset in the step buffer
    std::int64_t n_dispatches = 0;
    std::int64_t n_rows = 0;
    bool is_head = false;
  };
  Log log_;
  std::vector<Executable> executables_;
};

class NullDevice final : public backend::Device {
 public:
  explicit NullDevice(const Log& log) : log_(log) {}
  backend::DeviceInfo info() const override {
    return {.name = "null", .detail = "executes nothing", .memory_total = 0, .memory_free = 0};
  }
  std::unique_ptr<backend::Buffer> allocate(std::int64_t bytes) override {
    check(bytes >= 0, "[null] a buffer of negative size");
    ++log_.counters.device_allocations;
    log_.add("allocate " + std::to_string(bytes));
    return std::make_unique<NullBuffer>(bytes);
  }
  std::unique_ptr<backend::HostMemory> allocate_host(std::int64_t bytes) override {
    log_.add("allocate_host " + std::to_string(bytes));
    return std::make_unique<NullMemory>(bytes);
  }
  std::unique_ptr<backend::Stream> make_stream() override {
    return std::make_unique<NullStream>(log_);
  }
  std::unique_ptr<backend::Executor> make_executor() override {
    return std::make_unique<NullExecutor>(log_);
  }

 private:
  Log log_;
};

}  // namespace

std::unique_ptr<backend::Device> make_device(Counters& counters, Record& record) {
  return std::make_unique<NullDevice>(Log{counters, record});
}

}  // namespace rocmforge::null
