#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "support/data.h"
#include "text/json_text.h"
#include "text/tools/format.h"

namespace rocmforge::text {
namespace {

Json json(const std::string& text) {
  return read_json(text, "test");
}

// A question, two calls at once, their results, the answer, another question.
ChatInput conversation() {
  ChatInput input;
  input.messages = json(R"([
    {"role": "user", "content": "Oslo and Rome?"},
    {"role": "assistant", "content": null, "tool_calls": [
      {"id": "call_1", "type": "function",
       "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}},
      {"id": "call_2", "type": "function",
       "function": {"name": "weather", "arguments": "{\"city\": \"Rome\"}"}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "snow"},
    {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "sun"}]},
    {"role": "assistant", "content": "Cold, warm."},
    {"role": "user", "content": "And Bern?"}])");
  input.tools = json(R"([{"type": "function", "function": {"name": "weather",
    "description": "Tells the weather", "parameters": {"type": "object",
      "properties": {"city": {"type": "string"}}, "required": ["city"]}}}])");
  input.add_generation_prompt = true;
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  return input;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::string render(const std::string& source, ChatInput input) {
  const ChatTemplate chat(source, "test");
  prepare_tools(find_tool_format(chat), input);
  return chat.render(input);
}

std::string read_template(const std::string& name) {
  const std::string path = test::data_file("templates/" + name + ".jinja");
  if (path.empty()) return "";
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

struct Known {
  std::string name;
  ToolStyle style;
  std::vector<std::string> calls;  // how the first call, or both, stand in the prompt
};

// Real templates: what each makes of the conversation.
TEST(ToolPrompt, TemplatesInUse) {
  const std::string hermes =
      "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";
  const std::string generic =
      R"({"tool_calls": [{"name": "weather", "arguments": {"city": "Oslo"}}, {"name": "weather", "arguments": {"city": "Rome"}}]})";
  const std::string llama = R"({"name": "weather", "parameters": {"city": "Oslo"}})";
  const std::vector<Known> known = {
      {"GLM-4.6",
       ToolStyle::kGlmXml,
       {"<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>"}},
      {"GLM-4.7-Flash",
       ToolStyle::kGlmXml,
       {"<tool_call>weather<arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call>"}},
      {"HuggingFaceTB-SmolLM3-3B", ToolStyle::kGeneric, {generic}},
      {"Qwen-QwQ-32B", ToolStyle::kHermes, {hermes}},
      {"Qwen-Qwen2.5-7B-Instruct", ToolStyle::kHermes, {hermes}},
      {"Qwen-Qwen3-0.6B", ToolStyle::kHermes, {hermes}},
      {"Qwen3-Coder",
       ToolStyle::kQwenXml,
       {"<tool_call>\n<function=weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</"
        "tool_call>"}},
      {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", ToolStyle::kGeneric, {generic}},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", ToolStyle::kGeneric, {generic}},
      {"google-gemma-2-2b-it", ToolStyle::kGeneric, {generic}},
      {"meta-llama-Llama-3.1-8B-Instruct", ToolStyle::kLlama3, {llama}},
      {"meta-llama-Llama-3.2-3B-Instruct", ToolStyle::kLlama3, {llama}},
      {"microsoft-Phi-3.5-mini-instruct", ToolStyle::kGeneric, {generic}},
      {"mistralai-Mistral-Nemo-Instruct-2407",
       ToolStyle::kMistral,
       {R"([TOOL_CALLS][{"name": "weather", "arguments": {"city": "Oslo"}, "id": ")"}},
  };
  ROCMFORGE_NEED_DATA(test::data_file("templates/GLM-4.6.jinja"), "templates/GLM-4.6.jinja");
  for (const Known& k : known) {
    SCOPED_TRACE(k.name);
    const std::string source = read_template(k.name);
    ASSERT_FALSE(source.empty());
    EXPECT_EQ(find_tool_format(ChatTemplate(source, k.name)).style, k.style);
    std::string prompt;
    ASSERT_NO_THROW(prompt = render(source, conversation()));
    for (const std::string& call : k.calls) EXPECT_EQ(count(prompt, call), 1u) << prompt;
    EXPECT_EQ(count(prompt, "Oslo and Rome?"), 1u) << prompt;
    EXPECT_EQ(count(prompt, "And Bern?"), 1u) << prompt;
    EXPECT_EQ(count(prompt, "Tells the weather"), 1u) << prompt;
    EXPECT_EQ(count(prompt, "snow"), 1u) << prompt;
    EXPECT_EQ(count(prompt, "sun"), 1u) << prompt;
    EXPECT_LT(prompt.find("snow"), prompt.find("sun"));
    EXPECT_EQ(count(prompt, "None"), 0u) << prompt;
    if (k.style == ToolStyle::kLlama3) {  // one call at a time, its result behind it
      EXPECT_LT(prompt.find("snow"), prompt.find("\"parameters\": {\"city\": \"Rome\"}"));
    }
    // As jinja2 renders it: nothing is left of a question alone but what it was without tools.
    ChatInput plain = conversation();
    plain.tools = nullptr;
    plain.messages = json(R"([{"role": "user", "content": "Hi"}])");
    const std::string before = ChatTemplate(source, k.name).render(plain);
    EXPECT_EQ(render(source, plain), before);
  }
}

// GLM-4's way, in a template of our own: the tools in a message, results as observations.
TEST(ToolPrompt, GlmPlain) {
  const std::string source =
      "{% for item in messages %}{% if item['tools'] is defined %}[{{ item['tools'] | length }} "
      "tools]{% endif %}<|{{ item.role }}|>{{ item.metadata }}\n{{ item.content }}{% endfor %}"
      "{# <|observation|> #}";
  EXPECT_EQ(find_tool_format(source).style, ToolStyle::kGlmPlain);
  EXPECT_EQ(
      render(source, conversation()),
      "[1 tools]<|system|>\n<|user|>\nOslo and Rome?<|assistant|>weather\n{\"city\": \"Oslo\"}"
      "<|assistant|>weather\n{\"city\": \"Rome\"}<|observation|>\nsnow<|observation|>\nsun"
      "<|assistant|>\nCold, warm.<|user|>\nAnd Bern?");
}

// Without a system role the instructions are the user's; turns alternate all the same.
TEST(ToolPrompt, GenericKeepsTurns) {
  const std::string source =
      "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
      "{{ raise_exception('turns') }}{% endif %}({{ m.role }}){{ m.content }}{% endfor %}";
  const ChatTemplate chat(source, "test");
  EXPECT_FALSE(find_tool_format(chat).system_role);
  const std::string prompt = render(source, conversation());
  EXPECT_EQ(count(prompt, "(user)"), 3u) << prompt;
  EXPECT_EQ(count(prompt, "(assistant){\"tool_calls\""), 1u) << prompt;
  EXPECT_NE(prompt.find("snow"), std::string::npos);
}

TEST(ToolPrompt, NoToolsChangeNothing) {
  const std::string source =
      "{% for m in messages %}({{ m.role }}){{ m.content }}{{ 'x' if 'tool_calls' in m }}{% endfor "
      "%}";
  ChatInput input;
  input.messages = json(R"([{"role": "user", "content": "a"},
                            {"role": "assistant", "content": "b", "tool_calls": []}])");
  EXPECT_EQ(render(source, input), "(user)a(assistant)b");
}

TEST(ToolPrompt, BadCallsAreRefused) {
  const auto prepare = [](const std::string& calls) {
    ChatInput input;
    input.messages = json("[{\"role\": \"assistant\", \"tool_calls\": " + calls + "}]");
    prepare_tools(find_tool_format("{# tools <tool_call> #}"), input);
  };
  for (const std::string bad : {R"(3)", R"([3])", R"([{"function": {}}])",
                                R"([{"function": {"name": "a", "arguments": "{"}}])",
                                R"([{"function": {"name": "a", "arguments": 3}}])",
                                R"([{"function": {"name": "a", "arguments": "[1]"}}])"}) {
    try {
      prepare(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(std::string(e.what()).find("messages[0].tool_calls"), std::string::npos)
          << e.what();
    }
  }
  EXPECT_NO_THROW(
      prepare(R"([{"function": {"name": "a"}}, {"function": {"name": "a", "arguments": ""}}])"));
}

}  // namespace
}  // namespace rocmforge::text
