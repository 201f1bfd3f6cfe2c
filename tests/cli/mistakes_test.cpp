// What people type who know other programs, and what they are told.
#include "cli/program.h"

namespace rocmforge::test {
namespace {

class Mistake : public Cli {
 protected:
  using Parts = std::vector<std::string>;
  ::testing::AssertionResult told(std::vector<std::string> args, const Parts& parts) {
    return misused(run_rocmforge(std::move(args)), parts);
  }
  ::testing::AssertionResult generate_told(std::vector<std::string> more, const Parts& parts) {
    std::vector<std::string> args = {"generate", "--gguf", model()};
    args.insert(args.end(), more.begin(), more.end());
    return told(std::move(args), parts);
  }
};

TEST_F(Mistake, NoSubcommandOrAnUnknownOne) {
  EXPECT_TRUE(told({}, {"subcommand is missing", "generate", "bench"}));
  EXPECT_TRUE(told({"generat"}, {"generat", "did you mean generate?"}));
  EXPECT_TRUE(told({"gen"}, {"did you mean generate?"}));
  EXPECT_TRUE(told({"quux"}, {"\"quux\": no such subcommand"}));
  EXPECT_TRUE(told({""}, {"no such subcommand"}));
  for (const char* name : {"run", "cli", "completion"}) {
    EXPECT_TRUE(told({name, "model"}, {name, "generate"}));
  }
  EXPECT_TRUE(told({"my model.gguf"}, {"rocmforge generate --gguf \"my model.gguf\" -p TEXT"}));
}

TEST_F(Mistake, RequestsNeedTheirNumber) {
  for (const char* name : {"status", "cancel"}) {
    EXPECT_TRUE(told({name}, {"--request-id"}));
    EXPECT_TRUE(told({name, "--request-id"}, {"--request-id", "value is missing"}));
    EXPECT_TRUE(told({name, "--request-id", "-3"}, {"--request-id", "-3"}));
    EXPECT_TRUE(told({name, "--request-id", "x"}, {"--request-id", "\"x\""}));
    EXPECT_TRUE(told({name, "--host", "http://127.0.0.1:9", "--request-id", "3"},
                     {"--host", "before the subcommand"}));
  }
}

TEST_F(Mistake, OptionsBeforeTheSubcommand) {
  EXPECT_TRUE(told({"--gguf", "m", "generate"}, {"--gguf", "behind the subcommand"}));
  EXPECT_TRUE(told({"-p", "hi", "generate"}, {"-p", "behind the subcommand"}));
  EXPECT_TRUE(told({"--bogus", "generate"}, {"--bogus: no such option"}));
  EXPECT_TRUE(told({"-v"}, {"-v", "ROCMFORGE_LOG_LEVEL", "--version"}));
  EXPECT_TRUE(told({"--host"}, {"--host", "value is missing"}));
}

TEST_F(Mistake, OptionsThatDoNotExist) {
  EXPECT_TRUE(told({"tokenize", "--gguf", model(), "-ngl", "99", "hi"}, {"-ngl", "leave it out"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-fa"}, {"-fa", "leave it out"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-ctk", "f16"}, {"-ctk", "--kv-type"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--bogus"}, {"--bogus: no such option"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--max_tokens", "3"}, {"did you mean --max-tokens?"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--max-token=3"}, {"did you mean --max-tokens?"}));
  EXPECT_TRUE(generate_told({"-prompt", "hi"}, {"-prompt", "did you mean --prompt?"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-temp", "0"}, {"-temp", "did you mean --temp?"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-x"}, {"-x: no such option"}));
}

TEST_F(Mistake, OptionsOfLlamaCpp) {
  const std::vector<std::pair<const char*, const char*>> known = {
      {"--color", "NO_COLOR"},
      {"-e", "taken as it is given"},
      {"--escape", "newline"},
      {"-i", "rocmforge chat"},
      {"-cnv", "rocmforge chat"},
      {"-r", "--stop"},
      {"--mlock", "leave it out"},
      {"--chat-template-file", "--chat-template"},
      {"-tb", "--threads"},
      {"--lora", "merge"},
      {"--main-gpu", "--device hip:1"},
      {"--no-warmup", "leave it out"}};
  for (const auto& [option, part] : known) {
    EXPECT_TRUE(
        generate_told({"-p", "hi", option}, {std::string(option) + ": no such option: ", part}));
    EXPECT_TRUE(told({"chat", "--gguf", model(), option}, {option, part}));
  }
  EXPECT_TRUE(told({"chat", "--gguf", model(), "--grammar"}, {"--grammar", "generate takes it"}));
  for (const char* option : {"-p", "--prompt"}) {
    EXPECT_TRUE(told({"chat", "--gguf", model(), option, "hello"},
                     {std::string(option) + ": no such option: a conversation begins without",
                      "generate --chat -p TEXT", "--system"}));
  }
}

TEST_F(Mistake, ValuesThatAreMissing) {
  EXPECT_TRUE(generate_told({}, {"no prompt", "--prompt TEXT"}));
  EXPECT_TRUE(generate_told({"-p"}, {"-p", "value is missing"}));
  EXPECT_TRUE(generate_told({"hello"}, {"hello", "-p"}));
  EXPECT_TRUE(generate_told({"-p", "hello", "there"}, {"there", "in quotes"}));
  EXPECT_TRUE(generate_told({"-n", "-p", "hello"}, {"-n", "missing before -p"}));
  EXPECT_TRUE(told({"bench"}, {"--gguf PATH or --random"}));
  EXPECT_TRUE(told({"bench", "m.gguf"}, {"m.gguf", "--gguf"}));
  EXPECT_TRUE(told({"perplexity", "--gguf", model()}, {"--file is required"}));
  EXPECT_TRUE(told({"verify", "--gguf", model(), "--reference", "r.json"}, {"--golden"}));
}

TEST_F(Mistake, NumbersThatAreNone) {
  EXPECT_TRUE(generate_told({"-p", "hi", "--max-tokens", "abc"}, {"--max-tokens", "\"abc\""}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--max-tokens", ""}, {"--max-tokens", "\"\""}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-n", "3.5"}, {"3.5", "whole number"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-n", "0x10"}, {"0x10", "whole number"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-n", "99999999999999999999"}, {"too large"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--temp", "0,8"}, {"0,8", "not a number"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--temp", "warm"}, {"warm", "not a number"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--seed", "-2"}, {"--seed", "-2", "-1 for a random one"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "--seed", "18446744073709551616"}, {"--seed"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-t", "-1"}, {"--threads", "-1", "0 to 1024"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-c", "-1"}, {"--ctx", "-1"}));
  // Decimal, not octal.
  EXPECT_EQ(run(generate("hello", {"-n", "010", "--temp", "0"})).out,
            run(generate("hello", {"-n", "10", "--temp", "0"})).out);
}

TEST_F(Mistake, OptionsGivenTwice) {
  EXPECT_TRUE(generate_told({"-p", "hi", "--prompt", "ho"}, {"--prompt", "given 2 times"}));
  EXPECT_TRUE(generate_told({"-p", "hi", "-n", "3", "-n", "4"}, {"-n", "given 2 times"}));
}

TEST_F(Mistake, OtherFormsOfTheSame) {
  const std::string plain = run(generate("hello", {"-n", "6", "--temp", "0"})).out;
  const std::vector<std::vector<std::string>> same = {
      {"generate", "-m" + model(), "-phello", "-n6", "--temp=0"},
      {"generate", "--model=" + model(), "--prompt=hello", "--n-predict", "6", "--temperature",
       "0"},
      {"--host", "http://127.0.0.1:1", "generate", "--gguf", model(), "-p", "hello", "--max-tokens",
       "6", "--temp", "0"}};
  for (const auto& args : same) {
    const Outcome o = run_rocmforge(args);
    EXPECT_EQ(o.out, plain) << to_string(o);
  }
}

}  // namespace
}  // namespace rocmforge::test
