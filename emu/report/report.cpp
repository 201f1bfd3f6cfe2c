#include "report/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "report/write.h"

namespace rocmforge::emu {
namespace {

class LineWatch final : public Watch {
 public:
  LineWatch(LineSet& read, LineSet& written) : read_(read), written_(written) {}

  void global(Wave&, const Step&, const Access& access) override {
    for (int lane = 0; lane < kLanes; ++lane) {
      if ((access.lanes >> lane & 1) == 0) continue;
      if (access.kind != Access::Kind::kWrite) read_.add(access.address[lane], access.bytes);
      if (access.kind != Access::Kind::kRead) written_.add(access.address[lane], access.bytes);
    }
  }

 private:
  LineSet::Cursor read_, written_;
};

Work describe(const Dispatch& dispatch) {
  Work out;
  out.kernel = dispatch.kernel->name;
  std::uint32_t threads = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    out.grid[i] = dispatch.grid[i];
    out.block[i] = dispatch.block[i];
    threads *= dispatch.block[i];
  }
  out.lds_bytes = dispatch.kernel->lds_bytes + dispatch.dynamic_lds;
  out.n_vgprs = dispatch.kernel->n_vgprs;
  out.scratch_bytes = dispatch.kernel->scratch_bytes;
  out.occupancy = occupancy_of(*dispatch.kernel, threads, out.lds_bytes);
  return out;
}

}  // namespace

Report::Report(Card card, bool follow_lines)
    : card_(std::move(card)), follow_lines_(follow_lines) {}
Report::~Report() = default;

std::unique_ptr<Watch> Report::make_watch() {
  if (!follow_lines_) return nullptr;
  return std::make_unique<LineWatch>(read_, written_);
}

Report::Kernel& Report::kernel_of(const Dispatch& dispatch) {
  const auto known = std::find_if(kernels_.begin(), kernels_.end(), [&](const Kernel& kernel) {
    return kernel.info == dispatch.kernel && kernel.program == dispatch.program;
  });
  if (known != kernels_.end()) return *known;
  return kernels_.emplace_back(Kernel{dispatch.program, dispatch.kernel, {}});
}

void Report::add(const Dispatch& dispatch, const Counters& counters) {
  const std::scoped_lock lock(mutex_);
  ++n_dispatches_;
  Work one = describe(dispatch);
  one.lines_read = read_.size();
  one.lines_written = written_.size();
  read_.clear();
  written_.clear();

  Work& sum = kernel_of(dispatch).work;
  Work next = one;
  next.counters = std::move(sum.counters);
  next.counters += counters;
  next.lines_read += sum.lines_read;
  next.lines_written += sum.lines_written;
  sum = std::move(next);

  if (dispatches_.size() < kKeptDispatches) {
    one.instructions = work_of(*dispatch.program, counters);
    one.counters = counters;
    one.counters.executed.clear();
    one.counters.executed.shrink_to_fit();
    dispatches_.push_back(std::move(one));
  }
}

void Report::clear() {
  const std::scoped_lock lock(mutex_);
  kernels_.clear();
  dispatches_.clear();
  n_dispatches_ = 0;
  read_.clear();
  written_.clear();
}

std::vector<Work> Report::by_kernel() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Work> out;
  for (const Kernel& kernel : kernels_) {
    out.push_back(kernel.work);
    out.back().instructions = work_of(*kernel.program, kernel.work.counters);
    out.back().counters.executed.clear();
  }
  std::sort(out.begin(), out.end(), [](const Work& a, const Work& b) {
    const std::uint64_t of_a = a.instructions.instructions, of_b = b.instructions.instructions;
    return of_a != of_b ? of_a > of_b : a.kernel < b.kernel;
  });
  return out;
}

std::uint64_t Report::n_dispatches() const {
  const std::scoped_lock lock(mutex_);
  return n_dispatches_;
}

std::string Report::text() const {
  const std::vector<Work> kernels = by_kernel();
  std::uint64_t all = 0;
  for (const Work& work : kernels) all += work.instructions.instructions;
  std::string out = fmt::format(
      "{} ({}): {} dispatches, {} wave-instructions. Counts of an emulator, not times.\n",
      card_.name, card_.target, n_dispatches(), all);
  for (const Work& work : kernels) out += to_text(work, all);
  return out;
}

std::string Report::json() const {
  const std::vector<Work> kernels = by_kernel();
  const std::scoped_lock lock(mutex_);
  return fmt::format(
      "{{\"card\": {{\"name\": \"{}\", \"target\": \"{}\", \"units\": {}}},\n"
      "\"n_dispatches\": {},\n\"kernels\": {},\n\"dispatches\": {}}}\n",
      card_.name, card_.target, card_.units, n_dispatches_, to_json(kernels), to_json(dispatches_));
}

}  // namespace rocmforge::emu
