// The options on the choice of tokens.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

class SamplingOptionsTest : public Cli {
 protected:
  std::string text(const std::vector<std::string>& more) {
    std::vector<std::string> all = more;
    if (std::ranges::find(more, "-n") == more.end()) all.insert(all.end(), {"-n", "40"});
    if (std::ranges::find(more, "--seed") == more.end()) all.insert(all.end(), {"--seed", "5"});
    const Outcome o = run(generate("hello hello hello", all));
    EXPECT_EQ(o.exit_code, 0) << o.err;
    return o.out;
  }
};

TEST_F(SamplingOptionsTest, RangeErrorsNameTheParameterAndItsRange) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--temp", "-1", "--top-k", "0"}, "Invalid temperature: -1 must be non-negative"},
      {{"--top-k", "-2", "--top-p", "7"}, "Invalid top_k: must be greater than 0"},
      {{"--typical", "0"}, "Invalid --typical: 0 must be in range (0.0, 1.0]"},
      {{"--top-n-sigma", "inf"},
       "Invalid top_n_sigma: inf must be a finite number (0 or below: off)"},
      {{"--xtc-probability", "1.1"}, "Invalid xtc_probability: 1.1 must be in range [0.0, 1.0]"},
      {{"--xtc-threshold", "-0.1"}, "Invalid xtc_threshold: -0.1 must be in range [0.0, 1.0]"},
      {{"--repeat-last-n", "-2"},
       "Invalid repeat_last_n: -2 must be at least -1 (-1: all, 0: off)"},
      {{"--presence-penalty", "nan"}, "Invalid presence_penalty: nan must be a finite number"},
      {{"--frequency-penalty", "inf"}, "Invalid frequency_penalty: inf must be a finite number"},
      {{"--dynatemp-range", "-1"}, "Invalid dynatemp_range: -1 must be non-negative"},
      {{"--dynatemp-exp", "-1"}, "Invalid --dynatemp-exp: -1 must be non-negative"},
      {{"--dry-multiplier", "-1"}, "Invalid dry_multiplier: -1 must be non-negative"},
      {{"--dry-base", "-1"}, "Invalid dry_base: -1 must be non-negative (below 1: off)"},
      {{"--dry-allowed-length", "-1"}, "Invalid dry_allowed_length: -1 must be non-negative"},
      {{"--dry-penalty-last-n", "-7"},
       "Invalid dry_penalty_last_n: -7 must be at least -1 (-1: all, 0: off)"},
      {{"--dry-sequence-breaker", std::string(41, 'x')},
       "Invalid --dry-sequence-breaker: a text of 41 bytes exceeds maximum of 40"},
      {{"--mirostat", "3"}, "Invalid mirostat: 3 must be 0, 1 or 2"},
      {{"--mirostat-ent", "-5"}, "Invalid --mirostat-ent: -5 must be non-negative"},
      {{"--mirostat-lr", "-5"}, "Invalid --mirostat-lr: -5 must be non-negative"},
      {{"--logit-bias", "7"}, "Invalid logit_bias: \"7\" is not TOKEN_ID+BIAS or TOKEN_ID-BIAS"},
      {{"-l", "7+inf"}, "Invalid logit_bias: \"7+inf\": the bias must be finite, or -inf"},
      {{"--samplers", "top_k;heat"},
       "Invalid samplers: \"heat\" is not one of penalties, dry, top_n_sigma, top_k, typ_p, top_p, "
       "min_p, xtc, temperature"},
  };
  for (const auto& [more, text] : cases) {
    const Outcome o = run(generate("hello", more));
    EXPECT_TRUE(misused(o, {}));
    EXPECT_EQ(o.err, text + "\n");
  }
  EXPECT_TRUE(failed(run(generate("hello", {"-l", "99999999+1"})),
                     {"Invalid logit_bias", "token 99999999 must be in range [0, "}));
}

TEST_F(SamplingOptionsTest, EachChangesTheText) {
  const std::string usual = text({});
  EXPECT_EQ(usual, text({"--samplers", "top-k,nucleus,temp"})) << "the rest is off";
  const std::vector<std::vector<std::string>> changes = {
      {"--repeat-penalty", "3"},
      {"--presence-penalty", "5"},
      {"--frequency-penalty", "5"},
      {"--dry-multiplier", "9", "--dry-allowed-length", "0"},
      {"--typical", "0.2"},
      {"--top-n-sigma", "0.5"},
      {"--xtc-probability", "1", "--xtc-threshold", "0.01"},
      {"--dynatemp-range", "0.9"},
      {"--mirostat", "1", "--mirostat-ent", "2"},
      {"--mirostat", "2", "--mirostat-ent", "2"},
      {"--samplers", "temperature", "--temp", "1.5"},
      {"--min-p", "0.5"},
  };
  for (const auto& change : changes) {
    const std::string changed = text(change);
    EXPECT_NE(usual, changed) << change[0];
    std::vector<std::string> threads = change;
    threads.insert(threads.end(), {"-t", "1"});
    EXPECT_EQ(changed, text(threads)) << change[0] << ": whatever the threads";
  }
}

TEST_F(SamplingOptionsTest, ATemperatureThatIsLeftOutIsToldOf) {
  const std::string note = "--temp 0 does nothing: --samplers leaves out temperature\n";
  const auto told = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"-n", "2"});
    const Outcome o = run(generate("hello", words));
    EXPECT_TRUE(succeeded(o));
    const std::size_t at = o.err.find(note);
    EXPECT_TRUE(at == std::string::npos || o.err.find(note, at + 1) == std::string::npos) << o.err;
    return at != std::string::npos;
  };
  EXPECT_TRUE(told({"--temp", "0", "--samplers", "top_k;top_p"}));
  EXPECT_TRUE(told({"--temp", "0", "--samplers", ""}) == false) << "an empty list is the usual one";
  EXPECT_FALSE(told({"--temp", "0"}));
  EXPECT_FALSE(told({"--temp", "0.5", "--samplers", "top_k"}));
  EXPECT_FALSE(told({"--temp", "0", "--samplers", "top_k", "--mirostat", "2"}));
  Command chat = rocmforge({"chat", "--gguf", model(), "--chat-template", "vicuna", "-n", "2",
                            "--device", "cpu", "--temp", "0", "--samplers", "top_k"});
  chat.input = "/set top-k 5\nhello\n";
  const Outcome o = run(chat);
  EXPECT_TRUE(succeeded(o));
  ASSERT_NE(o.err.find(note), std::string::npos);
  EXPECT_EQ(o.err.find(note, o.err.find(note) + 1), std::string::npos) << o.err;
}

TEST_F(SamplingOptionsTest, ABiasForbidsATokenOrForcesIt) {
  const std::string always = text({"-l", "5+100000"});
  EXPECT_EQ(always, text({"-l", "5+100000", "--seed", "6", "--temp", "0"})) << "token 5 alone";
  EXPECT_NE(always, text({"-l", "5+100000", "-l", "5-inf"}));
}

// In a conversation 0 means all tokens; generate refuses it, as scripts of old expect.
TEST_F(SamplingOptionsTest, TopKOfZeroIsOffInAConversation) {
  const auto talk = [&](const std::string& lines, const std::vector<std::string>& more) {
    std::vector<std::string> args = {"chat",   "--gguf",   model(), "--chat-template",
                                     "vicuna", "--seed",   "5",     "-n",
                                     "30",     "--device", "cpu"};
    args.insert(args.end(), more.begin(), more.end());
    Command command = rocmforge(args);
    command.input = lines;
    const Outcome o = run(command);
    EXPECT_EQ(o.exit_code, 0) << o.err;
    return o.out;
  };
  const std::string off = talk("hello\n", {"--top-k", "0"});
  EXPECT_EQ(off, talk("hello\n", {"--samplers", "top_p;temperature"}));
  EXPECT_NE(off, talk("hello\n", {"--top-k", "3"}));
  EXPECT_EQ(off, talk("/set top-k 0\nhello\n", {"--top-k", "3"}));
  EXPECT_TRUE(misused(run_rocmforge({"chat", "--gguf", model(), "--top-k", "-1"}),
                      {"Invalid top_k: must be greater than 0"}));
  EXPECT_TRUE(misused(run(generate("hello", {"--top-k", "0"})), {"Invalid top_k"}));
}

// As llama.cpp: what the model's file says is never to be said has a bias of -inf.
TEST_F(SamplingOptionsTest, SuppressedTokensAreNeverChosen) {
  const std::string key = "tokenizer.ggml.suppress_tokens";
  std::vector<std::int32_t> ids = {-1, 290, 1 << 30};  // out of range: passed over
  std::vector<std::string> biases = {"-n", "40", "--seed", "5"};
  for (std::int32_t id = 3; id < 259; ++id) {
    ids.push_back(id);
    biases.insert(biases.end(), {"--logit-bias", std::to_string(id) + "-inf"});
  }
  const std::string path = dir_.file("suppressed.gguf");
  edited(tiny_model(), {}, [&](gguf::Writer& w) { w.add_i32s(key, ids); }).write(path);
  const auto said = [&](const std::string& gguf, std::vector<std::string> args) {
    args.insert(args.begin(), {"generate", "--gguf", gguf, "-p", "hello", "--device", "cpu"});
    const Outcome o = run_rocmforge(args);
    EXPECT_EQ(o.exit_code, 0) << o.err;
    return o.out;
  };
  const std::vector<std::string> plain = {"-n", "40", "--seed", "5"};
  EXPECT_EQ(said(path, plain), said(model(), biases));
  EXPECT_NE(said(path, plain), said(model(), plain));
  // Another type of value is named.
  const std::string wrong = dir_.file("wrong.gguf");
  edited(tiny_model(), {}, [&](gguf::Writer& w) { w.add_string(key, "x"); }).write(wrong);
  EXPECT_TRUE(failed(run_rocmforge({"generate", "--gguf", wrong, "-p", "hello"}), {wrong, key}));
}

TEST_F(SamplingOptionsTest, SeveralAnswersToOnePrompt) {
  const std::string one = text({});
  const std::string all = text({"--answers", "3"});
  EXPECT_TRUE(all.starts_with(one)) << "the first is the one that there is alone";
  EXPECT_NE(all.find("\nrequest_id: 1\n"), std::string::npos);
  const std::size_t third = all.find("\nrequest_id: 2\n");
  ASSERT_NE(third, std::string::npos);
  EXPECT_EQ(all, text({"--answers", "3", "--parallel", "2", "-t", "1"}));
  EXPECT_NE(all.substr(third + 15), one.substr(14));
  EXPECT_TRUE(misused(run(generate("hello", {"--answers", "2", "--stream"})), {"--answers"}));
  EXPECT_TRUE(failed(run(generate(std::string(900, 'a'), {"--answers", "2"})), {"the prompt"}));
}

TEST_F(SamplingOptionsTest, LogProbsFollowTheText) {
  const std::string plain = text({"--temp", "0", "-n", "6"});
  const std::string with = text({"--temp", "0", "-n", "6", "--logprobs", "2"});
  ASSERT_TRUE(with.starts_with(plain + "logprobs:\n")) << with;
  const std::string table = with.substr(plain.size() + 10);
  EXPECT_EQ(std::ranges::count(table, '\n'), 6);
  EXPECT_EQ(std::ranges::count(table, '['), 6);
  EXPECT_TRUE(std::regex_search(table, std::regex("^ +-[0-9.]+ +[0-9]+ \"")));
  EXPECT_TRUE(misused(run(generate("hello", {"--logprobs", "101"})), {"--logprobs", "100"}));
}

}  // namespace
}  // namespace rocmforge::test
