#include "serve/openai/job.h"

#include <fmt/format.h>

#include <utility>

namespace rocmforge::serve {
namespace {

constexpr const char* kKeepAlive = ":\n\n";

}  // namespace

std::string event(std::string_view json) {
  std::string out = "data: ";
  return out.append(json).append("\n\n");
}

std::string to_json(const Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                     R"("prompt_tokens_details":{{"cached_tokens":{}}},)"
                     R"("completion_tokens_details":{{"reasoning_tokens":{}}}}})",
                     usage.n_prompt, usage.n_generated, usage.n_prompt + usage.n_generated,
                     usage.n_cached, usage.n_reasoning);
}

Job::Job(Context& context, std::shared_ptr<Call> call, std::vector<engine::Request> requests,
         Options options)
    : context_(context),
      call_(std::move(call)),
      requests_(std::move(requests)),
      options_(options),
      thoughts_(n_choices()) {
  handles_.reserve(n_choices());
}

void Job::start() {
  {
    const std::scoped_lock lock(mutex_);
    try {
      submit(next_++, /*admitted=*/false);
    } catch (...) {
      over_ = true;  // the caller answers
      cancel_all();
      throw;
    }
    try {
      submit_some();
      if (options_.stream) begin();
    } catch (...) {
      fail_with_what_is_thrown();
    }
  }
  call_->on_gone([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->cancel();
  });
}

void Job::begin() {
  if (std::exchange(begun_, true) || over_) return;
  call_->begin({.content_type = "text/event-stream",
                .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}},
               kKeepAlive);
  const std::string text = opening();
  if (!text.empty()) call_->write(text);
}

void Job::submit(std::size_t choice, bool admitted) {
  engine::TextSinks sinks;
  if (options_.stream || options_.pieces || request(choice).thinking) {
    sinks.token = [this, choice](const engine::TokenPiece& piece) { hear(choice, piece); };
  }
  // The request stays here: what is asked about it later is asked of this one.
  engine::Request one = request(choice);
  one.keep_log_probs = false;  // piece() is told
  one.sampling.seed =
      engine::answer_seed(one.sampling.seed, static_cast<std::uint32_t>(choice % options_.n_each));
  handles_.push_back(context_.submit(
      std::move(one), std::move(sinks),
      [self = shared_from_this(), choice](engine::Result r) { self->end(choice, std::move(r)); },
      admitted));
  ++n_open_;
}

// More, while there are places: a full queue is tried again when one of ours has ended, and is not
// full for the next where none of ours is left.
void Job::submit_some() {
  const auto most = static_cast<std::size_t>(context_.engine().runner().max_sequences());
  while (!over_ && next_ < n_choices() && n_open_ < most) {
    try {
      submit(next_, /*admitted=*/n_open_ == 0);
      ++next_;
    } catch (const ApiError& e) {
      if (e.status == 429 && n_open_ > 0) return;
      fail(e);
    }
  }
}

void Job::hear(std::size_t choice, const engine::TokenPiece& told) {
  const std::scoped_lock lock(mutex_);
  if (over_) return;
  try {
    Thought& thought = thoughts_[choice];
    thought.over = thought.over || !told.answer.empty();
    if (!thought.over && told.token != text::kNoToken) ++thought.n_tokens;
    const std::string text = piece(choice, told);
    if (!options_.stream || text.empty()) return;
    begin();
    call_->write(text);
  } catch (...) {
    fail_with_what_is_thrown();
  }
}

void Job::end(std::size_t choice, engine::Result result) {
  const std::scoped_lock lock(mutex_);
  --n_open_;
  if (over_) return;
  try {
    take_end(choice, std::move(result));
  } catch (...) {
    fail_with_what_is_thrown();
  }
}

void Job::take_end(std::size_t choice, engine::Result result) {
  if (const auto* rejected = std::get_if<engine::Rejected>(&result)) {
    return fail({400,
                 rejected->message,
                 {.code = rejected->context_full ? "context_length_exceeded" : ""}});
  }
  const auto& completion = std::get<engine::Completion>(result);
  if (completion.reason == engine::FinishReason::kFailed) {
    return fail(
        {completion.device_failed ? 500 : 400, "the answer was not finished: " + completion.error});
  }
  if (completion.reason == engine::FinishReason::kCancelled && context_.cut()) {
    return fail({503, "the server is shutting down", {.code = "shutting_down", .retry_after = 5}});
  }
  const engine::Timing& timing = completion.timing;
  if (choice % options_.n_each == 0) {
    usage_.n_prompt += timing.n_prompt;
    usage_.n_cached += timing.n_kept;
  }
  usage_.n_generated += timing.n_generated;
  if (!completion.thinking.empty()) usage_.n_reasoning += thoughts_[choice].n_tokens;
  const std::string text = ended(choice, completion);
  if (options_.stream) {
    begin();
    if (!text.empty()) call_->write(text);
  }
  if (++n_ended_ == n_choices()) return finish();
  submit_some();
}

void Job::finish() {
  over_ = true;
  if (!options_.stream) return call_->send_json(whole(usage_));
  if (options_.include_usage) call_->write(usage_event(usage_));
  call_->write(event("[DONE]"));
  call_->end();
}

void Job::fail(const ApiError& error) {
  if (std::exchange(over_, true)) return;
  cancel_all();
  if (!begun_) return call_->refuse(error);
  call_->write(error_event(error));
  call_->write(event("[DONE]"));
  call_->end();
}

// Within a catch. Where there is no memory to say why, the call is let go of, which says it too.
void Job::fail_with_what_is_thrown() noexcept {
  try {
    fail(thrown_api_error());
  } catch (...) {
    over_ = true;
    cancel_all();
  }
}

void Job::cancel() {
  const std::scoped_lock lock(mutex_);
  over_ = true;  // nobody is there to be answered; the reply is let go of with this
  cancel_all();
}

void Job::cancel_all() const {
  for (const ModelThread::Handle& handle : handles_) handle.cancel();
}

}  // namespace rocmforge::serve
