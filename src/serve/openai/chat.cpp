// /v1/chat/completions.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "serve/openai/chat_job.h"
#include "serve/openai/chat_messages.h"
#include "serve/openai/request_fields.h"
#include "serve/openai/routes.h"
#include "serve/openai/tool_use.h"

namespace rocmforge::serve {
namespace {

Reasoning read_reasoning(const Field& field, bool apart) {
  if (!field) return apart ? Reasoning::kApart : Reasoning::kWithin;
  const std::string_view name = field.text();
  if (name == "none") return Reasoning::kWithin;
  if (name == "auto" || name == "deepseek" || name == "deepseek-legacy") return Reasoning::kApart;
  field.bad(fmt::format("\"{}\" is neither none nor auto", name));
}

std::int32_t read_log_probs(const Field& body) {
  const bool wanted = body.at("logprobs").flag_or(false);
  const Field top = body.at("top_logprobs");
  if (top && !wanted) top.bad("goes with logprobs: true");
  if (!wanted) return -1;
  return static_cast<std::int32_t>(top.integer_or(0, 0, kMostTopLogProbs));
}

void hold_to_calls(engine::Request& request, const ToolUse& tools, const Field& body,
                   const text::Tokenizer& tokenizer) {
  if (tools.tools.empty()) return;
  if (request.grammar != nullptr) {
    body.at("tools").bad("goes with no other form of the answer, unless tool_choice is none");
  }
  request.grammar = tools.grammar;
  for (const std::string& text : tools.answer_format.shown) {
    const text::TokenId token = tokenizer.find_token(text);
    if (token != text::kNoToken) request.shown.push_back(token);
  }
}

void answer_chat(Context& context, const std::shared_ptr<Call>& call) {
  const Body parsed(call->request().body);
  const Field body = parsed.root();
  const engine::ChatFormat& format = context.chat();
  refuse_unsupported(body, {"functions", "function_call", "audio"});
  const StreamFields stream = read_stream(body);
  engine::Request rest = read_request(body, context, 0);
  rest.sampling.n_logprobs = read_log_probs(body);
  ToolUse tools = read_tool_use(body, context, format);
  hold_to_calls(rest, tools, body, context.tokenizer());
  engine::Conversation conversation = read_conversation(body, context, tools);
  check_lengths(conversation, context);
  const engine::Request request = format.request(std::move(conversation), std::move(rest));
  const std::int64_t n = body.at("n").integer_or(1, 1, kMostAnswers);
  context.check_runs(request);
  const bool log_probs = request.sampling.n_logprobs >= 0;
  if (log_probs && !stream.stream) {
    const std::int32_t n_ctx = context.engine().runner().n_ctx();
    check_log_probs(body.at("logprobs"), n * std::min(request.max_tokens, n_ctx),
                    request.sampling.n_logprobs);
  }
  const Job::Options options{.stream = stream.stream,
                             .include_usage = stream.include_usage,
                             .pieces = log_probs,
                             .n_each = static_cast<std::size_t>(n)};
  ChatJob::What what{
      .id = new_id("chatcmpl"),
      .model = answering_model(body, context),
      .created = seconds_now(),
      .reasoning = read_reasoning(body.at("reasoning_format"), context.options().reasoning_apart),
      .tools = std::move(tools.tools),
      .format = std::move(tools.answer_format),
      .parallel = tools.parallel};
  std::make_shared<ChatJob>(context, call, std::vector<engine::Request>{request}, options,
                            std::move(what))
      ->start();
}

}  // namespace

void add_chat_completions(Router& router, Context& context) {
  for (const char* path : {"/v1/chat/completions", "/chat/completions"}) {
    router.add({.method = "POST", .pattern = path, .handle = [&context](const auto& call) {
                  answer_chat(context, call);
                }});
  }
}

}  // namespace rocmforge::serve
