// What handlers know: the model that is served, and how a request of theirs is run.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/chat.h"
#include "engine/engine.h"
#include "serve/grammar_cache.h"
#include "serve/model_thread.h"

namespace rocmforge::serve {

struct ContextOptions {
  std::string model = {};                 // the name that clients are told
  std::vector<std::string> aliases = {};  // further ones that they may use
  std::size_t max_queue = 256;            // requests that wait for a place
  engine::SchedulerOptions scheduler = {.prefix_cache = true};
  std::string system = {};      // of conversations without a system message; empty: none
  bool reasoning_apart = true;  // in reasoning_content, where a request does not say
  // What /v1/embeddings tells of a text: the state of its last token, or the mean over all.
  engine::Embedding embedding = engine::Embedding::kMean;
  // How many choices one request may ask for, over all of its prompts.
  std::size_t max_choices = 2048;
};

class Context {
 public:
  // The engine and `chat` outlive it; the engine answers nothing else meanwhile. `chat` null: the
  // model has no chat template, `no_chat` says why and what would help.
  Context(engine::Engine& engine, const engine::ChatFormat* chat, std::string no_chat,
          ContextOptions options);
  // Cancels what is under way.
  ~Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  engine::Engine& engine() { return engine_; }
  const text::Tokenizer& tokenizer() const { return engine_.tokenizer(); }
  ModelThread& thread() { return thread_; }
  GrammarCache& grammars() { return grammars_; }
  // ApiError 400 where there is none.
  const engine::ChatFormat& chat() const;
  bool has_chat() const { return chat_ != nullptr; }
  const ContextOptions& options() const { return options_; }
  std::int64_t created() const { return created_; }  // of the model's, seconds since 1970
  bool is_model(std::string_view name) const;        // the name, or an alias

  // ApiError 400 for a request that cannot be run here: context_length_exceeded where it is too
  // long. To be asked before submit(), which answers such a one too, but later.
  void check_runs(const engine::Request& request) const;
  // The same error for a text, or texts of so many bytes together, that has more tokens than the
  // context, whatever they are: to be asked before it is encoded, which takes a while and cannot be
  // cut. A text that passes may still be too long.
  void check_length(std::string_view text) const;
  void check_bytes(std::size_t n_bytes) const;
  // As ModelThread::submit; ApiError 429 with Retry-After for a full queue, 503 while it closes.
  ModelThread::Handle submit(engine::Request request, engine::TextSinks sinks,
                             ModelThread::Done done, bool admitted = false);
  // `watch` is shown each request before it is run, and may wrap its sinks and its end. To be set
  // before the first one; null: nobody watches.
  using Watch = std::function<void(const engine::Request&, engine::TextSinks&, ModelThread::Done&)>;
  void watch(Watch watch) { watch_ = std::move(watch); }
  // Ends all that is under way, as kCancelled, within one step; nothing is taken any more.
  void cancel_all();
  // Whether cancel_all() was called: what ends as kCancelled was cut.
  bool cut() const { return cut_; }

 private:
  engine::Engine& engine_;
  GrammarCache grammars_;
  const engine::ChatFormat* chat_;
  std::string no_chat_;
  ContextOptions options_;
  std::int64_t created_;
  std::vector<engine::LogitBias> forbidden_;
  std::size_t longest_token_ = 1;  // bytes of its text
  Watch watch_;
  std::atomic<bool> cut_{false};
  std::mutex mutex_;
  std::uint64_t n_submitted_ = 0;
  std::map<std::uint64_t, ModelThread::Handle> open_;
  std::set<std::uint64_t> ended_early_;  // before their handle was known
  ModelThread thread_;                   // the last: it ends first
};

}  // namespace rocmforge::serve
