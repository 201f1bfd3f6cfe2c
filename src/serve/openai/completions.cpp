// /v1/completions.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/version.h"
#include "serve/json/write.h"
#include "serve/openai/job.h"
#include "serve/openai/log_probs.h"
#include "serve/openai/prompts.h"
#include "serve/openai/request_fields.h"
#include "serve/openai/routes.h"

namespace rocmforge::serve {
namespace {

constexpr std::int32_t kUsualTokens = 16;  // OpenAI's

class CompletionJob final : public Job {
 public:
  struct What {
    std::string model;
    std::vector<Prompt> prompts;
    bool echo = false;
    bool reads_prompt = false;  // its likelihood is asked for
  };
  CompletionJob(Context& context, std::shared_ptr<Call> call, std::vector<engine::Request> requests,
                Options options, What what)
      : Job(context, std::move(call), std::move(requests), options),
        id_(new_id("cmpl")),
        created_(seconds_now()),
        what_(std::move(what)) {
    choices_.reserve(n_choices());
    for (std::size_t i = 0; i < n_choices(); ++i) {
      choices_.push_back({.tokens = CertainTokens(this->context().tokenizer(), request(i)),
                          .log_probs = CompletionLogProbs(n_characters(echoed(i))),
                          .text = {}});
    }
  }

 private:
  struct Choice {
    CertainTokens tokens;
    CompletionLogProbs log_probs;
    bool echo_told = false;
    std::string text;  // of an answer in one
  };

  std::string piece(std::size_t choice, const engine::TokenPiece& piece) override {
    Choice& c = choices_[choice];
    if (has_log_probs()) add(c, c.tokens.push(piece));
    if (!options().stream || piece.answer.empty()) return "";
    if (what_.reads_prompt) {  // its likelihood is known at the end, and told first
      c.text += piece.answer;
      return "";
    }
    return told_echo(choice) +
           chunk(choice, piece.answer, c.log_probs.empty() ? "null" : c.log_probs.take(), "null");
  }

  std::string ended(std::size_t choice, const engine::Completion& completion) override {
    Choice& c = choices_[choice];
    const char* reason =
        completion.reason == engine::FinishReason::kLength ? R"("length")" : R"("stop")";
    if (has_log_probs()) {
      add(c, c.tokens.end(!completion.stopped_by.empty()));
      if (what_.reads_prompt) add_prompt(choice, completion);
    }
    const std::string log_probs = has_log_probs() ? c.log_probs.take() : "null";
    if (!options().stream) {
      c.text =
          choice_text(choice, std::string(echoed(choice)) + completion.text, log_probs, reason);
      return "";
    }
    if (!what_.reads_prompt) return told_echo(choice) + chunk(choice, "", log_probs, reason);
    return chunk(choice, std::string(echoed(choice)) + std::exchange(c.text, {}), log_probs,
                 reason);
  }

  bool has_log_probs() const { return request(0).sampling.n_logprobs >= 0; }

  void add(Choice& c, const std::vector<engine::LogProbs>& tokens) {
    for (const engine::LogProbs& token : tokens) c.log_probs.add(token, context().tokenizer());
  }

  // Those of the prompt, before those of the answer; behind them the token that ended it, for who
  // asks for the likelihood of a text takes the last one to be the answer's.
  void add_prompt(std::size_t choice, const engine::Completion& completion) {
    const text::Tokenizer& tokenizer = context().tokenizer();
    Choice& c = choices_[choice];
    if (completion.end_log_probs) c.log_probs.add(*completion.end_log_probs, tokenizer);
    CompletionLogProbs all;
    all.add_unknown(request(choice).prompt.front(), tokenizer);
    for (std::size_t i = 0; i < completion.prompt_log_probs.size(); ++i) {
      all.add(completion.prompt_log_probs[i], tokenizer);
    }
    all.append(std::move(c.log_probs));
    c.log_probs = std::move(all);
  }

  // Of a stream: the prompt, once, before what comes of the choice. Not all of them at once: what a
  // client has not read is limited.
  std::string told_echo(std::size_t choice) {
    if (std::exchange(choices_[choice].echo_told, true) || echoed(choice).empty()) return "";
    return chunk(choice, echoed(choice), "null", "null");
  }

  std::string usage_event(const Usage& usage) override {
    return event(head() + R"("choices":[],"usage":)" + to_json(usage) + "}");
  }

  std::string whole(const Usage& usage) override {
    std::string out = head() + R"("choices":[)";
    std::size_t n_bytes = out.size() + 512;
    for (const Choice& c : choices_) n_bytes += c.text.size() + 1;
    out.reserve(n_bytes);
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      out.append(i == 0 ? "" : ",").append(choices_[i].text);
      std::string().swap(choices_[i].text);
    }
    return out + R"(],"usage":)" + to_json(usage) + "}";
  }

  std::string_view echoed(std::size_t choice) const {
    if (!what_.echo) return "";
    return what_.prompts[choice / options().n_each].text;
  }

  static std::string choice_text(std::size_t choice, std::string_view text,
                                 std::string_view log_probs, std::string_view reason) {
    return fmt::format(R"({{"text":{},"index":{},"logprobs":{},"finish_reason":{}}})", quoted(text),
                       choice, log_probs, reason);
  }

  std::string chunk(std::size_t choice, std::string_view text, std::string_view log_probs,
                    std::string_view reason) const {
    return event(head() + R"("choices":[)" + choice_text(choice, text, log_probs, reason) + "]" +
                 (options().include_usage ? R"(,"usage":null)" : "") + "}");
  }

  std::string head() const {
    return fmt::format(R"({{"id":"{}","object":"text_completion","created":{},"model":{},)"
                       R"("system_fingerprint":"rocmforge-{}",)",
                       id_, created_, quoted(what_.model), version());
  }

  std::string id_;
  std::int64_t created_;
  What what_;
  std::vector<Choice> choices_;
};

void answer_completion(Context& context, const std::shared_ptr<Call>& call) {
  const Body parsed(call->request().body);
  const Field body = parsed.root();
  refuse_unsupported(body, {"suffix"});
  const StreamFields stream = read_stream(body);
  engine::Request rest = read_request(body, context, kUsualTokens);
  rest.sampling.n_logprobs =
      static_cast<std::int32_t>(body.at("logprobs").integer_or(-1, 0, kMostTopLogProbs));
  const std::int64_t n = body.at("n").integer_or(1, 1, kMostAnswers);
  if (const Field best = body.at("best_of"); best && best.integer(1, kMostAnswers) != n) {
    best.bad("must be n: choices are not ranked here");
  }
  CompletionJob::What what{.model = answering_model(body, context),
                           .prompts = read_prompts(body.at("prompt"), context),
                           .echo = body.at("echo").flag_or(false)};
  const std::int32_t n_top = rest.sampling.n_logprobs;
  what.reads_prompt = what.echo && n_top >= 0;
  if (rest.max_tokens == 0 && !what.echo) {
    body.at("max_tokens").bad("is 0: without echo there is no answer");
  }
  if (what.echo && (n_top >= 0 || rest.max_tokens == 0))
    rest.n_prompt_logprobs = std::max(n_top, 0);
  const std::size_t n_choices = what.prompts.size() * static_cast<std::size_t>(n);
  if (n_choices > context.options().max_choices) {
    body.at("prompt").bad(fmt::format("asks for {} choices with n, more than {}", n_choices,
                                      context.options().max_choices));
  }
  std::vector<engine::Request> requests;
  std::int64_t n_tokens = 0;
  for (Prompt& prompt : what.prompts) {
    rest.prompt = std::move(prompt.tokens);
    context.check_runs(rest);
    n_tokens += n * std::min(rest.max_tokens, context.engine().runner().n_ctx());
    if (what.reads_prompt) n_tokens += n * std::ssize(rest.prompt);
    requests.push_back(rest);
  }
  if (n_top >= 0 && (what.reads_prompt || !stream.stream)) {
    check_log_probs(body.at("logprobs"), n_tokens, n_top);
  }
  const Job::Options options{.stream = stream.stream,
                             .include_usage = stream.include_usage,
                             .pieces = n_top >= 0,
                             .n_each = static_cast<std::size_t>(n)};
  std::make_shared<CompletionJob>(context, call, std::move(requests), options, std::move(what))
      ->start();
}

}  // namespace

void add_completions(Router& router, Context& context) {
  for (const char* path : {"/v1/completions", "/completions"}) {
    router.add({.method = "POST", .pattern = path, .handle = [&context](const auto& call) {
                  answer_completion(context, call);
                }});
  }
}

}  // namespace rocmforge::serve
