// Who last wrote and read each byte of global memory in the running dispatch, and what its atomics
// have passed on. Shared by all workers; locked by pieces.
//
// After C. Flanagan and S. Freund, "FastTrack: Efficient and Precise Dynamic Race Detection"
// (2009), with at most two readers kept: what a third one did may go unseen, never the other way
// round.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "check/clocks.h"
#include "machine/program.h"

namespace rocmforge::emu {

class GlobalShadow {
 public:
  static constexpr std::uint64_t kLine = 128;

  struct Toucher {
    Stamp stamp;  // number kAny: several accesses, or several waves of the group
    const Step* step = nullptr;
    static constexpr std::uint32_t kAny = 0;
  };
  // One access, by bytes of one line.
  struct Touch {
    Toucher by;
    int lane = 0;
    bool writes = false, atomic = false;
    std::array<std::uint64_t, 2> mask{};  // bytes of the line
    const std::uint8_t* value = nullptr;  // [kLine], where `mask` is set; plain writes alone
    View seen;                            // writes come after that
    View fresh;  // loads do: the same as far as caches were invalidated since
  };

  // Starts a new dispatch, once for all workers: `generation` counts those that a worker began.
  void begin(std::uint64_t generation);

  // Throws Fault{kGlobalRace}. `line` is a multiple of kLine.
  void touch(std::uint64_t line, const Touch& touch);

  // What the atomics on an address have passed on.
  void publish(std::uint64_t address, const Others& known);
  void observe(std::uint64_t address, Others& into);

 private:
  struct Cell {
    Toucher writer;
    Toucher readers[2];
    std::uint32_t value = 0;
    std::uint8_t lane = 0;
    bool atomic = false;
    std::unique_ptr<std::vector<Stamp>> same;  // unordered writers of the same value
  };
  struct Line {
    std::array<std::uint64_t, 2> read[2] = {};  // bytes that each reader read; until it is written
    Toucher readers[2];
    std::unique_ptr<std::vector<Cell>> cells;  // of 4 bytes each, or of 1
  };
  static constexpr std::uint64_t kPageLines = 64;
  struct Page {
    std::array<Line, kPageLines> lines;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages;
    std::unordered_map<std::uint64_t, Others> locations;
  };

  Shard& shard_of(std::uint64_t address) {
    return shards_[address / (kLine * kPageLines) % kShards];
  }
  static void read_only(Line& line, const Touch& touch);
  static void expand(Line& line, std::size_t bytes_a_cell);
  static void read(Cell& cell, std::uint64_t address, const Touch& touch);
  static void write(Cell& cell, std::uint64_t address, const Touch& touch, std::uint32_t value);
  static void add_reader(Toucher (&readers)[2], const Touch& touch);

  static constexpr std::size_t kShards = 64;
  std::array<Shard, kShards> shards_;
  std::mutex generation_mutex_;
  std::uint64_t generation_ = 0;
};

}  // namespace rocmforge::emu
