// The choices that a call asks for, run beside each other, as many as there are places.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/request.h"
#include "serve/call.h"
#include "serve/context.h"

namespace rocmforge::serve {

// One event of a stream: "data: JSON\n\n".
std::string event(std::string_view json);

// How many tokens a call took.
struct Usage {
  std::int64_t n_prompt = 0, n_cached = 0, n_generated = 0, n_reasoning = 0;
};
std::string to_json(const Usage& usage);

// Of an endpoint: how choices become its answer. The functions that it overrides are called one at
// a time, mostly on the thread of the model: they must be quick.
class Job : public std::enable_shared_from_this<Job> {
 public:
  struct Options {
    bool stream = false, include_usage = false;
    bool pieces = false;     // piece() is wanted without a stream, too
    std::size_t n_each = 1;  // choices of a prompt, one behind the other
  };
  // `requests`: one for each prompt; its choices differ by their random numbers.
  Job(Context& context, std::shared_ptr<Call> call, std::vector<engine::Request> requests,
      Options options);
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Of requests that Context::check_runs() has let through. A full queue is thrown, before there is
  // any answer; later trouble, of whatever kind, is answered. It ends when the client leaves. Once
  // one choice is taken in, the others wait for its place at least, however full the queue is.
  void start();

 protected:
  // Of a stream: each returns what is to be written, or nothing.
  virtual std::string opening() { return ""; }
  virtual std::string piece(std::size_t choice, const engine::TokenPiece& piece) = 0;
  virtual std::string ended(std::size_t choice, const engine::Completion& completion) = 0;
  virtual std::string usage_event(const Usage& usage) = 0;
  // Of an answer in one: ended() has been called for all, and what it returned is not shown.
  virtual std::string whole(const Usage& usage) = 0;
  // An error within a stream.
  virtual std::string error_event(const ApiError& error) { return event(openai_error(error)); }

  Context& context() { return context_; }
  const engine::Request& request(std::size_t choice) const {
    return requests_[choice / options_.n_each];
  }
  std::size_t n_choices() const { return requests_.size() * options_.n_each; }
  const Options& options() const { return options_; }

 private:
  void begin();
  void submit_some();
  void submit(std::size_t choice, bool admitted);
  void hear(std::size_t choice, const engine::TokenPiece& piece);
  void end(std::size_t choice, engine::Result result);
  void take_end(std::size_t choice, engine::Result result);
  void finish();
  void fail(const ApiError& error);
  void fail_with_what_is_thrown() noexcept;
  void cancel();
  void cancel_all() const;

  Context& context_;
  std::shared_ptr<Call> call_;
  std::vector<engine::Request> requests_;
  Options options_;
  // Recursive: what is written may tell at once that the client is gone.
  std::recursive_mutex mutex_;
  std::vector<ModelThread::Handle> handles_;
  std::size_t next_ = 0, n_open_ = 0, n_ended_ = 0;
  bool begun_ = false, over_ = false;
  Usage usage_;
  struct Thought {
    std::int64_t n_tokens = 0;  // before the answer
    bool over = false;
  };
  std::vector<Thought> thoughts_;
};

}  // namespace rocmforge::serve
