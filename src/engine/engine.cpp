#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "engine/decoder.h"

namespace rocmforge::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// One request on its way: owns what only it needs.
class Generation {
 public:
  Generation(const std::string& path, Runner& runner, const text::Tokenizer& tokenizer,
             const Request& request, const Listener& listener)
      : path_(path),
        request_(request),
        cancel_(listener.cancel),
        n_ctx_(runner.n_ctx()),
        kept_(listener.cache != nullptr ? *listener.cache : own_.emplace(runner)),
        decoder_(runner, request.sampling, dry_breakers(request.sampling, tokenizer),
                 kept_.sequence),
        answer_(tokenizer, request, listener.sinks, n_ctx_) {}

  Completion& completion() { return answer_.completion(); }

  void run() {
    start_ = first_ = Clock::now();
    Timing& timing = completion().timing;
    timing.n_kept = kept_.keep(request_.prompt);
    if (!take_forced()) steps();
    answer_.finish();
    kept_.follow(answer_.history());
    timing.prompt_seconds = seconds(start_, first_);
    timing.generate_seconds = seconds(first_, Clock::now());
  }

 private:
  void steps() {
    bool is_first = true;
    bool given = start();
    while (true) {
      bool ahead = given && may_run_ahead();
      if (ahead) decoder_.start_ahead();
      const text::TokenId token = given ? take() : text::kNoToken;
      if (is_first) first_ = Clock::now();
      is_first = false;
      if (ended(token)) {
        if (ahead) decoder_.drop();
        return;
      }
      const std::size_t n = answer_.history().size();
      const bool was_last = take_forced();
      if (ahead && answer_.history().size() != n) {  // not the tokens that it ran
        decoder_.drop();
        ahead = false;
      }
      if (was_last) return;
      given = ahead || start();
    }
  }

  bool cancelled() const { return cancel_ != nullptr && cancel_->load(); }

  // Whether the next step surely follows but for what the token itself says.
  bool may_run_ahead() const {
    return decoder_.runs_ahead() && !cancelled() && answer_.may_go_on_after_next();
  }

  // Runs what has not been run so far.
  bool start() {
    const auto ran = static_cast<std::size_t>(kept_.sequence.length());
    return decoder_.start(answer_.history().subspan(ran), answer_.history(),
                          [this] { return cancelled(); });
  }

  text::TokenId take() {
    const text::TokenId token = decoder_.take(answer_.history());
    if (token != text::kNoToken) return token;
    throw Error(ErrorCode::kDevice, "[engine] " + path_ +
                                        ": the model gave no finite logit at position " +
                                        std::to_string(answer_.history().size() - 1));
  }

  // Takes one token into the answer; true when it was the last.
  bool ended(text::TokenId token) {
    if (!cancelled() && token != text::kNoToken) return answer_.take(token, &decoder_.log_probs());
    answer_.end(FinishReason::kCancelled);
    return true;
  }

  // The same for those that are put in.
  bool take_forced() {
    for (const text::TokenId token : answer_.forced()) {
      if (answer_.take(token, nullptr)) return true;
    }
    return false;
  }

  const std::string& path_;  // of the model, for errors
  const Request& request_;
  const std::atomic<bool>* cancel_;
  std::int32_t n_ctx_;
  std::optional<KvCache> own_;
  KvCache& kept_;
  Decoder decoder_;
  Answer answer_;
  Clock::time_point start_, first_;
};

std::int32_t context_of(const EngineOptions& options, const gguf::File& file) {
  if (options.n_ctx > 0) return options.n_ctx;
  const std::string key =
      std::string(file.get_string("general.architecture").value_or("")) + ".context_length";
  const std::uint64_t trained = file.get_u64(key).value_or(kDefaultContext);
  return static_cast<std::int32_t>(std::clamp<std::uint64_t>(trained, 1, kDefaultContext));
}

RunnerOptions runner_options(const EngineOptions& options, const ModelFile& model) {
  return {.n_ctx = context_of(options, model.gguf()),
          .least_ctx = options.n_ctx > 0 ? 0 : kLeastContext,
          .max_sequences = options.max_sequences,
          .max_rows = options.max_rows,
          .kv_dtype = options.kv_dtype,
          .fuse = options.fuse,
          .device_cut = true,
          .n_device_layers = options.n_device_layers,
          .rest = options.rest,
          .run_ahead = options.run_ahead,
          .mappings = model.mappings(),
          .progress = options.progress};
}

}  // namespace

Engine::Engine(const EngineOptions& options, backend::Device& device, Counters& counters)
    : file_(options.random ? ModelFile(*options.random, counters)
                           : ModelFile(options.path, counters, options.overrides)),
      tokenizer_(options.random ? nullptr : find_tokenizer(file_.gguf(), options.tokenizer)) {
  file_.warn_of_bad_weights();
  runner_ =
      std::make_unique<Runner>(file_.gguf(), runner_options(options, file_), device, counters);
  if (tokenizer_ != nullptr) check_vocabulary(file_.gguf(), runner_->params(), *tokenizer_);
}

const text::Tokenizer& Engine::tokenizer() const {
  if (tokenizer_ == nullptr) load_tokenizer(file_.gguf());  // which throws
  return *tokenizer_;
}

Result Engine::answer(const Request& request, const Listener& listener) {
  if (auto rejected = reject(request, runner_->n_ctx(), runner_->params().n_vocab)) {
    return *rejected;
  }
  Generation generation(file_.gguf().path(), *runner_, tokenizer(), request, listener);
  Completion& out = generation.completion();
  try {
    generation.run();
  } catch (const Error& e) {
    if (listener.cache != nullptr) listener.cache->clear();
    if (e.code() != ErrorCode::kDevice) throw;
    out.reason = FinishReason::kFailed;
    out.error = e.what();
  }
  return std::move(out);
}

Result Engine::generate(const Request& request, const TextSink& on_text,
                        const std::atomic<bool>* cancel) {
  return answer(request, Listener{.sinks = {.answer = on_text}, .cancel = cancel});
}

}  // namespace rocmforge::engine
