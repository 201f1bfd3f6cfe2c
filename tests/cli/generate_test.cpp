// `rocmforge generate`: its output, its options, and what it refuses.
#include <regex>

#include "cli/program.h"
#include "support/data.h"
#include "text/utf8.h"

namespace rocmforge::test {
namespace {

class Generate : public Cli {
 protected:
  Answer greedy(const std::string& prompt, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--temp", "0"});
    return answer_of(run(generate(prompt, more)));
  }
};

TEST_F(Generate, PrintsTheAnswerInTheOldForm) {
  const Outcome o = run(generate("hello", {"-n", "5", "--temp", "0"}));
  const Answer answer = answer_of(o);
  EXPECT_EQ(answer.reason, "length");
  EXPECT_FALSE(answer.text.empty());
  const std::regex timing(
      "load [0-9.]+ s \\| first token [0-9.]+ s \\| prompt [0-9]+ tokens, [0-9.]+ tokens/s \\| "
      "generated 5 tokens, [0-9.]+ tokens/s \\| seed [0-9]+\n");
  EXPECT_TRUE(std::regex_match(o.err, timing)) << o.err;
}

TEST_F(Generate, StreamsTheSameTextAndSaysHowItEnded) {
  const Answer whole = greedy("hello", {"-n", "40"});
  const Outcome o = run(generate("hello", {"-n", "40", "--temp", "0", "--stream"}));
  EXPECT_EQ(o.out, whole.text + "\n[request 0 finished: length]\n") << to_string(o);
}

TEST_F(Generate, NoFuseGivesTheSameGreedyText) {
  EXPECT_EQ(greedy("hello there", {"-n", "30"}).text,
            greedy("hello there", {"-n", "30", "--no-fuse"}).text);
}

TEST_F(Generate, TheSameSeedGivesTheSameText) {
  const auto text = [&](const std::string& seed) {
    return answer_of(run(generate("hello", {"-n", "40", "--seed", seed}))).text;
  };
  EXPECT_EQ(text("7"), text("7"));
  EXPECT_NE(text("7"), text("8"));
  EXPECT_EQ(text("18446744073709551615"), text("18446744073709551615"));
}

TEST_F(Generate, TheSeedOfARandomRunRepeatsIt) {
  const Outcome first = run(generate("hello", {"-n", "40"}));
  std::smatch found;
  ASSERT_TRUE(std::regex_search(first.err, found, std::regex("seed ([0-9]+)\n"))) << first.err;
  const Outcome again = run(generate("hello", {"-n", "40", "--seed", found[1]}));
  EXPECT_EQ(answer_of(again).text, answer_of(first).text);
  const Outcome other = run(generate("hello", {"-n", "40", "--seed", "-1"}));
  EXPECT_NE(answer_of(other).text, answer_of(first).text);
}

TEST_F(Generate, DefaultsAreTheDocumentedOnes) {
  const std::vector<std::string> spelled = {
      "--seed",           "5",  "--max-tokens", "128", "--temperature", "1.0",
      "--top-k",          "50", "--top-p",      "0.9", "--min-p",       "0",
      "--repeat-penalty", "1",  "--device",     "cpu", "--kv-type",     "f16",
      "--threads",        "0",  "--ctx",        "512"};
  EXPECT_EQ(answer_of(run(generate("hello", {"--seed", "5"}))).text,
            answer_of(run(generate("hello", spelled))).text);
}

TEST_F(Generate, EachSamplingOptionHasAnEffect) {
  const auto text = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"-n", "40", "--seed", "5"});
    return answer_of(run(generate("hello", more))).text;
  };
  const std::string plain = text({}), likeliest = text({"--temperature", "0"});
  EXPECT_NE(plain, likeliest);
  EXPECT_EQ(text({"--top-k", "1"}), likeliest);
  EXPECT_EQ(text({"--top-p", "0.000001"}), likeliest);
  EXPECT_EQ(text({"--min-p", "1"}), likeliest);
  EXPECT_NE(text({"--temp", "3", "--top-k", "1000", "--top-p", "1"}), plain);
  EXPECT_NE(text({"--temp", "0", "--repeat-penalty", "1.5"}), likeliest);
}

TEST_F(Generate, AStopTextEndsTheAnswerBeforeIt) {
  const Answer whole = greedy("hello", {"-n", "60"});
  const std::size_t letter = whole.text.find_last_of("abcdefghijklmnopqrstuvwxyz");
  ASSERT_TRUE(letter != std::string::npos && letter > 4) << whole.text;
  const std::string stop = whole.text.substr(letter, 1);
  const Answer stopped = greedy("hello", {"-n", "60", "--stop", "not there", "--stop", stop});
  EXPECT_EQ(stopped.reason, "completed");
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(stop)));
}

TEST_F(Generate, AFullContextEndsWithLength) {
  const Outcome o = run(generate("hello", {"-n", "500", "--ctx", "16", "--temp", "0"}));
  EXPECT_EQ(answer_of(o).reason, "length");
  EXPECT_LT(std::stoi(o.err.substr(o.err.find("generated ") + 10)), 16) << o.err;
}

TEST_F(Generate, ThreadsMakeNoDifferenceToGreedyText) {
  const std::string one = greedy("hello", {"-t", "1", "-n", "30"}).text;
  EXPECT_EQ(one, greedy("hello", {"-t", "2", "-n", "30"}).text);
  EXPECT_EQ(one, greedy("hello", {"--threads", "5", "-n", "30"}).text);
}

TEST_F(Generate, RangeErrorsAreTheOldOnes) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--max-tokens", "0"}, "Invalid max_tokens: must be greater than 0"},
      {{"--max-tokens", "-3"}, "Invalid max_tokens: must be greater than 0"},
      {{"-n", "8193"}, "Invalid max_tokens: 8193 exceeds maximum of 8192"},
      {{"--temperature", "-0.5"}, "Invalid temperature: -0.5 must be non-negative"},
      {{"--temp", "nan"}, "Invalid temperature: nan must be non-negative"},
      {{"--top-k", "0"}, "Invalid top_k: must be greater than 0"},
      {{"--top-p", "0"}, "Invalid top_p: 0 must be in range (0.0, 1.0]"},
      {{"--top-p", "1.5"}, "Invalid top_p: 1.5 must be in range (0.0, 1.0]"},
      {{"--min-p", "2"}, "Invalid min_p: 2 must be in range [0.0, 1.0]"},
      {{"--repeat-penalty", "0"}, "Invalid repeat_penalty: 0 must be greater than 0"},
  };
  for (const auto& [more, text] : cases) {
    const Outcome o = run(generate("hello", more));
    EXPECT_TRUE(misused(o, {}));
    EXPECT_EQ(o.err, text + "\n");
  }
  EXPECT_TRUE(succeeded(run(generate("hello", {"-n", "8192", "--ctx", "8"}))));
}

TEST_F(Generate, RefusesAPromptThatDoesNotFit) {
  EXPECT_TRUE(failed(run(generate("hello there you", {"--ctx", "4"})), {"--prompt", "--ctx", "4"}));
  EXPECT_TRUE(failed(run(generate(std::string(600, 'a'))), {"--prompt", "512"}));
}

TEST_F(Generate, RefusesAPromptThatIsNotUtf8NamingTheByte) {
  EXPECT_TRUE(failed(run(generate("caf\xe9 noir")), {"--prompt", "UTF-8", "byte offset 3"}));
  EXPECT_TRUE(failed(run(generate("abc\xc3")), {"UTF-8", "byte offset 3"}));
  EXPECT_TRUE(failed(run(generate("hello", {"--stop", "\xff"})), {"--stop", "byte offset 0"}));
}

TEST_F(Generate, AnEmptyPromptIsTheBeginOfText) {
  EXPECT_EQ(greedy("", {"-n", "4"}).reason, "length");
  const std::string bare = dir_.file("bare.gguf");
  edited(tiny_model(), {}, [](gguf::Writer& w) {
    w.add_bool("tokenizer.ggml.add_bos_token", false);
  }).write(bare);
  EXPECT_TRUE(
      failed(run_rocmforge({"generate", "--gguf", bare, "-p", ""}), {"--prompt", "no tokens"}));
}

TEST_F(Generate, NeedsAModelOrAServer) {
  EXPECT_TRUE(failed(run_rocmforge({"--host", "http://127.0.0.1:1", "generate", "-p", "hi"}),
                     {"--gguf", "rocmforge serve"}));
  EXPECT_TRUE(failed(run(generate("hi", {"--tokenizer", "t.json"})), {"t.json"}));
}

TEST_F(Generate, RefusesDevicesTypesAndUrls) {
  EXPECT_TRUE(misused(run(generate("hi", {"--device", "warp"})), {"--device", "warp", "cpu"}));
  EXPECT_TRUE(misused(run(generate("hi", {"--kv-type", "q4"})), {"--kv-type", "q4", "f16, f32"}));
  EXPECT_TRUE(misused(run_rocmforge({"generate", "-p", "hi", "-m", "https://x.org/a.gguf"}),
                      {"--gguf", "not downloaded"}));
}

TEST_F(Generate, EachInstructionSetCanBeForced) {
  std::string texts;
  for (const char* isa : {"scalar", "avx2", "avx512"}) {
    Command command = generate("hello", {"-n", "20", "--temp", "0"});
    command.env["ROCMFORGE_CPU_ISA"] = isa;
    const Outcome o = run(command);
    if (o.exit_code != 0) {
      EXPECT_TRUE(failed(o, {"ROCMFORGE_CPU_ISA", "this processor has no ", isa}));
      continue;
    }
    if (texts.empty()) texts = answer_of(o).text;
    EXPECT_EQ(answer_of(o).text, texts) << isa;
  }
  EXPECT_FALSE(texts.empty());
  Command command = generate("hello");
  command.env["ROCMFORGE_CPU_ISA"] = "sse9";
  EXPECT_TRUE(misused(run(command), {"ROCMFORGE_CPU_ISA", "sse9", "scalar, avx2, avx512"}));
}

TEST_F(Generate, PathsMayHoldSpacesAndMore) {
  const std::string path = dir_.file("a model, \"quoted\" \xc3\xa9.gguf");
  write_tiny_model(path);
  EXPECT_TRUE(succeeded(run_rocmforge({"generate", "-m", path, "-p", "hi", "-n", "2"})));
}

TEST_F(Generate, APromptMayBeginWithADash) {
  for (const char* prompt : {"-5 is", "--stream", "-n", "--", "-"}) {
    EXPECT_TRUE(succeeded(run(generate(prompt, {"-n", "2"})))) << prompt;
  }
}

// Nearly all tokens of the small model are single bytes, so that its output is noise.
TEST_F(Generate, OutputIsUtf8Always) {
  for (int seed = 0; seed < 5; ++seed) {
    const Outcome o =
        run(generate("hello", {"-n", "300", "--stream", "--temp", "3", "--top-k", "1000", "--top-p",
                               "1", "--seed", std::to_string(seed)}));
    EXPECT_TRUE(succeeded(o));
    EXPECT_NE(o.out.find(text::kReplacementCharacter), std::string::npos) << "this was no noise";
    EXPECT_EQ(text::find_invalid_utf8(o.out), std::string::npos) << seed;
  }
}

// Each write holds whole characters: what is there when the program is killed is UTF-8.
TEST_F(Generate, EachWriteIsWholeCharacters) {
  for (const std::size_t n : {30U, 100U, 400U}) {
    Process process(generate("hello", {"-n", "400", "--stream", "--temp", "3", "--top-k", "1000",
                                       "--top-p", "1", "--seed", "9"}));
    ASSERT_TRUE(process.wait_until([n](const Outcome& o) { return o.out.size() >= n; }));
    process.send(SIGKILL);
    EXPECT_EQ(text::find_invalid_utf8(process.wait().out), std::string::npos);
  }
}

TEST(GenerateStories, TheGreedyTextIsTheRecordedOne) {
  const std::string model = data_file("models/stories260K.gguf");
  ROCMFORGE_NEED_DATA(model, "models/stories260K.gguf");
  const std::string golden = read_file(data_file("models/stories260K.greedy200.golden.txt"));
  const Outcome o = run_rocmforge(
      {"generate", "--gguf", model, "-p", "", "-n", "200", "--temp", "0", "--kv-type", "f32"});
  EXPECT_EQ(answer_of(o).text, golden);
}

TEST_F(Generate, AFullContextIsToldFromEnoughTokens) {
  const std::string words = "the context of 32 tokens is full (--ctx)";
  const std::vector<std::string> greedy = {"--temp", "0", "--ctx", "32", "-n"};
  const auto run_with = [&](const char* n, bool stream) {
    std::vector<std::string> more = greedy;
    more.emplace_back(n);
    if (stream) more.emplace_back("--stream");
    return run(generate("hello", more));
  };
  for (const bool stream : {false, true}) {
    const Outcome full = run_with("1000", stream), enough = run_with("4", stream);
    EXPECT_TRUE(succeeded(full));
    EXPECT_NE(full.out.find("length"), std::string::npos) << to_string(full);
    EXPECT_NE(full.err.find(words), std::string::npos) << full.err;
    EXPECT_NE(enough.out.find("length"), std::string::npos) << to_string(enough);
    EXPECT_EQ(enough.err.find("full"), std::string::npos) << enough.err;
  }
}

}  // namespace
}  // namespace rocmforge::test
