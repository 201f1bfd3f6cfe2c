// The program under test, and the forms that its output has.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/process.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace rocmforge::test {

// `rocmforge ARGS...` in an environment without the variables that it reads.
Command rocmforge(std::vector<std::string> args);
inline Outcome run_rocmforge(std::vector<std::string> args) {
  return run(rocmforge(std::move(args)));
}

// A small model in a folder of its own.
class Cli : public ::testing::Test {
 protected:
  const std::string& model();  // written when first asked for
  // `generate --gguf MODEL -p PROMPT` and more.
  Command generate(const std::string& prompt, const std::vector<std::string>& more = {});

  TempDir dir_;

 private:
  std::string model_;
};

// Ended by itself, with code 0.
::testing::AssertionResult succeeded(const Outcome& outcome);
// Exit code 1, nothing on standard output, and on standard error one line, "error: ...", that holds
// each of `parts`.
::testing::AssertionResult failed(const Outcome& outcome, const std::vector<std::string>& parts);
// The same with exit code 2.
::testing::AssertionResult misused(const Outcome& outcome, const std::vector<std::string>& parts);

void write_text(const std::string& path, const std::string& text);

struct Answer {
  std::string reason, text;
};
// Takes generate's output apart, or fails the test.
Answer answer_of(const Outcome& outcome);

}  // namespace rocmforge::test
