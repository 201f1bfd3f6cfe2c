// The counters of a run, kernel by kernel, for people (text) and for tools (JSON).
//
// Nothing here is a time: tools/predict makes one of it, for a stated card.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "machine/card.h"
#include "machine/machine.h"
#include "report/kernel_work.h"
#include "report/line_set.h"

namespace rocmforge::emu {

// One dispatch, or the sum of a kernel's.
struct Work {
  std::string kernel;
  std::uint32_t grid[3] = {0, 0, 0}, block[3] = {0, 0, 0};  // of the last
  std::uint32_t lds_bytes = 0, n_vgprs = 0, scratch_bytes = 0;
  Occupancy occupancy;
  KernelWork instructions;
  Counters counters;  // without `executed`
  // Distinct 128-byte lines that the dispatch read and wrote (0 where lines are not followed): what
  // has to come from DRAM when nothing of it is in a cache. A sum of dispatches adds them up.
  std::uint64_t lines_read = 0, lines_written = 0;
};

class Report {
 public:
  // `follow_lines`: make_watch() gives watches that count the distinct lines.
  Report(Card card, bool follow_lines);
  ~Report();

  std::unique_ptr<Watch> make_watch();  // one a worker; null without `follow_lines`
  // After each dispatch, before the next begins.
  void add(const Dispatch& dispatch, const Counters& counters);
  void clear();

  std::vector<Work> by_kernel() const;  // those that executed most first
  std::uint64_t n_dispatches() const;

  std::string text() const;
  // {"card": ..., "kernels": [Work...], "dispatches": [Work...]}; of the latter the first
  // kKeptDispatches, in order.
  std::string json() const;

 private:
  static constexpr std::size_t kKeptDispatches = 4096;
  struct Kernel {
    std::shared_ptr<const Program> program;
    const KernelInfo* info = nullptr;
    Work work;  // its `instructions` are made of `counters` when asked for
  };
  Kernel& kernel_of(const Dispatch& dispatch);

  Card card_;
  bool follow_lines_;
  LineSet read_, written_;
  mutable std::mutex mutex_;
  std::deque<Kernel> kernels_;
  std::vector<Work> dispatches_;
  std::uint64_t n_dispatches_ = 0;
};

}  // namespace rocmforge::emu
