// The answer of /v1/chat/completions.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "serve/openai/job.h"
#include "serve/openai/log_probs.h"
#include "text/tools/parser.h"

namespace rocmforge::serve {

// How the thinking is told.
enum class Reasoning : std::uint8_t {
  kApart,   // in reasoning_content
  kWithin,  // in the content, between its markers
};

class ChatJob final : public Job {
 public:
  struct What {
    std::string id, model;
    std::int64_t created = 0;
    Reasoning reasoning = Reasoning::kApart;
    // Calls of these are told apart from the content, which writes them so; none: no calls.
    std::vector<text::Tool> tools = {};
    text::ToolFormat format = {};
    bool parallel = true;  // false: calls after the first are not told
  };
  ChatJob(Context& context, std::shared_ptr<Call> call, std::vector<engine::Request> requests,
          Options options, What what);

 private:
  struct ToolCall {
    std::string id, name, arguments;
  };
  struct Choice {
    bool told_thinking = false, told_answer = false;
    CertainTokens tokens;
    std::string log_probs;  // not told yet
    std::string message;    // of an answer in one
    std::unique_ptr<text::ToolCallParser> parser = {};
    bool called = false;  // a call is complete
  };

  std::string opening() override;
  std::string piece(std::size_t choice, const engine::TokenPiece& piece) override;
  std::string ended(std::size_t choice, const engine::Completion& completion) override;
  std::string usage_event(const Usage& usage) override;
  std::string whole(const Usage& usage) override;

  bool has_log_probs() const { return request(0).sampling.n_logprobs >= 0; }
  // What is to be told of them as reasoning_content and as content.
  std::pair<std::string, std::string> told(std::size_t choice, std::string_view thinking,
                                           std::string_view answer);
  bool is_told(const text::ToolEvent& event) const { return what_.parallel || event.index == 0; }
  std::string tell(std::size_t choice, const std::vector<text::ToolEvent>& events);
  std::string whole_message(std::size_t choice, const engine::Completion& completion);
  std::string reason(const Choice& c, const engine::Completion& completion) const;
  void add_log_probs(Choice& c, const std::vector<engine::LogProbs>& tokens);
  std::string taken_log_probs(Choice& c) const;
  std::string delta(std::size_t choice, std::string_view name, std::string_view text);
  std::string call_delta(std::size_t choice, std::size_t index, std::string_view fields);
  std::string chunk(std::size_t choice, std::string_view delta, std::string_view log_probs,
                    std::string_view reason);
  std::string opening_of(std::string_view object) const;

  What what_;
  std::vector<Choice> choices_;
};

}  // namespace rocmforge::serve
