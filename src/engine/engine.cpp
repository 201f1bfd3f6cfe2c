#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/check.h"
#include "base/error.h"
#include "engine/decoder.h"
#include "text/detokenizer.h"
#include "text/stop_strings.h"

namespace rocmforge::engine {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// After nothing but control tokens the answer opens a text, and loses the tokenizer's space prefix.
bool opens_text(const text::Tokenizer& tokenizer, std::span<const text::TokenId> prompt) {
  return std::all_of(prompt.begin(), prompt.end(),
                     [&](text::TokenId id) { return tokenizer.is_control(id); });
}

// One request on its way: owns what only it needs.
class Generation {
 public:
  Generation(const std::string& path, Runner& runner, const text::Tokenizer& tokenizer,
             const Request& request, const Engine::TextSink& on_text,
             const std::atomic<bool>* cancel)
      : path_(path),
        tokenizer_(tokenizer),
        request_(request),
        on_text_(on_text),
        cancel_(cancel),
        n_ctx_(runner.n_ctx()),
        decoder_(runner, request.sampling),
        detokenizer_(tokenizer, opens_text(tokenizer, request.prompt)),
        stops_(request.stop),
        history_(request.prompt) {}

  void run(Completion& out) {
    // Nothing is allocated a token, but for the text itself.
    const auto most = static_cast<std::size_t>(std::min(request_.max_tokens, n_ctx_)) + 1;
    history_.reserve(history_.size() + most);
    out.tokens.reserve(most);
    start_ = Clock::now();
    out.timing.n_prompt = static_cast<std::int32_t>(request_.prompt.size());
    const auto stop = [this] { return cancelled(); };
    bool given = decoder_.start(request_.prompt, history_, stop);
    bool is_first = true;
    while (true) {
      const bool ahead = given && may_run_ahead(out);
      if (ahead) decoder_.start_ahead();
      const text::TokenId token = given ? take() : text::kNoToken;
      if (is_first) {
        first_ = Clock::now();
        out.timing.prompt_seconds = seconds(start_, first_);
        is_first = false;
      }
      if (ended(token, ahead, out)) {
        if (ahead) decoder_.drop();
        break;
      }
      given = ahead || decoder_.start({&history_.back(), 1}, history_, stop);
    }
    if (!stops_.stopped()) {
      emit(stops_.push(detokenizer_.flush()), out);
      emit(stops_.flush(), out);
    }
    out.timing.n_generated = static_cast<std::int32_t>(out.tokens.size());
    out.timing.generate_seconds = seconds(first_, Clock::now());
  }

 private:
  bool cancelled() const { return cancel_ != nullptr && cancel_->load(); }

  // Whether the next step surely follows but for what the token itself says.
  bool may_run_ahead(const Completion& out) const {
    return decoder_.runs_ahead() && !cancelled() && decoder_.sequence().length() < n_ctx_ &&
           static_cast<std::int32_t>(out.tokens.size()) + 1 < request_.max_tokens;
  }

  text::TokenId take() {
    const text::TokenId token = decoder_.take(history_);
    if (token != text::kNoToken) return token;
    throw Error(ErrorCode::kDevice, "[engine] " + path_ +
                                        ": the model gave no finite logit at position " +
                                        std::to_string(history_.size() - 1));
  }

  // Takes one token into the answer; true when it was the last. `ahead`: its own step was given.
  bool ended(text::TokenId token, bool ahead, Completion& out) {
    if (cancelled() || token == text::kNoToken) return end(FinishReason::kCancelled, out);
    if (tokenizer_.is_end_of_generation(token) && !request_.ignore_eos) {
      return end(FinishReason::kCompleted, out);
    }
    out.tokens.push_back(token);
    history_.push_back(token);
    emit(stops_.push(detokenizer_.push(token)), out);
    if (stops_.stopped()) return end(FinishReason::kCompleted, out);
    if (static_cast<std::int32_t>(out.tokens.size()) >= request_.max_tokens) {
      return end(FinishReason::kLength, out);
    }
    out.context_full = !ahead && decoder_.sequence().length() == n_ctx_;
    return out.context_full && end(FinishReason::kLength, out);
  }

  static bool end(FinishReason reason, Completion& out) {
    out.reason = reason;
    return true;
  }

  void emit(const std::string& text, Completion& out) {
    if (text.empty()) return;
    out.text += text;
    if (on_text_) on_text_(text);
  }

  const std::string& path_;  // of the model, for errors
  const text::Tokenizer& tokenizer_;
  const Request& request_;
  const Engine::TextSink& on_text_;
  const std::atomic<bool>* cancel_;
  std::int32_t n_ctx_;
  Decoder decoder_;
  text::Detokenizer detokenizer_;
  text::StopStrings stops_;
  std::vector<text::TokenId> history_;
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
          .mapping = model.mapping(),
          .progress = options.progress};
}

std::optional<Rejected> reject(const Request& request, const Runner& runner) {
  if (request.prompt.empty()) return Rejected{"the prompt has no tokens"};
  if (request.prompt.size() > static_cast<std::size_t>(runner.n_ctx())) {
    return Rejected{"the prompt has " + std::to_string(request.prompt.size()) +
                    " tokens, more than the context of " + std::to_string(runner.n_ctx()) +
                    " (--ctx)"};
  }
  for (const text::TokenId token : request.prompt) {
    if (token < 0 || token >= runner.params().n_vocab) {
      return Rejected{"the prompt holds token " + std::to_string(token) +
                      ", outside the vocabulary of " + std::to_string(runner.params().n_vocab)};
    }
  }
  if (request.max_tokens < 1) return Rejected{"max_tokens must be greater than 0"};
  return std::nullopt;
}

}  // namespace

Engine::Engine(const EngineOptions& options, backend::Device& device, Counters& counters)
    : file_(options.random ? ModelFile(*options.random, counters)
                           : ModelFile(options.path, counters)),
      tokenizer_(has_vocabulary(file_.gguf()) ? load_tokenizer(file_.gguf()) : nullptr) {
  runner_ =
      std::make_unique<Runner>(file_.gguf(), runner_options(options, file_), device, counters);
  if (tokenizer_ != nullptr) check_vocabulary(file_.gguf(), runner_->params(), *tokenizer_);
}

const text::Tokenizer& Engine::tokenizer() const {
  if (tokenizer_ == nullptr) load_tokenizer(file_.gguf());  // which throws
  return *tokenizer_;
}

Result Engine::generate(const Request& request, const TextSink& on_text,
                        const std::atomic<bool>* cancel) {
  if (auto rejected = reject(request, *runner_)) return *rejected;
  const text::Tokenizer& vocabulary = tokenizer();
  Completion out;
  try {
    Generation(file_.gguf().path(), *runner_, vocabulary, request, on_text, cancel).run(out);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kDevice) throw;
    out.reason = FinishReason::kFailed;
    out.error = e.what();
  }
  return out;
}

}  // namespace rocmforge::engine
