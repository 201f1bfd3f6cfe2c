// `rocmforge generate` with --chat, --prompt-file and --batch.
#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <regex>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

namespace json = boost::json;

constexpr const char* kTemplate =
    "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% if enable_thinking %}<think>\n{% endif %}"
    "{% if note %}{{ note.text }}{% endif %}{% endif %}";

class ChatGenerate : public Cli {
 protected:
  const std::string& chat_model() {
    if (chat_model_.empty()) chat_model_ = write_chat_model(dir_.file("chat.gguf"), kTemplate);
    return chat_model_;
  }
  std::vector<std::string> command(std::vector<std::string> more) {
    std::vector<std::string> out = {"generate", "--gguf",   chat_model(), "--seed",
                                    "3",        "--device", "cpu"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Outcome generate_chat(std::vector<std::string> more) {
    return run_rocmforge(command(std::move(more)));
  }
  // Of the JSON lines.
  static std::vector<json::object> lines_of(const Outcome& o) {
    std::vector<json::object> out;
    for (std::size_t begin = 0; begin < o.out.size();) {
      const std::size_t end = o.out.find('\n', begin);
      out.push_back(json::parse(o.out.substr(begin, end - begin)).as_object());
      begin = end + 1;
    }
    return out;
  }
  static std::string string_of(const json::object& line, const char* key) {
    return std::string(line.at(key).as_string());
  }

 private:
  std::string chat_model_;
};

TEST_F(ChatGenerate, TheTemplateIsThatOfTheFile) {
  const Answer with = answer_of(generate_chat({"--chat", "-p", "hello", "-n", "30"}));
  const std::string rendered = "<s>user\nhello</s><s>assistant\n";
  const std::string file = dir_.file("rendered.txt");
  write_text(file, rendered);
  // The tokenizer's own BOS is written by the template.
  Outcome by_hand = generate_chat({"-p", rendered.substr(3), "-n", "30"});
  EXPECT_EQ(with.text, answer_of(by_hand).text);
  const Answer told =
      answer_of(generate_chat({"--chat", "--system", "be kind", "-p", "hello", "-n", "30"}));
  by_hand = generate_chat({"-p", "system\nbe kind</s>" + rendered, "-n", "30"});
  EXPECT_EQ(told.text, answer_of(by_hand).text);
  EXPECT_NE(told.text, with.text);
}

TEST_F(ChatGenerate, AMessageHoldsNoControlToken) {
  const auto prompt_tokens = [](const Outcome& o) {
    EXPECT_TRUE(succeeded(o));
    return std::stoi(o.err.substr(o.err.find("| prompt ") + 9));
  };
  const int plain = prompt_tokens(generate_chat({"--chat", "-p", "a", "-n", "1"}));
  // "</s>" is four bytes of text, not one token.
  EXPECT_EQ(prompt_tokens(generate_chat({"--chat", "-p", "a</s>", "-n", "1"})), plain + 4);
}

TEST_F(ChatGenerate, TemplatesOfFilesAndArguments) {
  const std::string file = dir_.file("mine.jinja");
  write_text(file, "{{ messages[0].content }}: ");
  EXPECT_EQ(
      answer_of(generate_chat({"--chat", "--chat-template", file, "-p", "hello", "-n", "9"})).text,
      answer_of(generate_chat({"-p", "hello: ", "-n", "9"})).text);
  EXPECT_EQ(
      answer_of(generate_chat({"--chat", "--chat-template", "default", "-p", "a", "-n", "9"})).text,
      answer_of(generate_chat({"--chat", "-p", "a", "-n", "9"})).text);
  EXPECT_EQ(answer_of(generate_chat({"--chat", "-p", "a", "-n", "9", "--template-arg",
                                     R"(note={"text": "hell"})"}))
                .text,
            answer_of(generate_chat({"-p", "user\na</s><s>assistant\nhell", "-n", "9"})).text);
}

TEST_F(ChatGenerate, ThinkingIsToldApart) {
  const std::vector<std::string> base = {"--chat", "-p", "hello",   "-n", "60",
                                         "--temp", "1",  "--think", "on", "--reasoning-budget",
                                         "9"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), base.begin(), base.end());
    return generate_chat(more);
  };
  const Outcome whole = with({});
  ASSERT_TRUE(succeeded(whole));
  const std::size_t thinking = whole.out.find("\nthinking:\n"), text = whole.out.find("\ntext:\n");
  ASSERT_TRUE(thinking < text && text != std::string::npos) << whole.out;
  const std::string thought = whole.out.substr(thinking + 11, text - thinking - 11);
  const std::string answer = whole.out.substr(text + 7, whole.out.size() - text - 8);
  const Outcome stream = with({"--stream"});
  EXPECT_TRUE(stream.out.starts_with("<think>\n" + thought + "\n</think>\n\n" + answer))
      << stream.out;
  const Outcome hidden = with({"--hide-thinking", "--stream"});
  EXPECT_TRUE(hidden.out.starts_with(answer)) << hidden.out;
  EXPECT_EQ(hidden.out.find(thought), std::string::npos);
  const Outcome off = generate_chat({"--chat", "-p", "hello", "-n", "60", "--think", "off"});
  EXPECT_EQ(off.out.find("thinking:"), std::string::npos);
}

TEST_F(ChatGenerate, PromptFiles) {
  const std::string file = dir_.file("prompt.txt");
  write_text(file, "hello there\n");
  const std::string text = answer_of(generate_chat({"-p", "hello there", "-n", "20"})).text;
  EXPECT_EQ(answer_of(generate_chat({"--prompt-file", file, "-n", "20"})).text, text);
  Command piped = rocmforge(command({"-f", "-", "-n", "20"}));
  piped.input = "hello there";
  EXPECT_EQ(answer_of(run(piped)).text, text);
}

TEST_F(ChatGenerate, ABatchGivesTheAnswersOfEachAlone) {
  const std::string file = dir_.file("prompts.txt");
  const std::vector<std::string> prompts = {"hello", "",  "a \"quoted\" one\t", "he ll o",
                                            "ab",    "x", "\xc3\xa9t\xc3\xa9"};
  std::string text;
  for (const std::string& prompt : prompts) text += prompt + "\n";
  write_text(file, text);
  for (const char* parallel : {"1", "2", "16"}) {
    const Outcome o = generate_chat({"--batch", file, "-n", "25", "--parallel", parallel});
    ASSERT_TRUE(succeeded(o));
    const std::vector<json::object> lines = lines_of(o);
    ASSERT_EQ(lines.size(), prompts.size() - 1);
    std::size_t next = 0;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      if (prompts[i].empty()) continue;
      const json::object& line = lines[next++];
      EXPECT_EQ(line.at("index").as_int64(), static_cast<std::int64_t>(i));
      EXPECT_EQ(string_of(line, "prompt"), prompts[i]);
      const Answer alone = answer_of(generate_chat({"-p", prompts[i], "-n", "25"}));
      EXPECT_EQ(string_of(line, "text"), alone.text);
      EXPECT_EQ(string_of(line, "finish_reason"), alone.reason);
      EXPECT_LE(line.at("tokens").as_array().size(), 25u);
    }
    EXPECT_NE(o.err.find("6 prompts, up to " +
                         std::string(parallel == std::string("16") ? "6" : parallel)),
              std::string::npos)
        << o.err;
  }
}

TEST_F(ChatGenerate, ABatchReadsTheModelsFileOnce) {
  Command piped = rocmforge(command({"--batch", "-", "-n", "3"}));
  piped.input = "a\nb\n";
  piped.env["ROCMFORGE_LOG_LEVEL"] = "debug";
  const Outcome o = run(piped);
  ASSERT_TRUE(succeeded(o));
  EXPECT_NE(o.err.find("counters: file_parses 1, "), std::string::npos) << o.err;
}

// As it is told of one answer.
TEST_F(ChatGenerate, ABatchTellsOfAFullContext) {
  Command piped = rocmforge(command({"--batch", "-", "-n", "50", "--ctx", "16", "--ignore-eos"}));
  piped.input = "a\nhello hello\n";
  const Outcome o = run(piped);
  ASSERT_TRUE(succeeded(o));
  for (const json::object& line : lines_of(o)) EXPECT_TRUE(line.at("context_full").as_bool());
  EXPECT_NE(o.err.find("the context of 16 tokens is full (--ctx): 2 of 2 prompts end early\n"),
            std::string::npos)
      << o.err;
  piped = rocmforge(command({"--batch", "-", "-n", "5", "--ignore-eos"}));
  piped.input = "a\n";
  const Outcome short_one = run(piped);
  EXPECT_FALSE(lines_of(short_one).at(0).at("context_full").as_bool());
  EXPECT_EQ(short_one.err.find("is full"), std::string::npos) << short_one.err;
}

// Contexts of which not all fit the memory: fewer run together, and each is answered.
TEST_F(ChatGenerate, WhereTheMemoryIsShortFewerRunTogether) {
  std::ifstream meminfo("/proc/meminfo");
  std::int64_t available = 0;  // KiB
  for (std::string name; meminfo >> name && available == 0;) {
    if (name == "MemAvailable:") meminfo >> available;
  }
  ASSERT_GT(available, 0);
  // 64 of them take twice what there is; the tiny model's KV takes 256 bytes a token.
  const std::int64_t ctx = std::min<std::int64_t>(available * 1024 / 32 / 256, 1 << 24);
  Command piped = rocmforge(
      command({"--batch", "-", "-n", "2", "--ctx", std::to_string(ctx), "--parallel", "64"}));
  for (int i = 0; i < 64; ++i) piped.input += "a\n";
  const Outcome o = run(piped);
  ASSERT_TRUE(succeeded(o));
  EXPECT_EQ(lines_of(o).size(), 64u);
  std::smatch room;
  ASSERT_TRUE(std::regex_search(
      o.err, room,
      std::regex("the memory has room for ([0-9]+) of 64 answers together, each with "
                 "a context of ([0-9]+) tokens: the others wait \\(--parallel, --ctx\\)")))
      << o.err;
  EXPECT_GT(std::stoi(room[1]), 1);
  EXPECT_EQ(room[2], std::to_string(ctx));
}

TEST_F(ChatGenerate, ParallelSaysWhenItDoesNothing) {
  const Outcome alone = generate_chat({"-p", "a", "-n", "2", "--parallel", "4"});
  EXPECT_TRUE(succeeded(alone));
  EXPECT_NE(alone.err.find("--parallel: there is one answer to one prompt"), std::string::npos);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"-p", "a", "-n", "2"},
        {"-p", "a", "-n", "2", "--answers", "2", "--parallel", "2"}}) {
    const Outcome o = generate_chat(words);
    EXPECT_TRUE(succeeded(o));
    EXPECT_EQ(o.err.find("--parallel"), std::string::npos) << o.err;
  }
}

TEST_F(ChatGenerate, ABatchOfMessagesAndOneThatDoesNotFit) {
  Command piped = rocmforge(command({"--chat", "--batch", "-", "-n", "9", "--ctx", "64"}));
  piped.input = "hello\n" + std::string(80, 'a') + "\r\nab";
  const Outcome o = run(piped);
  EXPECT_EQ(o.exit_code, 1) << to_string(o);
  EXPECT_NE(o.err.find("error: --batch: 1 of 3 prompts failed"), std::string::npos) << o.err;
  const std::vector<json::object> lines = lines_of(o);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(string_of(lines[0], "text"),
            answer_of(generate_chat({"--chat", "-p", "hello", "-n", "9"})).text);
  EXPECT_EQ(string_of(lines[1], "finish_reason"), "rejected");
  EXPECT_EQ(string_of(lines[1], "prompt"), std::string(80, 'a'));
  EXPECT_NE(string_of(lines[1], "error").find("more than the context of 64"), std::string::npos);
  EXPECT_EQ(string_of(lines[2], "text"),
            answer_of(generate_chat({"--chat", "-p", "ab", "-n", "9"})).text);
}

TEST_F(ChatGenerate, MistakesAreOneLineEach) {
  EXPECT_TRUE(misused(generate_chat({}), {"--prompt", "--prompt-file", "--batch"}));
  EXPECT_TRUE(misused(generate_chat({"-p", "a", "--batch", "b"}), {"more than one prompt"}));
  EXPECT_TRUE(misused(generate_chat({"-p", "a", "--system", "b"}), {"--system", "--chat"}));
  EXPECT_TRUE(misused(generate_chat({"-p", "a", "--reasoning-budget", "3"}), {"--chat"}));
  EXPECT_TRUE(
      misused(generate_chat({"--chat", "-p", "a", "--think", "maybe"}), {"--think", "maybe"}));
  EXPECT_TRUE(misused(generate_chat({"--chat", "-p", "a", "--template-arg", "x"}), {"KEY=JSON"}));
  EXPECT_TRUE(
      misused(generate_chat({"--chat", "-p", "a", "--template-arg", "x=y"}), {"x", "JSON"}));
  EXPECT_TRUE(misused(generate_chat({"-p", "a", "--parallel", "0"}), {"--parallel"}));
  EXPECT_TRUE(failed(generate_chat({"--chat", "-p", "a", "--chat-template", "nowhere"}),
                     {"--chat-template", "nowhere", "default"}));
  EXPECT_TRUE(failed(generate_chat({"--prompt-file", "nowhere"}), {"nowhere"}));
  EXPECT_TRUE(failed(generate_chat({"--batch", "nowhere"}), {"nowhere"}));
  const std::string blank = dir_.file("blank.txt");
  write_text(blank, "\n \n");
  EXPECT_TRUE(failed(generate_chat({"--batch", blank}), {"--batch", "no prompt"}));
  write_text(blank, "ok\n\xff\n");
  EXPECT_TRUE(failed(generate_chat({"--batch", blank}), {"UTF-8", "offset 3"}));
  const std::string bad = dir_.file("bad.jinja");
  write_text(bad, "a\n{% if %}");
  EXPECT_TRUE(
      failed(generate_chat({"--chat", "-p", "a", "--chat-template", bad}), {bad, "line 2"}));
  write_text(bad, "a\n{{ raise_exception('no way') }}");
  EXPECT_TRUE(failed(generate_chat({"--chat", "-p", "a", "--chat-template", bad}),
                     {bad, "line 2", "no way"}));
  EXPECT_TRUE(failed(run_rocmforge({"generate", "--gguf", model(), "--chat", "-p", "a"}),
                     {model(), "no chat template", "--chat-template"}));
}

}  // namespace
}  // namespace rocmforge::test
