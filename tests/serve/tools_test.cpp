// Tools in /v1/chat/completions.
#include <gtest/gtest.h>

#include <map>

#include "constrain/grammar.h"
#include "serve/api_fixture.h"
#include "serve/openai/chat_job.h"
#include "serve/openai/request_fields.h"
#include "text/json_text.h"

namespace rocmforge::test {
namespace {

constexpr const char* kChat = "/v1/chat/completions";
constexpr const char* kWeather =
    R"({"type":"function","function":{"name":"get_weather","description":"Of a city",)"
    R"("parameters":{"type":"object","required":["city"],"additionalProperties":false,)"
    R"("properties":{"city":{"enum":["Paris","Rome"]},"days":{"type":"integer","minimum":1,)"
    R"("maximum":9}}}}})";
constexpr const char* kTime =
    R"({"type":"function","function":{"name":"get_time","parameters":{"type":"object",)"
    R"("required":["zone"],"additionalProperties":false,"properties":{"zone":{"enum":["UTC"]}}}}})";
// Of the Hermes kind: tools in the system's message, calls between tags.
constexpr const char* kHermes =
    "{% if tools %}[tools]{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}"
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% if m.tool_calls %}"
    "{% for c in m.tool_calls %}<tool_call>{{ c.function.name }}:{{ c.function.arguments.city }}"
    "</tool_call>{% endfor %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}";

std::string tools(const std::string& more) {
  return std::string(R"({"messages":[{"role":"user","content":"hello"}],"tools":[)") + kWeather +
         "," + kTime + "]" + (more.empty() ? "" : ",") + more + "}";
}

struct Call {
  std::string id, name, arguments;
  bool operator==(const Call& other) const {  // each answer has ids of its own
    return name == other.name && arguments == other.arguments;
  }
};

class Tools : public Api {
 protected:
  void open(std::optional<std::string> chat_template = kApiTemplate) {
    ApiSetup setup;
    setup.model.n_ctx = setup.engine.n_ctx = 2048;
    setup.chat_template = std::move(chat_template);
    start(std::move(setup));
    serve::Router router;
    serve::add_openai(router, *context_);
    // What a model would say: the whole of it is forced.
    router.add({.method = "POST", .pattern = "/said", .handle = [this](const auto& call) {
                  answer_said(call);
                }});
    service_->open(std::move(router));
  }

  void close() {
    TearDown();
    context_.reset();
  }

  void answer_said(const std::shared_ptr<serve::Call>& call) {
    const serve::Body body(call->request().body);
    engine::Request request = tiny_->request("hello", 900);
    const std::string gbnf = "root ::= " + text::quote_json(body.at("say").text());
    request.grammar = context_->grammars().get(serve::GrammarCache::Notation::kGbnf, gbnf);
    const bool stream = body.at("stream").flag_or(false);
    serve::ChatJob::What what{.id = "x", .model = "tiny"};
    what.tools = text::read_tools(body.at("tools").json());
    what.format = format_->tool_format();
    what.parallel = body.at("parallel").flag_or(true);
    std::make_shared<serve::ChatJob>(*context_, call, std::vector<engine::Request>{request},
                                     serve::Job::Options{.stream = stream}, std::move(what))
        ->start();
  }

  static std::vector<Call> calls_of(const json::value& choice) {
    std::vector<Call> out;
    const auto* calls = choice.at("message").as_object().if_contains("tool_calls");
    if (calls == nullptr) return out;
    for (const json::value& call : calls->as_array()) {
      EXPECT_EQ(str(call.at("type")), "function");
      out.push_back({str(call.at("id")), str(call.at("function").at("name")),
                     str(call.at("function").at("arguments"))});
    }
    return out;
  }
  struct Streamed {
    std::vector<Call> calls;
    std::string content, reason;
  };
  Streamed gathered(const std::vector<json::value>& events) {
    Streamed out;
    for (const json::value& event : events) {
      const json::value& choice = event.at("choices").at(0);
      const json::object& delta = choice.at("delta").as_object();
      if (const auto* text = delta.if_contains("content")) out.content += str(*text);
      if (!choice.at("finish_reason").is_null()) out.reason = str(choice.at("finish_reason"));
      const auto* calls = delta.if_contains("tool_calls");
      if (calls == nullptr) continue;
      for (const json::value& call : calls->as_array()) {
        const auto index = static_cast<std::size_t>(call.at("index").as_int64());
        const json::value& function = call.at("function");
        if (call.as_object().contains("id")) {
          EXPECT_EQ(index, out.calls.size());
          EXPECT_EQ(str(call.at("type")), "function");
          out.calls.push_back({str(call.at("id")), str(function.at("name")), ""});
        }
        EXPECT_LT(index, out.calls.size());
        if (index < out.calls.size()) {
          out.calls[index].arguments += str(function.at("arguments"));
        }
      }
    }
    return out;
  }
  static void expect_fits(const Call& call) {
    EXPECT_FALSE(call.id.empty());
    const json::object arguments = json::parse(call.arguments).as_object();
    if (call.name == "get_weather") {
      const std::string city = str(arguments.at("city"));
      EXPECT_TRUE(city == "Paris" || city == "Rome") << city;
    } else {
      EXPECT_EQ(call.name, "get_time");
      EXPECT_EQ(str(arguments.at("zone")), "UTC");
    }
  }
  std::string param(const std::string& body) {
    const json::value error = refused(400, kChat, body);
    return error.at("param").is_null() ? std::string() : str(error.at("param"));
  }
};

TEST_F(Tools, ARequiredCallFitsItsSchemaWholeAndStreamed) {
  for (const char* source : {kApiTemplate, kHermes}) {
    open(source);
    std::size_t n_ended = 0;
    for (int seed = 0; seed < 6; ++seed) {
      const std::string more =
          R"("tool_choice":"required","max_tokens":1500,"seed":)" + std::to_string(seed);
      const json::value answer = post(kChat, tools(more));
      const json::value& choice = answer.at("choices").at(0);
      const std::vector<Call> calls = calls_of(choice);
      const Streamed streamed = gathered(stream(kChat, tools(more + R"(,"stream":true)")));
      EXPECT_EQ(streamed.reason, str(choice.at("finish_reason")));
      if (streamed.reason != "tool_calls") continue;  // it went on calling
      ++n_ended;
      EXPECT_TRUE(choice.at("message").at("content").is_null());
      EXPECT_EQ(streamed.content, "");
      EXPECT_FALSE(calls.empty());
      EXPECT_EQ(calls, streamed.calls);
      for (const Call& call : calls) expect_fits(call);
    }
    EXPECT_GT(n_ended, 3U);
    close();
  }
}

TEST_F(Tools, OneFunctionIsCalledOnce) {
  open();
  for (int seed = 0; seed < 4; ++seed) {
    const std::string more = R"(,"max_tokens":900,"seed":)" + std::to_string(seed);
    const json::value one = post(
        kChat, tools(R"("tool_choice":{"type":"function","function":{"name":"get_time"}})" + more));
    const std::vector<Call> calls = calls_of(one.at("choices").at(0));
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].name, "get_time");
    expect_fits(calls[0]);
    const json::value alone =
        post(kChat, tools(R"("tool_choice":"required","parallel_tool_calls":false)" + more));
    EXPECT_EQ(calls_of(alone.at("choices").at(0)).size(), 1U);
    EXPECT_EQ(str(alone.at("choices").at(0).at("finish_reason")), "tool_calls");
  }
}

TEST_F(Tools, WithoutAStyleAnAnswerIsACallOrWords) {
  open();
  for (int seed = 0; seed < 6; ++seed) {
    const std::string more = R"("max_tokens":200,"seed":)" + std::to_string(seed);
    const json::value answer = post(kChat, tools(more));
    const json::value& choice = answer.at("choices").at(0);
    const Streamed streamed = gathered(stream(kChat, tools(more + R"(,"stream":true)")));
    EXPECT_EQ(streamed.reason, str(choice.at("finish_reason")));
    if (streamed.reason == "length") continue;
    const std::vector<Call> calls = calls_of(choice);
    EXPECT_EQ(calls.empty(), streamed.reason == "stop");
    for (const Call& call : calls) expect_fits(call);
    if (calls.empty()) {
      EXPECT_EQ(streamed.content, str(choice.at("message").at("content")));
    }
  }
}

TEST_F(Tools, CallsInTheModelsOwnFormAreRead) {
  open(kHermes);
  const auto body = [](const std::string& say, const std::string& more) {
    return R"({"say":)" + text::quote_json(say) + R"(,"tools":[)" + kWeather + "]" + more + "}";
  };
  const std::string call =
      "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": "
      "\"Paris\"}}\n</tool_call>";
  const std::string stream_too = R"(,"stream":true)";
  {
    const std::string say = "Let me see.\n" + call + "\n" + call;
    const json::value whole = post("/said", body(say, ""));
    const json::value& choice = whole.at("choices").at(0);
    EXPECT_EQ(str(choice.at("message").at("content")), "Let me see.");
    EXPECT_EQ(str(choice.at("finish_reason")), "tool_calls");
    const Call expected{"", "get_weather", R"({"city": "Paris"})"};
    EXPECT_EQ(calls_of(choice), (std::vector<Call>{expected, expected}));
    const Streamed streamed = gathered(stream("/said", body(say, stream_too)));
    EXPECT_EQ(streamed.content, "Let me see.");
    EXPECT_EQ(streamed.reason, "tool_calls");
    EXPECT_EQ(streamed.calls, (std::vector<Call>{expected, expected}));
    EXPECT_NE(streamed.calls[0].id, streamed.calls[1].id);
    const std::string one = R"(,"parallel":false)";
    EXPECT_EQ(calls_of(post("/said", body(say, one)).at("choices").at(0)).size(), 1U);
    EXPECT_EQ(gathered(stream("/said", body(say, one + stream_too))).calls.size(), 1U);
  }
  {
    const std::string say = "<tool_call>{\"name\": \"fly\", \"arguments\": {}}</tool_call>";
    const json::value whole = post("/said", body(say, ""));
    const json::value& choice = whole.at("choices").at(0);
    EXPECT_EQ(str(choice.at("message").at("content")), say);
    EXPECT_EQ(str(choice.at("finish_reason")), "stop");
    EXPECT_FALSE(choice.at("message").as_object().contains("tool_calls"));
    const Streamed streamed = gathered(stream("/said", body(say, stream_too)));
    EXPECT_EQ(streamed.content, say);
    EXPECT_EQ(streamed.reason, "stop");
  }
}

TEST_F(Tools, HistoryAndToolsGetIntoThePrompt) {
  const std::string messages =
      R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,)"
      R"("tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather",)"
      R"("arguments":"{\"city\": \"Paris\"}"}}]},)"
      R"({"role":"tool","tool_call_id":"call_1","content":"Sunny"}])";
  const auto prompt = [&](const std::string& more) {
    return str(post("/apply-template", messages + more + "}").at("prompt"));
  };
  const std::string offers = std::string(R"(,"tools":[)") + kWeather + "]";
  open(kHermes);
  EXPECT_EQ(prompt(""),
            "[user]a[assistant]<tool_call>get_weather:Paris</tool_call>[tool]Sunny"
            "[assistant]");
  EXPECT_TRUE(prompt(offers).starts_with(R"([tools]{"type": "function", "function": {"name": )"));
  EXPECT_TRUE(prompt(offers + R"(,"tool_choice":"none")").starts_with("[user]a"));
  close();
  open();
  const std::string generic = prompt(offers);
  EXPECT_NE(generic.find("get_weather"), generic.npos);
  EXPECT_NE(generic.find("Sunny"), generic.npos);
  EXPECT_TRUE(generic.starts_with("[system]")) << generic;
}

TEST_F(Tools, AStrictFunctionIsHeldToItsSchemaWhateverTheTemplate) {
  open(kHermes);
  std::string strict = tools(R"("max_tokens":400)");
  const std::string name = R"("name":"get_time",)";
  strict.insert(strict.find(name), R"("strict":true,)");
  const json::value answer = post(kChat, strict);
  const json::value& choice = answer.at("choices").at(0);
  for (const Call& call : calls_of(choice)) expect_fits(call);
  strict.insert(strict.find(R"("enum":["UTC"])"), R"("not":{"const":"x"},)");
  EXPECT_EQ(param(strict), "tools[1].function.parameters");
}

TEST_F(Tools, WhatToolsMayNotBe) {
  open();
  const auto chat = [](const std::string& more) {
    return R"({"messages":[{"role":"user","content":"hello"}],"max_tokens":4,)" + more + "}";
  };
  const auto function = [](const std::string& inner) {
    return R"("tools":[{"type":"function","function":{)" + inner + "}}]";
  };
  EXPECT_EQ(param(chat(R"("tools":7)")), "tools");
  EXPECT_EQ(param(chat(R"("tools":[{"type":"magic"}])")), "tools[0].type");
  EXPECT_EQ(param(chat(R"("tools":[{"type":"function"}])")), "tools[0].function");
  EXPECT_EQ(param(chat(function(R"("name":"has space")"))), "tools[0].function.name");
  EXPECT_EQ(param(chat(function(R"("name":"a","parameters":[])"))), "tools[0].function.parameters");
  EXPECT_EQ(param(chat(function(R"("name":"a","parameters":{"type":"string"})"))),
            "tools[0].function.parameters.type");
  EXPECT_EQ(param(chat(function(
                R"("name":"a","parameters":{"type":"object","properties":{"b":{"type":"odd"}}})"))),
            "tools[0].function.parameters");
  EXPECT_EQ(param(chat(R"("tool_choice":"required")")), "tool_choice");
  EXPECT_EQ(param(tools(R"("tool_choice":"sometimes")")), "tool_choice");
  EXPECT_EQ(param(tools(R"("tool_choice":{"type":"function","function":{"name":"fly"}})")),
            "tool_choice.function.name");
  EXPECT_EQ(param(tools(R"("parallel_tool_calls":"yes")")), "parallel_tool_calls");
  EXPECT_EQ(param(tools(R"("response_format":{"type":"json_object"})")), "tools");
  std::string many = R"("tools":[)";
  for (int i = 0; i < 129; ++i) {
    many += (i == 0 ? "" : ",") + std::string(R"({"type":"function","function":{"name":"f)") +
            std::to_string(i) + R"("}})";
  }
  EXPECT_EQ(param(chat(many + "]")), "tools");
  EXPECT_EQ(param(R"({"messages":[{"role":"user","content":"a"},{"role":"assistant",)"
                  R"("tool_calls":[{"id":"1","function":{"name":"f","arguments":"[1]"}}]}]})"),
            "messages[1].tool_calls[0].function.arguments");
  post(kChat, chat(R"("tools":[],"tool_choice":"auto")"));
  post(kChat, tools(R"("tool_choice":"none","max_tokens":4)"));
  // What nobody said was strict is passed over where it cannot be held to.
  post(kChat, chat(function(R"("name":"a","parameters":{"type":"object","properties":{"b":)"
                            R"({"not":{"type":"string"}}}})") +
                   R"(,"tool_choice":"required")"));
}

}  // namespace
}  // namespace rocmforge::test
