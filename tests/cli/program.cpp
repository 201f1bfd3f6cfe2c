#include "cli/program.h"

#include <algorithm>

namespace rocmforge::test {
namespace {

::testing::AssertionResult wrong(const Outcome& outcome, const std::string& what) {
  return ::testing::AssertionFailure() << what << "\n" << to_string(outcome);
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::size_t from = 0;
  for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
    out.push_back(text.substr(from, end - from));
  }
  if (from < text.size()) out.push_back(text.substr(from));
  return out;
}

::testing::AssertionResult refused(const Outcome& o, int code, bool help,
                                   const std::vector<std::string>& parts) {
  if (o.exit_code != code) return wrong(o, "exit code is not " + std::to_string(code));
  if (!o.out.empty()) return wrong(o, "standard output is not empty");
  const std::vector<std::string> said = lines(o.err);
  if (said.size() != 1 || !o.err.ends_with('\n')) return wrong(o, "not one line of error");
  const bool range = help && said.front().starts_with("Invalid ");  // exact texts of old
  if (!range && !said.front().starts_with("error: ")) return wrong(o, "no \"error: \"");
  for (const std::string& part : parts) {
    if (said.front().find(part) == std::string::npos) return wrong(o, "lacks \"" + part + "\"");
  }
  return ::testing::AssertionSuccess();
}

}  // namespace

Command rocmforge(std::vector<std::string> args) {
  args.insert(args.begin(), ROCMFORGE_PROGRAM);
  Command out{.argv = std::move(args)};
  for (const char* name : {"LOG_LEVEL", "LOG_FORMAT", "LOG_FILE"}) {
    out.env[std::string("ROCMFORGE_") + name] = "";
    out.env[std::string("ROCFORGE_") + name] = "";
  }
  for (const char* name : {"ROCMFORGE_CPU_ISA", "ROCMFORGE_HOST", "ROCMFORGE_API_KEY"}) {
    out.env[name] = "";
  }
  for (const char* name : {"HIP_LIBRARY", "CUDA_LIBRARY", "GPU_TIMEOUT", "GPU_GRAPH"}) {
    out.env[std::string("ROCMFORGE_") + name] = "";
  }
  return out;
}

const std::string& Cli::model() {
  if (model_.empty()) model_ = write_tiny_model(dir_.file("tiny.gguf"));
  return model_;
}

Command Cli::generate(const std::string& prompt, const std::vector<std::string>& more) {
  std::vector<std::string> args = {"generate", "--gguf", model(), "-p", prompt};
  args.insert(args.end(), more.begin(), more.end());
  return rocmforge(args);
}

::testing::AssertionResult succeeded(const Outcome& outcome) {
  return outcome.exit_code == 0 ? ::testing::AssertionSuccess() : wrong(outcome, "it failed");
}

::testing::AssertionResult failed(const Outcome& outcome, const std::vector<std::string>& parts) {
  return refused(outcome, 1, false, parts);
}

::testing::AssertionResult misused(const Outcome& outcome, const std::vector<std::string>& parts) {
  return refused(outcome, 2, true, parts);
}

void write_text(const std::string& path, const std::string& text) {
  write_file(path, std::as_bytes(std::span(text)));
}

Answer answer_of(const Outcome& outcome) {
  EXPECT_TRUE(succeeded(outcome));
  const std::string open = "request_id: 0\nfinish_reason: Some(\"", middle = "\")\ntext:\n";
  const std::size_t at = outcome.out.find(middle);
  if (!outcome.out.starts_with(open) || at == std::string::npos || !outcome.out.ends_with('\n')) {
    ADD_FAILURE() << "another form\n" << to_string(outcome);
    return {};
  }
  const std::size_t text = at + middle.size();
  return {.reason = outcome.out.substr(open.size(), at - open.size()),
          .text = outcome.out.substr(text, outcome.out.size() - text - 1)};
}

}  // namespace rocmforge::test
