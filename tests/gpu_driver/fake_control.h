// What a test tells a fake driver library, and what it learns from it. Each library has its own,
// returned by its function fake_control(), and a function fake_reset() that forgets all.
#pragma once

#include <cstdint>

namespace rocmforge::test {

// Handles that are alive.
struct FakeLive {
  int allocations = 0, pinned = 0, streams = 0, events = 0, modules = 0, graphs = 0,
      graph_execs = 0, contexts = 0;

  int sum() const {
    return allocations + pinned + streams + events + modules + graphs + graph_execs + contexts;
  }
};

struct FakeControl {
  // The fail_at-th call from now fails with fail_status; 0: none. A call that releases something
  // does so even then, as a real one that reports an earlier fault.
  int fail_at = 0;
  bool fails_for_good = false;  // and so do all calls after it: a lost device
  int hang_at = 0;              // the hang_at-th launch of a kernel from now never ends; 0: none
  // The spoil_at-th graph that is made ready from now changes, when it is replayed, the first
  // result of its last matmul; 0: none.
  int spoil_at = 0;
  int fail_status = 719;
  int n_calls = 0;            // so far; those that only put an error into words do not count
  char failed_call[64] = "";  // the name of the one that failed
  bool failed_a_release = false;

  int n_devices = 1;
  char target[64] = "";           // AMD's name; NVIDIA's "sm_90"; empty: gfx1100, sm_90
  bool empty_properties = false;  // the newest call for properties succeeds and fills nothing
  // An image "code for X" loads where X is this; its kernel "probe" then computes, unless it lies.
  char runs[64] = "";
  bool lies = false;
  int version = 0;  // 0: HIP 6.2.4, CUDA 12.4
  std::int64_t memory_total = std::int64_t{1} << 30, memory_used = 0;
  std::int64_t memory_told = 0;  // as free and in all, whatever there is; 0: the truth
  std::int32_t pci_bus = 0, pci_device = 0;

  char watched[64] = "";          // counts, below, the modules whose image, a text, holds it
  bool refuses_binaries = false;  // modules that are no text do not load

  FakeLive live;
  // The last launches of kernels, recordings included, from the oldest; forgotten by n_launches =
  // 0.
  struct Launched {
    char kernel[48];
    unsigned grid_x, grid_y;
  } launches[512];
  int n_launches = 0;                // further ones are not kept
  int n_modules = 0, n_watched = 0;  // loaded so far
  int n_ran = 0;                     // kernels that have done their work, replayed ones too
  int n_freed_while_hung = 0;        // a real driver would wait for ever
  // Streams that were destroyed before their work was done, by somebody who could have waited.
  int n_destroyed_busy = 0;
};

// A program that is run with a fake library sets its target by the environment's FAKE_TARGET.
//
// Kernels by name: "add" takes AddArgs, "hang" never ends, "missing" is in no module, those that
// start with "repack_" take gpu::RepackArgs and copy the blocks as they are, any other does
// nothing. An image that starts with "broken" does not load.
struct AddArgs {
  std::uint64_t address;  // of n words
  std::uint32_t n, value;
};

}  // namespace rocmforge::test
