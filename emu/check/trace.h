// Traces of what waves execute, and breakpoints that dump a wave's registers; the wave runs on.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "machine/machine.h"
#include "machine/watch.h"

namespace rocmforge::emu {

// Which waves: "kernel[:group[:wave]]"; a group is its x, or "x,y" or "x,y,z".
struct WaveFilter {
  std::string kernel;
  std::optional<std::uint32_t> group[3];
  std::optional<std::uint32_t> wave;

  bool holds(const Dispatch& dispatch) const { return dispatch.kernel->name == kernel; }
  bool holds(const Wave& wave) const;
};

// "kernel+0x1c0[:group[:wave]][/lds]": an offset from the kernel's first instruction, as
// llvm-objdump shows it for branches; with /lds the group's LDS is dumped too.
struct Breakpoint {
  WaveFilter filter;
  std::uint64_t offset = 0;
  bool with_lds = false;
};

// Throw Error{kUsage}.
WaveFilter parse_filter(const std::string& text);
Breakpoint parse_breakpoint(const std::string& text);

// The file that all workers' traces go to; "-" is stderr.
class TraceFile {
 public:
  explicit TraceFile(const std::string& path);  // Error{kIo}
  void write(const std::string& text);

 private:
  std::mutex mutex_;
  std::ofstream file_;
};

// Either may be left out; with neither, null.
std::unique_ptr<Watch> make_trace(const std::optional<WaveFilter>& trace,
                                  const std::optional<Breakpoint>& breakpoint,
                                  std::shared_ptr<TraceFile> file);

}  // namespace rocmforge::emu
