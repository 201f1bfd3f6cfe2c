#include "cli/batch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "cli/app.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/load_bar.h"
#include "cli/log_probs.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "constrain/token_grammar.h"
#include "engine/scheduler.h"

namespace rocmforge::cli {
namespace {

namespace json = boost::json;
using engine::Completion;
using engine::FinishReason;

struct Line {
  std::size_t number;  // from 0, in the file
  std::string text;
  std::uint32_t answer = 0;  // which of them
};

// Blank lines are left out, but count.
std::vector<Line> read_lines(const std::string& path) {
  const std::string text = read_text(path);
  std::vector<Line> out;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos)
      out.push_back({number, std::move(line)});
    begin = end + 1;
  }
  if (out.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "--batch: " + path + ": there is no prompt in it");
  }
  return out;
}

// One for each answer.
std::vector<Line> lines_of(const BatchOptions& options) {
  const std::vector<Line> prompts =
      options.prompt ? std::vector<Line>{{0, *options.prompt}} : read_lines(options.path);
  std::vector<Line> out;
  for (const Line& line : prompts) {
    for (std::int32_t i = 0; i < options.answers; ++i) {
      out.push_back({line.number, line.text, static_cast<std::uint32_t>(i)});
    }
  }
  return out;
}

// As JSON, for a line of a file.
std::string to_line(const Line& line, const engine::Result& result, const BatchOptions& options,
                    const text::Tokenizer& tokenizer) {
  json::object out = {{"index", line.number}, {"prompt", line.text}};
  if (options.answers > 1) out["answer"] = line.answer;
  if (const auto* rejected = std::get_if<engine::Rejected>(&result)) {
    out["text"] = "";
    out["tokens"] = json::array();
    out["finish_reason"] = "rejected";
    out["error"] = message_of(*rejected);
    return json::serialize(out) + "\n";
  }
  const auto& done = std::get<Completion>(result);
  if (!done.thinking.empty() && !options.hide_thinking) out["thinking"] = done.thinking;
  out["text"] = done.text;
  out["tokens"] = json::array(done.tokens.begin(), done.tokens.end());
  if (!done.log_probs.empty()) out["logprobs"] = log_probs_json(done.log_probs, tokenizer);
  out["prompt_tokens"] = done.timing.n_prompt;
  out["finish_reason"] = std::string(engine::to_string(done.reason));
  out["context_full"] = done.context_full;
  if (!done.error.empty()) out["error"] = done.error;
  return json::serialize(out) + "\n";
}

std::string progress_line(std::int64_t done, std::int64_t total, double) {
  return fmt::format("{} of {} prompts", done, total);
}

// Writes results in the order of the lines, each once those before it are there.
class Results {
 public:
  Results(const std::vector<Line>& lines, const BatchOptions& options,
          const text::Tokenizer& tokenizer)
      : lines_(lines),
        options_(options),
        tokenizer_(tokenizer),
        bar_(STDERR_FILENO, LoadBar::kPatience, progress_line) {}

  void take(std::size_t id, engine::Result result) {
    const auto* done = std::get_if<Completion>(&result);
    if (done == nullptr || done->reason == FinishReason::kFailed) ++n_failed;
    if (done != nullptr) {
      n_prompt += done->timing.n_prompt;
      n_generated += done->timing.n_generated;
      n_full += done->context_full ? 1 : 0;
    }
    waiting_.emplace(id, std::move(result));
    if (waiting_.begin()->first == next_) bar_.erase();
    while (!waiting_.empty() && waiting_.begin()->first == next_) {
      readable = write_output(text_of(next_, waiting_.begin()->second)) && readable;
      waiting_.erase(waiting_.begin());
      ++next_;
    }
    bar_.show(++n_done_, std::ssize(lines_));
  }

  bool readable = true;
  std::int64_t n_failed = 0, n_prompt = 0, n_generated = 0;
  std::int64_t n_full = 0;  // cut short by the context

 private:
  std::string text_of(std::size_t id, const engine::Result& result) const {
    const auto* done = std::get_if<Completion>(&result);
    if (!options_.prompt || done == nullptr) {
      return to_line(lines_[id], result, options_, tokenizer_);
    }
    return to_text(id, *done, options_.hide_thinking, tokenizer_);
  }

  const std::vector<Line>& lines_;
  const BatchOptions& options_;
  const text::Tokenizer& tokenizer_;
  LoadBar bar_;
  std::int64_t n_done_ = 0;
  std::size_t next_ = 0;
  std::map<std::size_t, engine::Result> waiting_;
};

// The number of answers, and what they are to.
std::string count_of(const BatchOptions& options, std::size_t n_lines) {
  if (options.prompt) return fmt::format("{} answers", n_lines);
  if (options.answers == 1) return fmt::format("{} prompts", n_lines);
  return fmt::format("{} answers to {} prompts", n_lines,
                     n_lines / static_cast<std::size_t>(options.answers));
}

// Positions that the longest request needs.
std::int64_t context_for(const std::vector<engine::Request>& requests) {
  std::int64_t most = 1;
  for (const engine::Request& r : requests) {
    most = std::max(most, std::ssize(r.prompt) + r.max_tokens);
  }
  return most;
}

// One prompt is refused as a whole.
void refuse(const engine::Request& request, engine::Engine& engine) {
  const auto rejected = engine::reject(request, engine.runner().n_ctx(), engine.params().n_vocab);
  if (rejected) throw Error(ErrorCode::kInvalidArgument, "the prompt: " + message_of(*rejected));
}

}  // namespace

int run_batch(const ModelOptions& model, const BatchOptions& options,
              const RequestMakerMaker& maker) {
  const std::vector<Line> lines = lines_of(options);
  const auto wanted =
      static_cast<std::int32_t>(std::min<std::int64_t>(options.parallel, std::ssize(lines)));
  std::vector<engine::Request> requests;
  Session session(model, [&](const engine::OpenedModel& opened, ModelOptions& settled) {
    const RequestMaker make = maker(opened.file.gguf(), opened.require_tokenizer());
    for (const Line& line : lines) {
      requests.push_back(make(line.text));
      engine::SamplingParams& sampling = requests.back().sampling;
      sampling.seed = engine::answer_seed(sampling.seed, line.answer);
    }
    // Each place has room for a whole context: no more of it than there will be use for.
    const std::int64_t needed = context_for(requests);
    const std::int32_t own = engine::context_of({}, opened.file.gguf());
    if (settled.ctx == 0 && needed < own) settled.ctx = static_cast<std::int32_t>(needed);
    settled.max_sequences = wanted;
    settled.least_sequences = 1;
  });
  const engine::Runner& runner = session.engine().runner();
  const std::int32_t n_together = runner.max_sequences();
  if (n_together < wanted) {
    print_note(
        fmt::format("the memory has room for {} of {} answers together, each with a context "
                    "of {} tokens: the others wait (--parallel, --ctx)",
                    n_together, wanted, runner.n_ctx()));
  }
  if (options.grammar != nullptr) {
    const auto grammar = std::make_shared<const constrain::TokenGrammar>(
        options.grammar, session.engine().token_table());
    for (engine::Request& request : requests) request.grammar = grammar;
  }
  Interrupt interrupt;
  Results results(lines, options, session.engine().tokenizer());
  const std::uint64_t seed = requests.front().sampling.seed;
  if (options.prompt) refuse(requests.front(), session.engine());
  const auto start = std::chrono::steady_clock::now();
  engine::Scheduler scheduler(
      session.engine(),
      [&](std::size_t id, engine::Result result) { results.take(id, std::move(result)); },
      {.prefix_cache = true});
  for (engine::Request& request : requests) scheduler.add(std::move(request));
  while (scheduler.step()) {
    if (interrupt.requested().load() || !results.readable) scheduler.cancel();
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!results.readable) return kExitError;
  if (results.n_full > 0) {
    print_note(fmt::format("the context of {} tokens is full (--ctx): {} of {} end early",
                           runner.n_ctx(), results.n_full, count_of(options, lines.size())));
  }
  print_note(fmt::format(
      "load {:.2f} s | {}, up to {} together | prompts {} tokens | generated {} tokens | "
      "{:.2f} s, {:.1f} tokens/s generated | seed {}",
      session.load_seconds(), count_of(options, lines.size()), n_together, results.n_prompt,
      results.n_generated, seconds,
      seconds > 0 ? static_cast<double>(results.n_generated) / seconds : 0, seed));
  interrupt.obey();
  if (results.n_failed == 0) return kExitDone;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: {} of {} failed; their lines say why",
                          options.prompt ? "--answers" : "--batch", results.n_failed,
                          count_of(options, lines.size())));
}

}  // namespace rocmforge::cli
