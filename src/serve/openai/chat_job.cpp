#include "serve/openai/chat_job.h"

#include <fmt/format.h>

#include "base/version.h"
#include "serve/json/write.h"
#include "serve/openai/request_fields.h"

namespace rocmforge::serve {
namespace {

using Event = text::ToolEvent;

std::string call_id() {
  return "call_" + new_id("").substr(1);
}

}  // namespace

ChatJob::ChatJob(Context& context, std::shared_ptr<Call> call,
                 std::vector<engine::Request> requests, Options options, What what)
    : Job(context, std::move(call), std::move(requests), options), what_(std::move(what)) {
  choices_.reserve(n_choices());
  for (std::size_t i = 0; i < n_choices(); ++i) {
    choices_.push_back({.tokens = CertainTokens(this->context().tokenizer(), request(i)),
                        .log_probs = {},
                        .message = {}});
  }
  using Delivery = text::ToolCallParser::Delivery;
  for (Choice& c : choices_) {
    if (what_.tools.empty()) break;
    c.parser = std::make_unique<text::ToolCallParser>(
        what_.format, what_.tools, options.stream ? Delivery::kStreamed : Delivery::kWhole);
  }
}

std::string ChatJob::opening() {
  std::string out;
  for (std::size_t i = 0; i < n_choices(); ++i) {
    out += chunk(i, R"("role":"assistant","content":"")", "null", "null");
  }
  return out;
}

std::string ChatJob::piece(std::size_t choice, const engine::TokenPiece& piece) {
  Choice& c = choices_[choice];
  if (has_log_probs()) add_log_probs(c, c.tokens.push(piece));
  if (!options().stream) return "";
  // The thinking comes first; calls are looked for in the answer alone.
  const bool reads = c.parser != nullptr;
  const auto [thinking, content] = told(choice, piece.thinking, reads ? "" : piece.answer);
  std::string out;
  if (!thinking.empty()) out += delta(choice, "reasoning_content", thinking);
  if (!content.empty()) out += delta(choice, "content", content);
  if (reads && !piece.answer.empty()) out += tell(choice, c.parser->push(piece.answer));
  return out;
}

void ChatJob::add_log_probs(Choice& c, const std::vector<engine::LogProbs>& tokens) {
  for (const engine::LogProbs& token : tokens) {
    c.log_probs.append(c.log_probs.empty() ? "" : ",");
    c.log_probs += chat_log_prob(token, context().tokenizer());
  }
}

std::string ChatJob::tell(std::size_t choice, const std::vector<Event>& events) {
  Choice& c = choices_[choice];
  std::string out;
  for (const Event& event : events) {
    if (event.kind == Event::Kind::kContent) {
      const std::string content = told(choice, "", event.text).second;
      if (!content.empty()) out += delta(choice, "content", content);
      continue;
    }
    if (!is_told(event)) continue;
    if (event.kind == Event::Kind::kEnd) {
      c.called = true;
    } else if (event.kind == Event::Kind::kBegin) {
      out += call_delta(
          choice, event.index,
          fmt::format(R"("id":"{}","type":"function","function":{{"name":{},"arguments":""}})",
                      call_id(), quoted(event.text)));
    } else {
      out += call_delta(choice, event.index,
                        fmt::format(R"("function":{{"arguments":{}}})", quoted(event.text)));
    }
  }
  return out;
}

std::string ChatJob::ended(std::size_t choice, const engine::Completion& completion) {
  Choice& c = choices_[choice];
  if (has_log_probs()) add_log_probs(c, c.tokens.end(!completion.stopped_by.empty()));
  if (!options().stream) {
    c.message = whole_message(choice, completion);
    return "";
  }
  std::string out;
  if (c.parser != nullptr) out = tell(choice, c.parser->flush());
  return out + chunk(choice, "", taken_log_probs(c), reason(c, completion));
}

std::string ChatJob::whole_message(std::size_t choice, const engine::Completion& completion) {
  Choice& c = choices_[choice];
  std::string said;
  std::vector<ToolCall> calls;
  if (c.parser == nullptr) {
    said = completion.text;
  } else {
    std::vector<Event> events = c.parser->push(completion.text);
    for (Event& event : c.parser->flush()) events.push_back(std::move(event));
    for (Event& event : events) {
      if (event.kind == Event::Kind::kContent) said += event.text;
      if (event.kind == Event::Kind::kContent || !is_told(event)) continue;
      if (event.kind == Event::Kind::kBegin) {
        calls.push_back({.id = call_id(), .name = std::move(event.text), .arguments = {}});
      }
      if (event.kind == Event::Kind::kArguments) calls.back().arguments += event.text;
    }
    c.called = !calls.empty();
  }
  const auto [thinking, content] = told(choice, completion.thinking, said);
  std::string out = fmt::format(R"({{"index":{},"message":{{"role":"assistant","content":{})",
                                choice, content.empty() && c.called ? "null" : quoted(content));
  if (!thinking.empty()) out += R"(,"reasoning_content":)" + quoted(thinking);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    out.append(i == 0 ? R"(,"tool_calls":[)" : ",");
    out += fmt::format(R"({{"id":"{}","type":"function","function":{{"name":{},"arguments":{}}}}})",
                       calls[i].id, quoted(calls[i].name), quoted(calls[i].arguments));
  }
  if (!calls.empty()) out += "]";
  return out + R"(,"refusal":null},"logprobs":)" + taken_log_probs(c) + R"(,"finish_reason":)" +
         reason(c, completion) + "}";
}

std::string ChatJob::reason(const Choice& c, const engine::Completion& completion) const {
  if (completion.reason == engine::FinishReason::kLength) return R"("length")";
  return c.called ? R"("tool_calls")" : R"("stop")";
}

std::string ChatJob::usage_event(const Usage& usage) {
  return event(opening_of("chat.completion.chunk") + R"("choices":[],"usage":)" + to_json(usage) +
               "}");
}

std::string ChatJob::whole(const Usage& usage) {
  std::string out = opening_of("chat.completion") + R"("choices":[)";
  std::size_t n_bytes = out.size();
  for (const Choice& c : choices_) n_bytes += c.message.size() + 1;
  out.reserve(n_bytes + 512);
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    out.append(i == 0 ? "" : ",").append(choices_[i].message);
    std::string().swap(choices_[i].message);
  }
  return out + R"(],"usage":)" + to_json(usage) + "}";
}

std::pair<std::string, std::string> ChatJob::told(std::size_t choice, std::string_view thinking,
                                                  std::string_view answer) {
  if (what_.reasoning == Reasoning::kApart || !request(choice).thinking) {
    return {std::string(thinking), std::string(answer)};
  }
  Choice& c = choices_[choice];
  const engine::Thinking& how = *request(choice).thinking;
  std::string out;
  if (!thinking.empty()) {
    if (!std::exchange(c.told_thinking, true) && !how.opened) out = how.markers.open + "\n";
    out += thinking;
  }
  if (!answer.empty()) {
    if (!std::exchange(c.told_answer, true) && c.told_thinking) {
      out += "\n" + how.markers.close + "\n\n";
    }
    out += answer;
  }
  return {"", out};
}

std::string ChatJob::taken_log_probs(Choice& c) const {
  if (!has_log_probs()) return "null";
  return R"({"content":[)" + std::exchange(c.log_probs, {}) + R"(],"refusal":null})";
}

std::string ChatJob::delta(std::size_t choice, std::string_view name, std::string_view text) {
  std::string fields = fmt::format(R"("{}":)", name);
  append_quoted(fields, text);
  Choice& c = choices_[choice];
  return chunk(choice, fields, c.log_probs.empty() ? "null" : taken_log_probs(c), "null");
}

std::string ChatJob::call_delta(std::size_t choice, std::size_t index, std::string_view fields) {
  Choice& c = choices_[choice];
  return chunk(choice, fmt::format(R"("tool_calls":[{{"index":{},{}}}])", index, fields),
               c.log_probs.empty() ? "null" : taken_log_probs(c), "null");
}

std::string ChatJob::chunk(std::size_t choice, std::string_view delta, std::string_view log_probs,
                           std::string_view reason) {
  return event(fmt::format(
      R"({}"choices":[{{"index":{},"delta":{{{}}},"logprobs":{},"finish_reason":{}}}]{}}})",
      opening_of("chat.completion.chunk"), choice, delta, log_probs, reason,
      options().include_usage ? R"(,"usage":null)" : ""));
}

std::string ChatJob::opening_of(std::string_view object) const {
  return fmt::format(
      R"({{"id":"{}","object":"{}","created":{},"model":{},"system_fingerprint":"rocmforge-{}",)",
      what_.id, object, what_.created, quoted(what_.model), version());
}

}  // namespace rocmforge::serve
