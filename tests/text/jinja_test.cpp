// Chat templates by themselves: what they are given, their errors, and templates that mean harm.
#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"
#include "text/chat_template.h"

namespace rocmforge::text {
namespace {

std::string render(const std::string& source, const ChatInput& input = {}) {
  return ChatTemplate(source, "t.jinja").render(input);
}

struct Failed {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

Failed failure(const std::string& source, const ChatInput& input = {}) {
  try {
    return {ErrorCode::kInternal, "no failure, but: " + render(source, input).substr(0, 100)};
  } catch (const Error& e) {
    return {e.code(), e.what()};
  }
}

Json message(const char* role, Json content) {
  return Json::Object{{"role", role}, {"content", std::move(content)}};
}

TEST(ChatTemplate, SeesItsInput) {
  ChatInput in;
  in.messages = Json::Array{message("user", "Hi"), message("assistant", nullptr)};
  in.tools = Json::Array{Json::Object{{"z", 1}, {"a", 2.0}}};
  in.add_generation_prompt = true;
  in.bos_token = "<s>";
  in.eos_token = "</s>";
  in.extra = {{"enable_thinking", false}, {"big", std::uint64_t{18446744073709551615u}}};
  EXPECT_EQ(
      render("{{ bos_token }}{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}"
             "{{ tools|tojson }}{{ add_generation_prompt }}{{ enable_thinking }}{{ big }}"
             "{{ documents }}{{ eos_token }}",
             in),
      "<s>[user:Hi][assistant:None][{\"z\": 1, \"a\": 2.0}]TrueFalse18446744073709551615None"
      "</s>");
}

TEST(ChatTemplate, AbsentToolsAreNone) {
  EXPECT_EQ(render("{{ tools is defined }} {{ tools is none }}"), "True True");
}

TEST(ChatTemplate, ExtraNamesWin) {
  ChatInput in;
  in.bos_token = "a";
  in.extra = {{"bos_token", "b"}};
  EXPECT_EQ(render("{{ bos_token }}", in), "b");
}

TEST(ChatTemplate, IllFormedInputIsReadWithReplacements) {
  ChatInput in;
  in.messages = Json::Array{message("user", std::string("a\xff\xe6\x9d"
                                                        "b"))};
  EXPECT_EQ(render("{{ messages[0].content }}|{{ messages[0].content|length }}", in),
            "a\ufffd\ufffdb|4");
}

TEST(ChatTemplate, TellsTheTimeItIsGiven) {
  ChatInput in;
  in.now.emplace();
  in.now->tm_year = 100;
  in.now->tm_mday = 29;
  in.now->tm_mon = 1;
  EXPECT_EQ(render("{{ strftime_now('%d %b %Y') }}", in), "29 Feb 2000");
  EXPECT_EQ(render("{{ strftime_now('%Y')|length }}"), "4");
}

TEST(ChatTemplate, RendersAgainTheSame) {
  const ChatTemplate t(
      "{% set ns = namespace(n=0) %}{% for x in 'ab' %}{% set ns.n = ns.n + 1 %}"
      "{% endfor %}{{ ns.n }}",
      "t");
  EXPECT_EQ(t.render({}), "2");
  EXPECT_EQ(t.render({}), "2");
}

TEST(ChatTemplate, SyntaxErrorsNameTemplateAndLine) {
  const struct {
    const char *source, *says;
  } cases[] = {
      {"a\nb\n{% if x %}\nc", "line 4: expected 'elif', found the end of the template"},
      {"a\n{{ x", "line 2: expected '}}', found the end of the template"},
      {"\n\n{{ 1 + }}", "line 3: expected an expression, found '}}'"},
      {"{# open", "line 1: Missing end of comment tag"},
      {"{% raw %}", "line 1: Missing end of raw directive"},
      {"{{ (1] }}", "line 1: unexpected ']', expected ')'"},
      {"{{ 'open }}", "line 1: unexpected char \"'\""},
      {"{% nosuch %}", "line 1: unknown tag 'nosuch'"},
      {"{% if a %}{% endfor %}", "unknown tag 'endfor'; the tag 'if' is open"},
      {"{% break %}", "'break' outside of a loop"},
      {"{% set 1 = 2 %}", "can't assign to an expression"},
      {"{{ 999999999999999999999999999999999999999999 }}", "an integer passes 128 bits"},
      {"{{ '\\N{DASH}' }}", "\\N{...}"},
      {"a\xff", "line 1: byte 1 is not UTF-8"},
  };
  for (const auto& c : cases) {
    const Failed failed = failure(c.source);
    EXPECT_EQ(failed.code, ErrorCode::kFormat) << c.source << ": " << failed.message;
    EXPECT_TRUE(failed.message.starts_with("[text] t.jinja: line ")) << failed.message;
    EXPECT_NE(failed.message.find(c.says), std::string::npos) << c.source << ": " << failed.message;
  }
}

TEST(ChatTemplate, RefusesOtherFilesByName) {
  for (const char* tag : {"include", "import", "extends", "from", "block"}) {
    const Failed failed = failure(std::string("\n{% ") + tag + " 'x' %}");
    EXPECT_EQ(failed.code, ErrorCode::kUnsupported);
    EXPECT_EQ(failed.message, std::string("[text] t.jinja: line 2: the tag '") + tag +
                                  "' is not supported in chat templates");
  }
}

TEST(ChatTemplate, FailuresNameTheLineAndSayTheTemplatesWords) {
  const struct {
    const char *source, *says;
  } cases[] = {
      {"a\n{{ raise_exception('Roles must alternate!') }}", "line 2: Roles must alternate!"},
      {"{% if true %}\n\n{{ x.y }}{% endif %}", "line 3: 'x' is undefined"},
      {"{{ messages[0]['a']['b'] }}", "line 1: list object has no element 0"},
      {"{% set d = {} %}\n{{ d.a.b }}", "line 2: 'dict object' has no attribute 'a'"},
      {"{{ [].append(1) }}", "access to attribute 'append' of 'list' object is unsafe."},
      {"{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe."},
      {"{{ 'a' + 1 }}", "can only concatenate str (not \"int\") to str"},
      {"\n{{ 1|nosuch }}", "line 2: No filter named 'nosuch'."},
      {"{% macro m() %}\n{{ 1 / 0 }}{% endmacro %}\n\n{{ m() }}", "line 2: division by zero"},
  };
  for (const auto& c : cases) {
    const Failed failed = failure(c.source);
    EXPECT_EQ(failed.code, ErrorCode::kInvalidArgument) << c.source;
    EXPECT_NE(failed.message.find(c.says), std::string::npos) << c.source << ": " << failed.message;
  }
}

TEST(ChatTemplate, LongMessagesAreCut) {
  EXPECT_LT(failure("{{ raise_exception('é' * 100000) }}").message.size(), 400u);
}

std::string repeated(const std::string& what, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += what;
  return out;
}

TEST(ChatTemplate, HostileTemplatesEndSoonWithAnError) {
  const std::string grow = "{% set ns = namespace(x=[1], s='ab') %}{% for i in range(100000) %}";
  const std::pair<std::string, const char*> cases[] = {
      {"{{ " + repeated("(", 100000), "nests deeper"},
      {"{{ " + repeated("[", 100000), "nests deeper"},
      {"{{ " + repeated("not ", 100000) + "1 }}", "nests deeper"},
      {"{{ " + repeated("-", 100000) + "1 }}", "nests deeper"},
      {"{{ 1" + repeated("+1", 100000) + " }}", "nests deeper"},
      {"{{ a" + repeated(".a", 100000) + " }}", "nests deeper"},
      {"{{ a" + repeated("|e", 100000) + " }}", "nests deeper"},
      {"{{ a" + repeated("[0", 100000), "nests deeper"},
      {"{{ 1" + repeated(" if 1 else 1", 100000) + " }}", "nests deeper"},
      {repeated("{% if 1 %}", 100000), "nests deeper"},
      {repeated("{% for a in b %}", 100000), "nests deeper"},
      {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion is deeper"},
      {"{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "recursion is deeper"},
      {"{{ range(10 ** 9) }}", "Range too big"},
      {"{{ 'x' * 1000000000 }}", "makes a text of more than"},
      {"{{ [0] * 1000000000 }}", "more than"},
      {"{{ 'a'.center(10 ** 12) }}", "makes a text of more than"},
      {"{{ '%999999999d' % 1 }}", "makes a text of more than"},
      {"{{ '{:>999999999}'.format(1) }}", "makes a text of more than"},
      {"{{ [1]|batch(10 ** 12, 0)|list }}", "takes more than"},
      {"{{ ('a' * 3000000).replace('', 'b' * 3000000) }}", "makes a text of more than"},
      {"{{ 'a'|indent(10 ** 12) }}", "makes a text of more than"},
      {"{{ [[1]]|tojson(indent=10 ** 12) }}", "makes a text of more than"},
      {"{{ 10 ** 100 }}", "passes 128 bits"},
      {grow + "{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "makes a text of more than"},
      {grow + "{% set ns.x = ns.x + ns.x %}{% endfor %}", "more than"},
      {grow + "{% set ns.x = [ns.x] %}{% endfor %}", "values nest deeper"},
      {grow + "{% set ns.x = cycler(ns.x) %}{% endfor %}", "values nest deeper"},
      {grow + "{% set ns.x = [ns.x, ns.x] %}{% if i == 60 %}{{ ns.x }}{% endif %}{% endfor %}",
       "more than"},
      {grow + "{% set ns.x = [ns.x, ns.x] %}{% if i == 60 %}{{ ns.x == ns.x[0] }}{{ ns.x|tojson }}"
              "{% endif %}{% endfor %}",
       "more than"},
      {grow + grow + "{{ i }}{% endfor %}{% endfor %}", "more than"},
      {grow + "{% macro m() %}{% endmacro %}{% set ns.x = [m] %}{% endfor %}" + grow +
           "{% for j in range(100000) %}{% set a = {'k': j} %}{% endfor %}{% endfor %}",
       "more than"},
  };
  for (const auto& [source, says] : cases) {
    const auto start = std::chrono::steady_clock::now();
    const Failed failed = failure(source);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    EXPECT_NE(failed.message.find(says), std::string::npos)
        << source.substr(0, 200) << ": " << failed.message;
    // Far above what they take, for machines under load.
    EXPECT_LT(took.count(), 30) << source.substr(0, 200);
  }
}

TEST(ChatTemplate, CyclesAreFreedWhetherItFailsOrNot) {
  const std::string cycles =
      "{% set ns = namespace() %}{% set ns.self = ns %}{% macro m() %}{{ ns }}{% endmacro %}"
      "{% set ns.m = m %}{% for x in [1] %}{% set ns.l = loop %}{{ loop.changed(loop) }}"
      "{% macro inner() %}{{ x }}{% endmacro %}{% set ns.i = inner %}{% endfor %}{{ ns.i() }}";
  EXPECT_EQ(render(cycles), "True1");
  EXPECT_EQ(failure(cycles + "{{ raise_exception('end') }}").code, ErrorCode::kInvalidArgument);
  EXPECT_NE(failure(cycles + "{{ ns }}").message.find("recursion"), std::string::npos);
}

TEST(ChatTemplate, LongConversationsStayWithinTheLimits) {
  ChatInput in;
  Json::Array messages;
  for (int i = 0; i < 2000; ++i) {
    messages.push_back(message(i % 2 == 0 ? "user" : "assistant", std::string(5000, 'x')));
  }
  in.messages = std::move(messages);
  const std::string out = render(
      "{% set ns = namespace(last=0) %}{% for m in messages[::-1] %}{% if m.role == 'user' and not "
      "m.content.startswith('<') %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}"
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('</think>')[-1].strip() }}"
      "{% endfor %}",
      in);
  EXPECT_EQ(out.size(), 2000u * 5000 + 1000 * (8 + 13));
}

}  // namespace
}  // namespace rocmforge::text
