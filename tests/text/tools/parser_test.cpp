#include "text/tools/parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "text/json_text.h"

namespace rocmforge::text {
namespace {

using Delivery = ToolCallParser::Delivery;
using Kind = ToolEvent::Kind;

Json schema(const std::string& properties) {
  return read_json(R"({"type": "object", "properties": {)" + properties + "}}", "test");
}

std::vector<Tool> tools() {
  return {{"weather", "", schema(R"("city": {"type": "string"}, "days": {"type": "integer"},
                                    "exact": {"type": "boolean"}, "tags": {"type": "array"},
                                    "unit": {"type": ["string", "null"]}, "limit": {"type": "number"},
                                    "where": {"anyOf": [{"type": "object"}, {"type": "null"}]})")},
          {"weather_now", "", nullptr},
          {"add", "", schema(R"("a": {"type": "integer"}, "b": {"type": "integer"})")}};
}

// What came out, in a line: content as it is; a call as {name arguments}, or {name arguments! where
// it has no end.
struct Seen {
  std::string line;
  std::vector<std::pair<std::string, std::string>> calls;
  std::string content;
  bool open = false;

  void add(const std::vector<ToolEvent>& events) {
    for (const ToolEvent& event : events) {
      if (event.kind == Kind::kContent && open) end("!");
      switch (event.kind) {
        case Kind::kContent:
          line += event.text;
          content += event.text;
          break;
        case Kind::kBegin:
          if (open) end("!");
          EXPECT_EQ(event.index, calls.size());
          calls.emplace_back(event.text, "");
          line += "{" + event.text + " ";
          open = true;
          break;
        case Kind::kArguments:
          EXPECT_TRUE(open);
          EXPECT_FALSE(event.text.empty());
          EXPECT_EQ(event.index + 1, calls.size());
          calls.back().second += event.text;
          line += event.text;
          break;
        case Kind::kEnd:
          EXPECT_TRUE(open);
          EXPECT_EQ(event.index + 1, calls.size());
          EXPECT_TRUE(std::holds_alternative<Json::Object>(
              read_json(calls.back().second, "arguments").value));
          end("}");
      }
    }
  }
  void end(const char* mark) {
    line += mark;
    open = false;
  }
};

Seen parse(ToolStyle style, const std::vector<std::string>& pieces, Delivery delivery) {
  ToolCallParser parser({.style = style, .shown = {}}, tools(), delivery);
  Seen seen;
  for (const std::string& piece : pieces) seen.add(parser.push(piece));
  seen.add(parser.flush());
  if (seen.open) seen.end("!");
  EXPECT_EQ(parser.begun(), seen.calls.size());
  return seen;
}

std::vector<std::string> bytes(const std::string& text) {
  std::vector<std::string> out;
  for (const char c : text) out.emplace_back(1, c);
  return out;
}

// Whole, in every two pieces, and byte by byte.
std::string outcome(ToolStyle style, const std::string& text, Delivery delivery) {
  const std::string whole = parse(style, {text}, delivery).line;
  EXPECT_EQ(parse(style, bytes(text), delivery).line, whole) << text;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const std::vector<std::string> two = {text.substr(0, i), text.substr(i)};
    EXPECT_EQ(parse(style, two, delivery).line, whole) << text << " cut at " << i;
  }
  return whole;
}

struct Case {
  std::string text, whole;
  std::string streamed = "same";
};

void expect(ToolStyle style, const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(outcome(style, c.text, Delivery::kWhole), c.whole) << c.text;
    EXPECT_EQ(outcome(style, c.text, Delivery::kStreamed),
              c.streamed == "same" ? c.whole : c.streamed)
        << c.text;
  }
}

TEST(ToolCalls, Hermes) {
  expect(
      ToolStyle::kHermes,
      {
          {"Just words, a < b, <tool_x>, and spaces. \n ",
           "Just words, a < b, <tool_x>, and spaces. \n "},
          {"", ""},
          {" \n", " \n"},
          {"<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": "
           "\"Oslo\"}}\n</tool_call>",
           "{weather {\"city\": \"Oslo\"}}"},
          {"Let me "
           "see.\n\n<tool_call>{\"name\":\"add\",\"arguments\":{\"a\":1,\"b\":2}}</tool_call>\n",
           "Let me see.{add {\"a\":1,\"b\":2}}"},
          {"\n<tool_call>\n{\"name\": \"add\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n"
           "{\"name\": \"weather_now\", \"arguments\": {\"x\": [1, {\"y\": "
           "null}]}}\n</tool_call>\nDone.",
           "{add {}}{weather_now {\"x\": [1, {\"y\": null}]}}Done."},
          // Members in another order, further members, no arguments, arguments as a string.
          {"<tool_call>{\"arguments\": {\"a\": 1}, \"id\": 7.5e3, \"name\": \"add\"}</tool_call>",
           "{add {\"a\": 1}}"},
          {"<tool_call>{\"name\": \"add\"}</tool_call>", "{add {}}"},
          {"<tool_call>{\"name\": \"add\", \"arguments\": null}</tool_call>", "{add {}}"},
          {"<tool_call>{\"name\": \"add\", \"arguments\": \"{\\\"a\\\": 3}\"}</tool_call>",
           "{add {\"a\": 3}}"},
          // The closing tag in an argument, and escapes.
          {R"(<tool_call>{"name": "weather", "arguments": {"city": "</tool_call>\"}\u00e9"}}</tool_call>)",
           R"({weather {"city": "</tool_call>\"}\u00e9"}})"},
          // The model ended before it closed.
          {"<tool_call>{\"name\": \"add\", \"arguments\": {}}", "{add {}}"},
          {"<tool_call>{\"name\": \"add\", \"arguments\": {}}\n</tool_", "{add {}}"},
          // No calls.
          {"<tool_call>{\"name\": \"unknown\", \"arguments\": {}}</tool_call>",
           "<tool_call>{\"name\": \"unknown\", \"arguments\": {}}</tool_call>"},
          {" x <tool_call> no </tool_call> y", " x <tool_call> no </tool_call> y"},
          {"<tool_call>", "<tool_call>"},
          {"a <tool_c", "a <tool_c"},
          {"<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1",
           "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1", "{add {\"a\": 1!"},
          {"<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1,}}</tool_call> z",
           "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 1,}}</tool_call> z",
           "{add {\"a\": 1,!}}</tool_call> z"},
          {"<tool_call>{\"name\": \"add\", \"arguments\": [1]}</tool_call>",
           "<tool_call>{\"name\": \"add\", \"arguments\": [1]}</tool_call>"},
          {"<tool_call>{\"name\": \"add\", \"arguments\": {}} and</tool_call>",
           "<tool_call>{\"name\": \"add\", \"arguments\": {}} and</tool_call>",
           "{add {}!} and</tool_call>"},
          {"<tool_call>{\"name\": 3}</tool_call>", "<tool_call>{\"name\": 3}</tool_call>"},
          {"<tool_call>{\"arguments\": {}}</tool_call>",
           "<tool_call>{\"arguments\": {}}</tool_call>"},
          // A broken call hides no good one.
          {"<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": "
           "}\n</tool_call>\n<tool_call>{\"name\": "
           "\"add\", \"arguments\": {\"b\": 2}}</tool_call>",
           "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": }\n</tool_call>{add {\"b\": 2}}",
           "{add {\"a\": !}\n</tool_call>{add {\"b\": 2}}"},
      });
}

TEST(ToolCalls, Llama3) {
  expect(ToolStyle::kLlama3,
         {
             {"{\"name\": \"weather\", \"parameters\": {\"city\": \"Oslo\"}}",
              "{weather {\"city\": \"Oslo\"}}"},
             {"\n\n{\"type\": \"function\", \"name\": \"add\", \"parameters\": {\"a\": 1}}\n",
              "{add {\"a\": 1}}"},
             {"<|python_tag|>{\"name\": \"add\", \"parameters\": {}}", "{add {}}"},
             {"I look. <|python_tag|>{\"name\": \"add\", \"arguments\": {}}", "I look.{add {}}"},
             {"{\"name\": \"add\", \"parameters\": {}}; {\"name\": \"weather_now\", "
              "\"parameters\": {}};",
              "{add {}}{weather_now {}}"},
             {"{\"name\": \"add\", \"parameters\": {}}\n{\"name\": \"add\", \"parameters\": {}}",
              "{add {}}{add {}}"},
             {"{\"name\": \"add\", \"parameters\": {}}; it is", "{add {}}; it is"},
             // JSON that is an answer.
             {"{\"name\": \"Ada\", \"parameters\": {}}", "{\"name\": \"Ada\", \"parameters\": {}}"},
             {"{\"name\": \"add\"}", "{\"name\": \"add\"}"},
             {" {\"born\": 1815} ", " {\"born\": 1815} "},
             {"{\"name\": \"add\", \"born\": 1, \"parameters\": {}}",
              "{\"name\": \"add\", \"born\": 1, \"parameters\": {}}"},
             {"It is {\"name\": \"add\", \"parameters\": {}}",
              "It is {\"name\": \"add\", \"parameters\": {}}"},
             {"<|python_tag|>print(1)", "<|python_tag|>print(1)"},
             {"{", "{"},
             {";", ";"},
         });
}

TEST(ToolCalls, Mistral) {
  expect(ToolStyle::kMistral,
         {
             {"[TOOL_CALLS][{\"name\": \"add\", \"arguments\": {\"a\": 1}, \"id\": \"abcdefghi\"}, "
              "{\"name\": \"weather_now\", \"arguments\": {}}]",
              "{add {\"a\": 1}}{weather_now {}}"},
             {"[TOOL_CALLS] [{\"name\": \"add\", \"arguments\": {}}", "{add {}}"},
             {"[TOOL_CALLS][", "[TOOL_CALLS]["},
             {"see [TOOL_CALLS] {}", "see [TOOL_CALLS] {}"},
             {"[TOOL_CALLS][{\"name\": \"add\", \"arguments\": {}}, 3]", "{add {}}, 3]"},
             {"[1, 2] [TOOL", "[1, 2] [TOOL"},
         });
}

TEST(ToolCalls, QwenXml) {
  expect(
      ToolStyle::kQwenXml,
      {
          {"<tool_call>\n<function=weather>\n<parameter=city>\nOslo\n</"
           "parameter>\n<parameter=days>\n3\n"
           "</parameter>\n</function>\n</tool_call>",
           "{weather {\"city\": \"Oslo\", \"days\": 3}}"},
          {"First.\n<tool_call>\n<function=add>\n</function>\n</tool_call>\n<tool_call>\n<function="
           "add>\n<parameter=a>1</parameter></function></tool_call>",
           "First.{add {}}{add {\"a\": 1}}"},
          // Text of several lines, quotes, and a tag like those around it.
          {"<tool_call><function=weather><parameter=city>\n\"a\"\n\n\\ </parameter> "
           "<b>\n\n</parameter>\n"
           "</function></tool_call>",
           "{weather {\"city\": \"\\\"a\\\"\\n\\n\\\\ </parameter> <b>\\n\"}}"},
          {"<tool_call><function=weather><parameter=city></parameter></function></tool_call>",
           "{weather {\"city\": \"\"}}"},
          // Types.
          {"<tool_call><function=weather><parameter=city>12</parameter><parameter=exact>True</"
           "parameter>"
           "<parameter=tags>[\"a\", "
           "1]</parameter><parameter=unit>null</parameter><parameter=limit>2.50"
           "</parameter><parameter=where>{\"x\": {}}</parameter></function></tool_call>",
           "{weather {\"city\": \"12\", \"exact\": true, \"tags\": [\"a\", 1], \"unit\": null, "
           "\"limit\": "
           "2.50, \"where\": {\"x\": {}}}}"},
          {"<tool_call><function=weather><parameter=days>many</parameter><parameter=unit>\"C\""
           "</parameter><parameter=other>7</parameter><parameter=more>so</parameter></function>",
           "{weather {\"days\": \"many\", \"unit\": \"\\\"C\\\"\", \"other\": 7, \"more\": "
           "\"so\"}}"},
          // Without the outer tag.
          {"Hm <function=add><parameter=a>1</parameter></function> end", "Hm{add {\"a\": 1}}end"},
          {"<function=unknown><parameter=a>1</parameter></function>",
           "<function=unknown><parameter=a>1</parameter></function>"},
          {"<tool_call>\n<function=weather>\n<parameter=city>\nOs",
           "<tool_call>\n<function=weather>\n<parameter=city>\nOs", "{weather {\"city\": \"Os!"},
          {"<tool_call>\n<function=add>\nwhat</function></tool_call>",
           "<tool_call>\n<function=add>\nwhat</function></tool_call>",
           "{add !\nwhat</function></tool_call>"},
          {"<tool_call>\n<func", "<tool_call>\n<func"},
      });
}

TEST(ToolCalls, GlmXml) {
  expect(ToolStyle::kGlmXml,
         {
             {"\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Oslo\n</"
              "arg_value>\n<arg_key>days"
              "</arg_key>\n<arg_value>3</arg_value>\n</tool_call>",
              "{weather {\"city\": \"Oslo\\n\", \"days\": 3}}"},
             {"I "
              "ask.<tool_call>weather<arg_key>city</arg_key><arg_value>A</arg_value></"
              "tool_call><tool_call>"
              "add</tool_call>",
              "I ask.{weather {\"city\": \"A\"}}{add {}}"},
             {"<tool_call>unknown\n</tool_call>", "<tool_call>unknown\n</tool_call>"},
             {"<tool_call>add<arg_key>a</arg_key>1</tool_call>",
              "<tool_call>add<arg_key>a</arg_key>1</tool_call>",
              "{add !<arg_key>a</arg_key>1</tool_call>"},
         });
}

TEST(ToolCalls, GlmPlain) {
  expect(
      ToolStyle::kGlmPlain,
      {
          {"weather\n{\"city\": \"Oslo\"}", "{weather {\"city\": \"Oslo\"}}"},
          {"\nweather \n{\"city\": \"Oslo\"}\n<|assistant|>add\n{}",
           "{weather {\"city\": \"Oslo\"}}{add {}}"},
          {"I look.<|assistant|>weather_now\n{}", "I look.{weather_now {}}"},
          {"weather_now\n```python\ntool_call(city='It\\'s', n=-1.5, l=[1, 'a',], d={'k': None}, "
           "t=True)\n```",
           "{weather_now {\"city\": \"It's\", \"n\": -1.5, \"l\": [1, \"a\"], \"d\": {\"k\": "
           "null}, \"t\": true}}"},
          {"weather_now\n```python\ntool_call()", "{weather_now {}}"},
          {"weather_now\n```python\nimport os\n```", "weather_now\n```python\nimport os\n```"},
          {"weather" + std::string(64, ' ') + "\n{}", "{weather {}}"},
          {"weather" + std::string(65, ' ') + "\n{}", "weather" + std::string(65, ' ') + "\n{}"},
          {"add\n```" + std::string(61, 'w') + "\nadd(a=1)\n```", "{add {\"a\": 1}}"},
          {"add\n```" + std::string(62, 'w') + "\nadd(a=1)\n```",
           "add\n```" + std::string(62, 'w') + "\nadd(a=1)\n```"},
          {"weather\nis fine", "weather\nis fine"},
          {"weather is fine", "weather is fine"},
          {"weath", "weath"},
          {"The weather\n{}", "The weather\n{}"},
          {";weather\n{}", ";weather\n{}"},
          {"add\n{\"a\": x}", "add\n{\"a\": x}", "{add {\"a\": !x}"},
      });
}

TEST(ToolCalls, Generic) {
  expect(
      ToolStyle::kGeneric,
      {
          {R"({"content": "a \"b\"\n\u00e9\ud83d\ude00 \ud800x"})",
           "a \"b\"\n\u00e9\U0001F600 \ufffdx"},
          {R"( {"tool_calls": [{"name": "add", "arguments": {"a": 1}}, {"name": "add", "arguments": {}}]} )",
           "{add {\"a\": 1}}{add {}}"},
          {R"({"content": "So:", "tool_calls": [{"name": "add", "arguments": {}}]})",
           "So:{add {}}"},
          {R"({"tool_calls": []})", ""},
          {R"({"content": ""})", ""},
          {R"({"content": "cut o)", "cut o"},
          {R"({"content": "bad \x"} y)", "bad \\x\"} y"},
          {R"({"tool_calls": [{"name": "unknown", "arguments": {}}]})",
           R"({"tool_calls": [{"name": "unknown", "arguments": {}}]})"},
          {R"({"answer": 3})", R"({"answer": 3})"},
          {"Plain text. ", "Plain text. "},
          {R"({"content": "a"} and more)", "aand more"},
      });
}

TEST(ToolCalls, ArgumentsStream) {
  const std::vector<std::pair<ToolStyle, std::string>> texts = {
      {ToolStyle::kHermes,
       R"(<tool_call>{"name": "weather", "arguments": {"city": "Oslo and more"}}</tool_call>)"},
      {ToolStyle::kQwenXml,
       "<function=weather>\n<parameter=city>\nOslo and more\n</parameter>\n</function>"},
      {ToolStyle::kGlmPlain, "weather\n{\"city\": \"Oslo and more\"}"}};
  for (const auto& [style, text] : texts) {
    ToolCallParser parser({.style = style, .shown = {}}, tools(), Delivery::kStreamed);
    std::size_t parts = 0;
    for (const std::string& piece : bytes(text)) {
      for (const ToolEvent& event : parser.push(piece)) parts += event.kind == Kind::kArguments;
    }
    EXPECT_GT(parts, 10u) << text;
  }
}

const std::vector<ToolStyle> kStyles = {
    ToolStyle::kGeneric, ToolStyle::kLlama3,   ToolStyle::kHermes, ToolStyle::kQwenXml,
    ToolStyle::kGlmXml,  ToolStyle::kGlmPlain, ToolStyle::kMistral};

// Noise of the formats' own parts: nothing thrown, no cut matters, and a text without calls is
// whole.
RC_GTEST_PROP(ToolCalls, NoiseComesOutTheSameHoweverItIsCut, ()) {
  const std::vector<std::string> parts = {"<tool_call>",
                                          "</tool_call>",
                                          "<function=",
                                          "add",
                                          "weather",
                                          ">",
                                          "<parameter=",
                                          "city",
                                          "a",
                                          "</parameter>",
                                          "</function>",
                                          "<arg_key>",
                                          "</arg_key>",
                                          "<arg_value>",
                                          "</arg_value>",
                                          "{",
                                          "}",
                                          "\"name\"",
                                          "\"arguments\"",
                                          "\"parameters\"",
                                          ":",
                                          ",",
                                          "\"add\"",
                                          "\"",
                                          "\\",
                                          "[",
                                          "]",
                                          "\n",
                                          " ",
                                          "<|python_tag|>",
                                          "[TOOL_CALLS]",
                                          "{\"content\": \"",
                                          "{\"tool_calls\": [",
                                          ";",
                                          "<|assistant|>",
                                          "{\"name\": \"add\", \"arguments\": {",
                                          "1",
                                          "```python\n",
                                          "tool_call(a=1)",
                                          "\\u00e9",
                                          "\xc3\xa9"};
  std::string text;
  std::vector<std::string> pieces(1);
  const auto n = *rc::gen::inRange(0, 40);
  for (int i = 0; i < n; ++i) {
    const std::string& part = parts[*rc::gen::inRange<std::size_t>(0, parts.size())];
    for (const char c : part) {
      if (*rc::gen::inRange(0, 3) == 0) pieces.emplace_back();
      pieces.back() += c;
      text += c;
    }
  }
  for (const ToolStyle style : kStyles) {
    for (const Delivery delivery : {Delivery::kWhole, Delivery::kStreamed}) {
      const Seen cut = parse(style, pieces, delivery);
      RC_ASSERT(cut.line == parse(style, {text}, delivery).line);
      if (cut.calls.empty() && style != ToolStyle::kGeneric && style != ToolStyle::kLlama3) {
        RC_ASSERT(cut.content == text);
      }
    }
  }
}

// A long text, in pieces of one character, of what makes readers hold things back.
TEST(ToolCalls, LongTextsTakeLinearTime) {
  for (const std::string part :
       {"<tool_call>", "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": \"",
        "<function=weather><parameter=city>", " ", "</parameter> ", "[TOOL_CALLS][{", "<"}) {
    std::string text = "<tool_call><function=weather><parameter=city>";
    while (text.size() < 300'000) text += part;
    for (const ToolStyle style : kStyles) {
      const Seen seen = parse(style, bytes(text), Delivery::kStreamed);
      EXPECT_GT(seen.line.size(), 0u);
    }
  }
}

TEST(ToolCalls, ToolsAreRead) {
  const auto read = [](const std::string& json) { return read_tools(read_json(json, "test")); };
  const auto two = read(
      R"([{"type": "function", "function": {"name": "a", "description": "d", "parameters": {"type": "object"}}},
          {"type": "function", "function": {"name": "b-1.c"}}])");
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].description, "d");
  EXPECT_EQ(two[1].name, "b-1.c");
  EXPECT_TRUE(read("null").empty());
  for (const std::string bad :
       {"3", "[3]", R"([{"function": {}}])", R"([{"function": {"name": ""}}])",
        R"([{"function": {"name": "a b"}}])", R"([{"function": {"name": "a", "parameters": 3}}])",
        R"([{"function": {"name": "a"}}, {"function": {"name": "a"}}])"}) {
    EXPECT_THROW(read(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace rocmforge::text
