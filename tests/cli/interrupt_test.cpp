// Ctrl-C, files that shrink, readers that leave, disks that are full.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <thread>

#include "cli/program.h"
#include "text/utf8.h"

namespace rocmforge::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kCancelled = "\n[request 0 cancelled]\n";

// Slow enough that it is still at work when the test comes to disturb it.
class Interrupted : public Cli {
 protected:
  Command slow(const std::string& prompt, const std::vector<std::string>& more = {}) {
    const std::string path = dir_.file("slow.gguf");
    write_tiny_model(
        path, {.n_layers = 4, .dim = 512, .n_ff = 2048, .n_ctx = 16384, .matrix = DType::kQ8_0});
    std::vector<std::string> args = {"generate", "--gguf", path,    "-p",    prompt,
                                     "-n",       "8192",   "--ctx", "16384", "--repeat-penalty",
                                     "1.3"};
    args.insert(args.end(), more.begin(), more.end());
    Command command = rocmforge(args);
    command.env["ROCMFORGE_CPU_ISA"] = "scalar";
    return command;
  }
  // A prompt whose steps of 512 tokens take far longer than a second; under way when this returns.
  std::unique_ptr<Process> long_prompt() {
    Command command = slow(std::string(8000, 'q'), {"--stream"});
    command.env["ROCMFORGE_LOG_LEVEL"] = "debug";
    auto process = std::make_unique<Process>(command);
    EXPECT_TRUE(process->wait_until(started));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return process;
  }
  static bool started(const Outcome& o) { return o.err.find("request 0: ") != std::string::npos; }
  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
};

TEST_F(Interrupted, StreamingEndsWithItsOldLineAndExitCode0) {
  Process process(slow("hello", {"--stream", "--seed", "1"}));
  ASSERT_TRUE(process.wait_until([](const Outcome& o) { return o.out.size() > 20; }));
  const auto start = Clock::now();
  process.send(SIGINT);
  const Outcome o = process.wait();
  EXPECT_TRUE(succeeded(o));
  EXPECT_LT(seconds_since(start), 1.5);
  EXPECT_TRUE(o.out.ends_with(kCancelled)) << to_string(o);
  EXPECT_EQ(text::find_invalid_utf8(o.out), std::string::npos);
}

TEST_F(Interrupted, APlainAnswerToo) {
  Command command = slow("hello", {"--seed", "1"});
  command.env["ROCMFORGE_LOG_LEVEL"] = "debug";
  Process process(command);
  ASSERT_TRUE(process.wait_until(started));
  process.send(SIGINT);
  const Outcome o = process.wait();
  EXPECT_TRUE(succeeded(o));
  EXPECT_TRUE(o.out.ends_with(kCancelled)) << to_string(o);
}

TEST_F(Interrupted, APlainAnswerIsShownAsFarAsItCame) {
  Command command = slow("hello", {"--seed", "1"});
  command.env["ROCMFORGE_LOG_LEVEL"] = "debug";
  std::string out;
  for (int wait = 100; wait < 10'000 && (out.empty() || out == kCancelled); wait *= 3) {
    Process process(command);
    ASSERT_TRUE(process.wait_until(started));
    std::this_thread::sleep_for(std::chrono::milliseconds(wait));
    process.send(SIGINT);
    out = process.wait().out;
    EXPECT_TRUE(out.ends_with(kCancelled)) << out;
  }
  const std::string text = out.substr(0, out.size() - std::string(kCancelled).size());
  ASSERT_FALSE(text.empty());
  // What it would have said in the end, or at least as much of that as is quick to have.
  Process whole(slow("hello", {"--seed", "1", "--stream"}));
  ASSERT_TRUE(whole.wait_until([&](const Outcome& o) { return o.out.size() >= text.size(); }));
  whole.send(SIGINT);
  EXPECT_TRUE(whole.wait().out.starts_with(text.substr(0, text.size() - 4))) << text;
}

TEST_F(Interrupted, ALongPromptDoesNotHoldItUp) {
  const auto long_one = long_prompt();
  Process& process = *long_one;
  const auto start = Clock::now();
  process.send(SIGINT);
  const Outcome o = process.wait();
  EXPECT_TRUE(succeeded(o));
  EXPECT_LT(seconds_since(start), 1.5);
  EXPECT_EQ(o.out, kCancelled);
}

// What there is of it comes out; that it is cut shows in how the program ends.
TEST_F(Interrupted, ABatchDiesOfIt) {
  const std::string prompts = dir_.file("prompts");
  write_text(prompts, "hello\nhell\nhe\n");
  Command command = slow("", {"--batch", prompts, "--ignore-eos"});
  const auto prompt = std::find(command.argv.begin(), command.argv.end(), "-p");
  ASSERT_NE(prompt, command.argv.end());
  command.argv.erase(prompt, prompt + 2);
  Process process(command);
  // Should it not even have begun by then, it ends the same.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  process.send(SIGINT);
  EXPECT_EQ(process.wait().signal, SIGINT);
}

TEST_F(Interrupted, ASecondCtrlCKills) {
  const auto long_one = long_prompt();
  Process& process = *long_one;
  const auto start = Clock::now();
  process.send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  process.send(SIGINT);
  EXPECT_EQ(process.wait().signal, SIGINT);
  EXPECT_LT(seconds_since(start), 1.5);
}

TEST_F(Interrupted, SigtermKillsAtOnce) {
  const auto long_one = long_prompt();
  Process& process = *long_one;
  process.send(SIGTERM);
  EXPECT_EQ(process.wait().signal, SIGTERM);
}

TEST_F(Interrupted, BeforeItGenerates) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Command command = slow("hello");
    Process process(command);  // most likely still loading
    process.send(signal);
    const Outcome o = process.wait();
    EXPECT_FALSE(o.timed_out);
    EXPECT_TRUE(o.signal == signal || o.out == kCancelled) << to_string(o);
  }
  Command waiting = rocmforge({"tokenize", "--gguf", model(), "--file", dir_.file("none")});
  EXPECT_TRUE(failed(run(waiting), {"none", "No such file"}));
}

TEST_F(Interrupted, AModelFileCutShortUnderItIsAnErrorButNoSignal) {
  Process process(slow("hello", {"--stream", "--seed", "1"}));
  ASSERT_TRUE(process.wait_until([](const Outcome& o) { return o.out.size() > 5; }));
  std::filesystem::resize_file(dir_.file("slow.gguf"), 4096);
  const Outcome o = process.wait();
  EXPECT_EQ(o.exit_code, 1) << to_string(o);
  EXPECT_EQ(o.err,
            "error: [file] the model file was cut short, or cannot be read, while it was in use\n");
}

TEST_F(Interrupted, AReaderThatLeavesIsAnErrorButNoSignal) {
  Process process(slow("hello", {"--stream", "--seed", "1"}));
  ASSERT_TRUE(process.wait_until([](const Outcome& o) { return o.out.size() > 5; }));
  process.close_output();
  const auto start = Clock::now();
  const Outcome o = process.wait();
  EXPECT_EQ(o.exit_code, 1) << to_string(o);
  EXPECT_EQ(o.err, "");
  EXPECT_LT(seconds_since(start), 2);
}

// Whatever it was to say; of its own words none is about the pipe.
TEST_F(Interrupted, AReaderThatIsGoneFromTheStartIsCode1Everywhere) {
  const std::string text = dir_.file("text");
  write_text(text, std::string(200, 'a'));
  const std::vector<Command> commands = {
      rocmforge({"--help"}),
      rocmforge({"--version"}),
      rocmforge({"bench", "--help"}),
      rocmforge({"devices"}),
      rocmforge({"tokenize", "--gguf", model(), "hello"}),
      generate("hello", {"-n", "4"}),
      generate("hello", {"-n", "4", "--stream"}),
      rocmforge({"verify", "--gguf", model(), "--device", "cpu"}),
      rocmforge({"perplexity", "--gguf", model(), "--file", text, "--ctx", "64"}),
      rocmforge({"bench", "--gguf", model(), "-p", "2", "-n", "0", "-r", "1"}),
      rocmforge({"bench", "--random", "llama-tiny:Q4_0", "--save", dir_.file("r.gguf")}),
  };
  for (Command command : commands) {
    command.unread_stdout = true;
    const Outcome o = run(command);
    EXPECT_EQ(o.exit_code, 1) << command.argv[1] << "\n" << to_string(o);
    EXPECT_EQ(o.err.find("error"), std::string::npos) << o.err;
    EXPECT_EQ(o.err.find("tokens/s"), std::string::npos) << o.err;
  }
  // A mistake is one all the same.
  Command wrong = rocmforge({"generate"});
  wrong.unread_stdout = true;
  EXPECT_EQ(run(wrong).exit_code, 2);
}

TEST_F(Interrupted, AClosedStandardOutputIsAnErrorAndNoOtherFileTakesItsPlace) {
  Command command = generate("hello", {"-n", "4", "--temp", "0"});
  command.without_stdout = true;
  command.env["ROCMFORGE_LOG_FILE"] = dir_.file("log");
  command.env["ROCMFORGE_LOG_LEVEL"] = "info";
  EXPECT_TRUE(failed(run(command), {"standard output"}));
  const std::string log = read_file(dir_.file("log"));
  EXPECT_NE(log.find("tiny.gguf"), std::string::npos) << log;
  EXPECT_EQ(log.find("request_id"), std::string::npos) << log;
}

TEST_F(Interrupted, AFullDiskIsAnErrorThatSaysSo) {
  const std::string text = dir_.file("text");
  const std::string words(200, 'a');
  write_text(text, words);
  const std::vector<Command> commands = {
      generate("hello", {"-n", "4"}),
      generate("hello", {"-n", "4", "--stream"}),
      rocmforge({"tokenize", "--gguf", model(), "hello"}),
      rocmforge({"bench", "--gguf", model(), "-p", "2", "-n", "0", "-r", "1"}),
      rocmforge({"--help"}),
      rocmforge({"--version"}),
  };
  for (Command command : commands) {
    command.stdout_path = "/dev/full";
    EXPECT_TRUE(failed(run(command), {"standard output", "No space left"})) << command.argv[1];
  }
  Command command = rocmforge({"perplexity", "--gguf", model(), "--file", text, "--ctx", "64"});
  command.stdout_path = "/dev/full";
  const Outcome o = run(command);  // its progress comes first
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_TRUE(o.err.ends_with("error: cannot write to standard output: No space left on device\n"));
}

}  // namespace
}  // namespace rocmforge::test
