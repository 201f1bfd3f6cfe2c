// The program, loading a file that may hurt, watched.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.h"

namespace rocmforge::test {

// A file is refused within 2 seconds of processor time; of a busy machine's time this many.
inline constexpr std::chrono::seconds kChildTime{20};
#if defined(NDEBUG)  // optimized, as it is shipped
inline constexpr double kChildSeconds = 2;
#else  // with sanitizers, say
inline constexpr double kChildSeconds = 20;
#endif
// Beside what the valid file needs.
inline constexpr long kChildMemoryKib = 256 * 1024;

inline Command child(std::vector<std::string> args) {
  Command command = rocmforge(std::move(args));
  command.timeout = kChildTime;
  // What the address sanitizer keeps of freed memory (256 MiB, left to itself) is no need of ours.
  const char* options = std::getenv("ASAN_OPTIONS");
  command.env["ASAN_OPTIONS"] =
      (options == nullptr ? std::string() : std::string(options) + ":") + "quarantine_size_mb=16";
  return command;
}

inline Outcome load(const std::string& path) {
  return run(child({"generate", "--gguf", path, "-p", "hi", "-n", "1", "--temperature", "0"}));
}

// The path as "@".
inline std::string shortened(const std::string& text, const std::string& path) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(path, from)) != std::string::npos; from = at + path.size()) {
    out.append(text, from, at - from).push_back('@');
  }
  return out.append(text, from);
}

// It ended by itself with code 1, said exactly this ("@": the path, "~": more of a long text) on
// one line, and took no more time and memory than it may (memory beside `valid`).
inline void expect_refused(const Outcome& o, const Outcome& valid, const std::string& path,
                           const std::string& message) {
  ASSERT_FALSE(o.timed_out);
  ASSERT_EQ(o.signal, 0);
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_EQ(o.out, "");
  const std::string said = shortened(o.err, path);
  if (const std::size_t gap = message.find('~'); gap != std::string::npos) {
    EXPECT_TRUE(said.starts_with("error: " + message.substr(0, gap))) << said;
    EXPECT_TRUE(said.ends_with(message.substr(gap + 1) + "\n")) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  } else {
    EXPECT_EQ(said, "error: " + message + "\n");
  }
  EXPECT_LT(o.err.size(), 500u);
  EXPECT_LT(o.cpu_seconds, kChildSeconds);
  EXPECT_LT(o.max_rss_kib, valid.max_rss_kib + kChildMemoryKib);
}

}  // namespace rocmforge::test
