// Well-known formats of conversations: what each makes of the same one.
#include "cli/named_templates.h"

#include <gtest/gtest.h>

#include <string>

#include "cli/program.h"
#include "text/chat_template.h"

namespace rocmforge::test {
namespace {

text::Json message(const char* role, const char* content) {
  return text::Json::Object{{"role", role}, {"content", content}};
}

std::string rendered(std::string_view name, bool with_system) {
  const cli::FormatTemplate* format = cli::find_named_template(name);
  if (format == nullptr) return "no such template";
  text::Json::Array messages;
  if (with_system) messages.push_back(message("system", "Be brief."));
  messages.push_back(message("user", "Hello"));
  messages.push_back(message("assistant", "Hi there"));
  messages.push_back(message("user", "Who are you?"));
  text::ChatInput input;
  input.messages = std::move(messages);
  input.add_generation_prompt = true;
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  return text::ChatTemplate(format->source, std::string(name)).render(input);
}

struct Format {
  const char *name, *with_system, *without;
};
constexpr Format kFormats[] = {
    {"chatml",
     "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"
     "<|im_start|>assistant\nHi there<|im_end|>\n<|im_start|>user\nWho are you?<|im_end|>\n"
     "<|im_start|>assistant\n",
     "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi there<|im_end|>\n"
     "<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n"},
    {"llama2",
     "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHello [/INST] Hi there </s><s>[INST] Who are you? "
     "[/INST]",
     "[INST] Hello [/INST] Hi there </s><s>[INST] Who are you? [/INST]"},
    {"llama3",
     "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\nHi there<|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nWho are you?<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\n",
     "<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\nHi there<|eot_id|>"
     "<|start_header_id|>user<|end_header_id|>\n\nWho are you?<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\n"},
    {"mistral-v1", " [INST] Be brief.\n\nHello [/INST] Hi there</s> [INST] Who are you? [/INST]",
     " [INST] Hello [/INST] Hi there</s> [INST] Who are you? [/INST]"},
    {"mistral-v3", "[INST] Be brief.\n\nHello[/INST] Hi there</s>[INST] Who are you?[/INST]",
     "[INST] Hello[/INST] Hi there</s>[INST] Who are you?[/INST]"},
    {"mistral-v3-tekken", "[INST]Be brief.\n\nHello[/INST]Hi there</s>[INST]Who are you?[/INST]",
     "[INST]Hello[/INST]Hi there</s>[INST]Who are you?[/INST]"},
    {"mistral-v7",
     "[SYSTEM_PROMPT] Be brief.[/SYSTEM_PROMPT][INST] Hello[/INST] Hi there</s>[INST] Who are "
     "you?[/INST]",
     "[INST] Hello[/INST] Hi there</s>[INST] Who are you?[/INST]"},
    {"zephyr",
     "<|system|>\nBe brief.</s>\n<|user|>\nHello</s>\n<|assistant|>\nHi there</s>\n<|user|>\n"
     "Who are you?</s>\n<|assistant|>\n",
     "<|user|>\nHello</s>\n<|assistant|>\nHi there</s>\n<|user|>\nWho are you?</s>\n"
     "<|assistant|>\n"},
    {"vicuna", "Be brief.\n\nUSER: Hello\nASSISTANT: Hi there</s>\nUSER: Who are you?\nASSISTANT:",
     "USER: Hello\nASSISTANT: Hi there</s>\nUSER: Who are you?\nASSISTANT:"},
    {"phi3",
     "<|system|>\nBe brief.<|end|>\n<|user|>\nHello<|end|>\n<|assistant|>\nHi there<|end|>\n"
     "<|user|>\nWho are you?<|end|>\n<|assistant|>\n",
     "<|user|>\nHello<|end|>\n<|assistant|>\nHi there<|end|>\n<|user|>\nWho are you?<|end|>\n"
     "<|assistant|>\n"},
    {"phi4",
     "<|im_start|>system<|im_sep|>Be brief.<|im_end|><|im_start|>user<|im_sep|>Hello<|im_end|>"
     "<|im_start|>assistant<|im_sep|>Hi there<|im_end|><|im_start|>user<|im_sep|>Who are "
     "you?<|im_end|><|im_start|>assistant<|im_sep|>",
     "<|im_start|>user<|im_sep|>Hello<|im_end|><|im_start|>assistant<|im_sep|>Hi there<|im_end|>"
     "<|im_start|>user<|im_sep|>Who are you?<|im_end|><|im_start|>assistant<|im_sep|>"},
    {"gemma",
     "<start_of_turn>user\nBe brief.\n\nHello<end_of_turn>\n<start_of_turn>model\nHi "
     "there<end_of_turn>\n<start_of_turn>user\nWho are you?<end_of_turn>\n"
     "<start_of_turn>model\n",
     "<start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\nHi there<end_of_turn>\n"
     "<start_of_turn>user\nWho are you?<end_of_turn>\n<start_of_turn>model\n"},
    {"deepseek2",
     "Be brief.\n\nUser: Hello\n\nAssistant: Hi there</s>User: Who are you?\n\nAssistant:",
     "User: Hello\n\nAssistant: Hi there</s>User: Who are you?\n\nAssistant:"},
    {"deepseek3",
     "Be brief.\n\n<｜User｜>Hello<｜Assistant｜>Hi there</s><｜User｜>Who are you?<｜Assistant｜>",
     "<｜User｜>Hello<｜Assistant｜>Hi there</s><｜User｜>Who are you?<｜Assistant｜>"},
    {"chatglm3",
     "[gMASK]sop<|system|>\n Be brief.<|user|>\n Hello<|assistant|>\n Hi there<|user|>\n Who are "
     "you?<|assistant|>",
     "[gMASK]sop<|user|>\n Hello<|assistant|>\n Hi there<|user|>\n Who are you?<|assistant|>"},
    {"chatglm4",
     "[gMASK]<sop><|system|>\nBe brief.<|user|>\nHello<|assistant|>\nHi there<|user|>\nWho are "
     "you?<|assistant|>\n",
     "[gMASK]<sop><|user|>\nHello<|assistant|>\nHi there<|user|>\nWho are you?<|assistant|>\n"},
};

TEST(NamedTemplates, MakeTheirFormats) {
  EXPECT_EQ(cli::named_templates().size(), std::size(kFormats));
  for (const Format& format : kFormats) {
    EXPECT_EQ(rendered(format.name, true), format.with_system) << format.name;
    EXPECT_EQ(rendered(format.name, false), format.without) << format.name;
    EXPECT_NE(cli::named_template_names().find(format.name), std::string::npos);
  }
}

class NamedTemplate : public Cli {};

TEST_F(NamedTemplate, IsTakenByName) {
  // The same as the text by hand; the model has no template of its own.
  const Outcome named =
      run(generate("hello", {"--chat", "--chat-template", "vicuna", "-n", "20", "--temp", "0"}));
  EXPECT_TRUE(succeeded(named));
  const Outcome by_hand = run(generate("USER: hello\nASSISTANT:", {"-n", "20", "--temp", "0"}));
  EXPECT_EQ(named.out, by_hand.out);
  EXPECT_TRUE(failed(run(generate("hello", {"--chat", "--chat-template", "vicunha"})),
                     {"vicunha: there is no such file", "it has none",
                      "formats known here: chatml, llama2, llama3"}));
  EXPECT_TRUE(misused(run(generate("hello", {"--chat", "--chat-template", "{{ messages }}"})),
                      {"write it to a file"}));
}

}  // namespace
}  // namespace rocmforge::test
