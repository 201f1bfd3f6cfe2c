#include "engine/chat.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "engine/fixture.h"

namespace rocmforge::test {
namespace {

using engine::ChatFormat;
using engine::ChatOptions;
using engine::ChatSession;
using engine::Completion;
using engine::FinishReason;
using engine::Rejected;
using engine::Request;
using text::Json;

constexpr const char* kTemplate =
    "{% for m in messages %}{% if m.role == 'fail' %}{{ raise_exception('no such role') }}"
    "{% endif %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% if opened %}<think>\n{% endif %}{% endif %}";
// As it drops the thinking of old turns, and keeps that of the last.
constexpr const char* kThinkingTemplate =
    "{% for m in messages %}<s>{{ m.role }}\n{% if m.reasoning_content and loop.last %}<think>"
    "{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% if opened %}<think>\n{% endif %}{% endif %}";

struct ChatEngine {
  explicit ChatEngine(engine::EngineOptions options = {}, const TinyModel& shape = {},
                      const std::string& source = kTemplate, const std::string& key = "")
      : device(cpu::make_device({.n_threads = 2, .isa = cpu::best_isa()}, counters)) {
    options.path = dir.file("chat.gguf");
    const gguf::Writer model = edited(tiny_model(shape), {}, [&](gguf::Writer& w) {
      if (!source.empty()) w.add_string("tokenizer.chat_template" + key, source);
    });
    write_file(options.path, model.bytes());
    engine = std::make_unique<engine::Engine>(options, *device, counters);
  }
  ChatFormat format(ChatOptions options = {}) {
    return ChatFormat(engine->file(), engine->tokenizer(), std::move(options));
  }

  TempDir dir;
  Counters counters;
  std::unique_ptr<backend::Device> device;
  std::unique_ptr<engine::Engine> engine;
};

Request how(std::int32_t max_tokens = 12, std::uint64_t seed = 1) {
  return {.max_tokens = max_tokens,
          .sampling = {.temperature = 1, .top_k = 0, .top_p = 1, .seed = seed},
          .ignore_eos = true};
}

Completion said(engine::Result result) {
  return std::get<Completion>(std::move(result));
}

std::string string_of(const Json& message, const std::string& key) {
  for (const auto& [name, value] : std::get<Json::Object>(message.value)) {
    if (name == key) return std::get<std::string>(value.value);
  }
  return "(none)";
}

TEST(Chat, EveryAnswerIsThatOfAFreshRunAndOnlyWhatIsNewIsRun) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    ChatEngine chat({}, {.matrix = dtype}), other({}, {.matrix = dtype});
    const ChatFormat format = chat.format();
    ChatSession session(*chat.engine, format);
    session.set_system("be kind");
    for (int turn = 0; turn < 6; ++turn) {
      SCOPED_TRACE("turn " + std::to_string(turn));
      const std::uint64_t rows_before = chat.counters.read().rows;
      const Completion done = said(session.say("hello " + std::to_string(turn), how(), {}));
      Json::Array messages = session.messages();
      messages.pop_back();
      const Request fresh = format.request(messages, how());
      EXPECT_EQ(done.tokens, said(other.engine->generate(fresh, {})).tokens);
      EXPECT_EQ(done.timing.n_prompt, std::ssize(fresh.prompt));
      // Everything up to the last answer, at least, was there.
      messages.pop_back();
      if (turn > 0) messages.pop_back();
      const auto before = std::ssize(format.request(messages, how()).prompt);
      if (turn > 0) {
        EXPECT_GE(done.timing.n_kept, before - 1);
      }
      const std::uint64_t rows = chat.counters.read().rows - rows_before;
      EXPECT_EQ(rows, static_cast<std::uint64_t>(done.timing.n_prompt - done.timing.n_kept +
                                                 done.timing.n_generated - 1));
    }
  }
}

TEST(Chat, AnotherAnswerRunsOneTokenOfThePrompt) {
  ChatEngine chat;
  const ChatFormat format = chat.format();
  ChatSession session(*chat.engine, format);
  EXPECT_TRUE(session.empty());
  const Completion first = said(session.say("hello", how(), {}));
  const Completion same = said(session.say_again(how(), {}));
  EXPECT_EQ(same.text, first.text);
  EXPECT_EQ(same.timing.n_kept, same.timing.n_prompt - 1);
  const Completion other = said(session.say_again(how(12, 2), {}));
  EXPECT_NE(other.text, first.text);
  ASSERT_EQ(session.messages().size(), 2u);
  EXPECT_EQ(string_of(session.messages()[1], "content"), other.text);
}

TEST(Chat, ClearAndSystem) {
  ChatEngine chat;
  const ChatFormat format = chat.format();
  ChatSession session(*chat.engine, format);
  const Completion without = said(session.say("hello", how(), {}));
  session.set_system("be kind");
  ASSERT_EQ(session.messages().size(), 3u);
  EXPECT_EQ(string_of(session.messages()[0], "content"), "be kind");
  session.clear();
  EXPECT_TRUE(session.empty());
  ASSERT_EQ(session.messages().size(), 1u);
  const Completion with = said(session.say("hello", how(), {}));
  EXPECT_NE(with.timing.n_prompt, without.timing.n_prompt);
  session.set_system("be brief");
  EXPECT_EQ(string_of(session.messages()[0], "content"), "be brief");
  session.set_system("");
  session.clear();
  EXPECT_EQ(said(session.say("hello", how(), {})).tokens, without.tokens);
}

TEST(Chat, AFullContextRefusesTheTurnAndKeepsTheConversation) {
  ChatEngine chat({.n_ctx = 96});
  const ChatFormat format = chat.format();
  ChatSession session(*chat.engine, format);
  const Completion first = said(session.say("hello", how(20), {}));
  const engine::Result refused = session.say(std::string(60, 'a'), how(), {});
  ASSERT_TRUE(std::holds_alternative<Rejected>(refused));
  EXPECT_NE(std::get<Rejected>(refused).message.find("more than the context of 96"),
            std::string::npos);
  ASSERT_EQ(session.messages().size(), 2u);
  EXPECT_EQ(said(session.say_again(how(20), {})).tokens, first.tokens);
  // 0: to the end of the context.
  const Completion whole = said(session.say("he", how(0), {}));
  EXPECT_TRUE(whole.context_full);
  EXPECT_EQ(whole.timing.n_prompt + whole.timing.n_generated, 96 + 1);
  EXPECT_EQ(session.messages().size(), 4u);
}

TEST(Chat, CancelKeepsWhatThereIs) {
  ChatEngine chat;
  const ChatFormat format = chat.format();
  ChatSession session(*chat.engine, format);
  std::atomic<bool> cancel{false};
  const Completion half = said(
      session.say("hello", how(50), {.answer = [&](std::string_view) { cancel = true; }}, &cancel));
  EXPECT_EQ(half.reason, FinishReason::kCancelled);
  EXPECT_FALSE(half.text.empty());
  EXPECT_EQ(session.messages().size(), 2u);
  // Before the first text: as if nothing had been said.
  EXPECT_EQ(said(session.say("again", how(50), {}, &cancel)).reason, FinishReason::kCancelled);
  EXPECT_EQ(session.messages().size(), 2u);
  EXPECT_EQ(said(session.say_again(how(50), {}, &cancel)).reason, FinishReason::kCancelled);
  EXPECT_EQ(string_of(session.messages()[1], "content"), half.text);
  cancel = false;
  ChatEngine other;
  const Completion next = said(session.say("again", how(), {}, &cancel));
  Json::Array messages = session.messages();
  messages.pop_back();
  EXPECT_EQ(next.tokens, said(other.engine->generate(format.request(messages, how()), {})).tokens);
}

TEST(Chat, AFailingTemplateLeavesTheConversation) {
  ChatEngine chat({}, {},
                  "{% if messages|length > 2 %}{{ raise_exception('too many') }}{% endif %}x");
  const ChatFormat format = chat.format();
  ChatSession session(*chat.engine, format);
  said(session.say("hello", how(), {}));
  EXPECT_THROW(session.say("more", how(), {}), Error);
  ASSERT_EQ(session.messages().size(), 2u);
  EXPECT_FALSE(said(session.say_again(how(), {})).text.empty());
}

TEST(Chat, TemplatesAreFoundByName) {
  const auto names = [](ChatEngine& chat) {
    std::string out;
    for (const auto& t : engine::chat_templates(chat.engine->file())) out += t.name + " ";
    return out;
  };
  ChatEngine plain, none({}, {}, ""), named({}, {}, kTemplate, ".tool_use");
  EXPECT_EQ(names(plain), "default ");
  EXPECT_EQ(names(named), "tool_use ");
  EXPECT_EQ(names(none), "");
  EXPECT_NO_THROW(named.format());  // the only one there is
  try {
    none.format();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kUnsupported);
    EXPECT_NE(std::string(e.what()).find("chat template"), std::string::npos) << e.what();
  }
  ChatOptions options;
  options.chat_template.emplace("mine", "mine.jinja");
  EXPECT_NO_THROW(none.format(std::move(options)));
}

// ---- thinking

TEST(Chat, ABudgetEndsTheThinking) {
  ChatEngine chat({}, {}, kThinkingTemplate);
  const auto with_budget = [&](std::int32_t budget) {
    ChatOptions options{.arguments = {{"opened", true}}, .thinking_budget = budget};
    return chat.format(std::move(options));
  };
  const auto& tokenizer = chat.engine->tokenizer();
  const auto closing = tokenizer.encode("\n</think>\n\n", {.add_special = false});
  for (const std::int32_t budget : {0, 1, 7}) {
    SCOPED_TRACE(budget);
    const ChatFormat format = with_budget(budget);
    ChatSession session(*chat.engine, format);
    std::string thinking, answer;
    const Completion done =
        said(session.say("hello", how(60),
                         {.answer = [&](std::string_view t) { answer += t; },
                          .thinking = [&](std::string_view t) { thinking += t; }}));
    EXPECT_EQ(done.thinking, thinking);
    EXPECT_EQ(done.text, answer);
    EXPECT_EQ(done.tokens.size(), 60u);
    EXPECT_EQ(thinking.empty(), budget == 0);
    // Random weights: a character may be left incomplete for some tokens more.
    const auto at =
        std::search(done.tokens.begin(), done.tokens.end(), closing.begin(), closing.end());
    ASSERT_NE(at, done.tokens.end());
    EXPECT_GE(at - done.tokens.begin(), budget);
    EXPECT_LE(at - done.tokens.begin(), budget + 3);
    EXPECT_EQ(string_of(session.messages()[1], "reasoning_content"),
              budget == 0 ? "(none)" : thinking);
    EXPECT_EQ(string_of(session.messages()[1], "content"), answer);
  }
  const ChatFormat format = with_budget(-1);
  ChatSession session(*chat.engine, format);
  const Completion done = said(session.say("hello", how(60), {}));
  EXPECT_EQ(done.text, "");  // it thinks to the end
  EXPECT_FALSE(done.thinking.empty());
}

TEST(Chat, ForcedTokensAreTheSameRunningAhead) {
  std::vector<std::vector<text::TokenId>> answers;
  for (const bool ahead : {false, true}) {
    ChatEngine chat({.run_ahead = ahead}, {}, kThinkingTemplate);
    ChatOptions options{.arguments = {{"opened", true}}, .thinking_budget = 9};
    const ChatFormat format = chat.format(std::move(options));
    ChatSession session(*chat.engine, format);
    answers.push_back(said(session.say("hello", how(50), {})).tokens);
    answers.push_back(said(session.say("hello", how(50), {})).tokens);
  }
  EXPECT_EQ(answers[0], answers[2]);
  EXPECT_EQ(answers[1], answers[3]);
}

TEST(Chat, OldThinkingIsDroppedAsTheTemplateSays) {
  ChatEngine chat({}, {}, kThinkingTemplate);
  ChatOptions options{.arguments = {{"opened", true}}, .thinking_budget = 5};
  const ChatFormat format = chat.format(std::move(options));
  ChatSession session(*chat.engine, format);
  const Completion first = said(session.say("hello", how(30), {}));
  const Completion second = said(session.say("and", how(30), {}));
  // Kept: the first question and the head of its answer, but for the block that was opened there.
  const Json::Array question = {session.messages()[0]};
  const std::string rendered = "<s>user\nhello</s><s>assistant\n";
  const auto common =
      chat.engine->tokenizer().encode(rendered, {.add_special = false, .parse_special = true});
  EXPECT_GE(second.timing.n_kept, std::ssize(common) - 1);
  EXPECT_LT(second.timing.n_kept, first.timing.n_prompt + first.timing.n_generated - 1);
  ChatEngine other({}, {}, kThinkingTemplate);
  Json::Array messages = session.messages();
  messages.pop_back();
  EXPECT_EQ(second.tokens,
            said(other.engine->generate(format.request(messages, how(30)), {})).tokens);
}

TEST(Chat, AMarkerThatIsAControlTokenIsSeen) {
  ChatEngine chat({}, {}, "{{ messages[-1].content }}");
  // </s> shall close the thinking: it gives no text of its own.
  Request request = how(400, 3);
  request.prompt = chat.engine->tokenizer().encode("hello", {});
  request.sampling.temperature = 5;
  const auto tokens = said(chat.engine->generate(request, {})).tokens;
  ASSERT_NE(std::find(tokens.begin(), tokens.end(), 2), tokens.end()) << "the seed reaches </s>";
  request.thinking = {.markers = {"<s>", "</s>"}, .opened = true};
  const Completion done = said(chat.engine->generate(request, {}));
  EXPECT_EQ(done.tokens, tokens);
  EXPECT_FALSE(done.thinking.empty());
  EXPECT_FALSE(done.text.empty());
  EXPECT_EQ(done.thinking.find("</s>"), std::string::npos);
}

TEST(Chat, StopsAreLookedForInTheAnswerAlone) {
  ChatEngine chat({}, {}, kThinkingTemplate);
  ChatOptions options{.arguments = {{"opened", true}}, .thinking_budget = 20};
  const ChatFormat format = chat.format(std::move(options));
  ChatSession session(*chat.engine, format);
  Request request = how(80);
  const Completion whole = said(session.say("hello", request, {}));
  const std::size_t letter = whole.thinking.find_first_of("abcdefghijklmnopqrstuvwxyz");
  ASSERT_NE(letter, std::string::npos) << whole.thinking;
  request.stop = {whole.thinking.substr(letter, 1)};
  const Completion stopped = said(session.say_again(request, {}));
  EXPECT_EQ(stopped.thinking, whole.thinking);
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(request.stop[0])));
}

}  // namespace
}  // namespace rocmforge::test
