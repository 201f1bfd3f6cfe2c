// Runs dispatches: work groups spread over the host's cores, the waves of a group in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "machine/counters.h"
#include "machine/memory.h"
#include "machine/program.h"
#include "machine/watch.h"

namespace rocmforge::emu {

struct Card;  // card.h

struct Dispatch {
  std::shared_ptr<const Program> program;
  const KernelInfo* kernel = nullptr;
  std::uint32_t grid[3] = {1, 1, 1};   // work groups
  std::uint32_t block[3] = {1, 1, 1};  // threads a work group
  std::uint32_t dynamic_lds = 0;       // bytes, behind the kernel's own
  std::vector<std::byte> arguments;    // as the metadata lays them out; hidden ones are filled in
  std::uint64_t number = 0;            // since the start, for reports
};

struct MachineOptions {
  int n_threads = 1;
  std::uint64_t seed = 0;  // of the order in which groups and waves run; 0: as they come
  // Wave-instructions of one dispatch, after which it counts as hung.
  std::uint64_t limit = std::uint64_t{1} << 40;
  // A watch for each worker, made once, at the machine's start; null: none.
  std::function<std::unique_ptr<Watch>(int worker)> make_watch = nullptr;
  // With what it counted, after each dispatch that ended well and before the next begins.
  std::function<void(const Dispatch&, const Counters&)> on_done = nullptr;
};

class Machine {
 public:
  Machine(const Card& card, Memory& memory, MachineOptions options);
  ~Machine();

  // Runs it whole. Throws Fault, its text with kernel, source line or address, group, wave, lane;
  // Error{kInvalidArgument} for a launch that the card would refuse (too many threads, too much
  // LDS, arguments of the wrong size).
  void run(Dispatch dispatch);

  struct Counted {
    std::shared_ptr<const Program> program;
    const KernelInfo* kernel = nullptr;
    Counters counters;
    std::uint32_t grid[3], block[3];  // of the last dispatch
    std::uint32_t lds_bytes = 0;
  };
  // By kernel of the programs that are still loaded, in the order of first use.
  std::vector<Counted> counted() const;
  void reset_counters();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocmforge::emu
