// What a caller asks for and what becomes of it: values, never exceptions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/sampling/log_probs.h"
#include "engine/sampling/params.h"
#include "text/thinking.h"
#include "text/vocab.h"

namespace rocmforge::constrain {
class TokenGrammar;
}

namespace rocmforge::engine {

// How a model that thinks before it answers is read.
struct Thinking {
  text::ThinkingMarkers markers;
  bool opened = false;  // the prompt ends within a block of thinking
  // After so many tokens of thinking `closing` is put in, which ends it. Below 0: any number.
  std::int32_t budget = -1;
  std::vector<text::TokenId> closing = {};
};

// Which of the prompt's states are asked for.
enum class Embedding : std::uint8_t { kNone, kLast, kMean };

struct Request {
  std::vector<text::TokenId> prompt = {};  // at least one token
  // 0: the prompt is all that is run, where its log-probabilities or embedding are asked for.
  std::int32_t max_tokens = 128;
  SamplingParams sampling;
  // Ends the answer before the first of these; never shown. Not looked for in thinking.
  std::vector<std::string> stop = {};
  std::optional<Thinking> thinking = {};  // not set: all of the text is the answer
  // What the answer is held to, once the thinking is over: of the engine's token_table(). Null:
  // nothing.
  std::shared_ptr<const constrain::TokenGrammar> grammar = {};
  bool ignore_eos = false;  // go on past end-of-generation tokens (benchmarks)
  // Control tokens whose text is part of the answer: those that calls of tools are written with.
  std::vector<text::TokenId> shown = {};
  // Whether Completion::log_probs are filled in; the token's sink is told of them in any case.
  bool keep_log_probs = true;
  // From 0 on: the log-probability of each of the prompt's tokens but the first, with so many of
  // the likeliest, at most kMaxLogprobs.
  std::int32_t n_prompt_logprobs = -1;
  Embedding embedding = Embedding::kNone;
  // Whether it may begin with, and leaves to others, the KV of what is common to them, where the
  // scheduler keeps that.
  bool share_prefix = true;
};

enum class FinishReason : std::uint8_t {
  kCompleted,  // an end-of-generation token, a stop string, or the end of the grammar
  kLength,     // max_tokens, or a full context
  kCancelled,  // the caller
  kFailed,     // the device
};
std::string_view to_string(FinishReason reason);  // "completed", "length", ...

// Seconds and counts, as a user reads them.
struct Timing {
  std::int32_t n_prompt = 0;
  std::int32_t n_kept =
      0;  // of the prompt: were in the KV cache from before, where another began alike too
  std::int32_t n_generated = 0;
  double queue_seconds = 0;     // until it had a place
  double prompt_seconds = 0;    // from then to the first token's logits
  double generate_seconds = 0;  // for the n_generated - 1 tokens after the first

  double first_token_seconds() const { return queue_seconds + prompt_seconds; }
};

struct Completion {
  FinishReason reason = FinishReason::kCompleted;
  std::string text;                   // without the thinking
  std::string thinking;               // without its markers and the white space around it
  std::vector<text::TokenId> tokens;  // of both; end-of-generation token not among them
  // One for each of the tokens, where sampling.n_logprobs asked for them; those that were put in
  // are certain.
  LogProbList log_probs;
  // Of end_token, where they were asked for.
  std::optional<LogProbs> end_log_probs = {};
  LogProbList prompt_log_probs;  // of the prompt's tokens 1, 2, ..., where they were asked for
  // As the output matrix takes it, [n_embd], of the prompt's last token, or the mean over all.
  std::vector<float> embedding;
  Timing timing;
  bool context_full = false;  // kLength before max_tokens was reached
  // kCompleted: the stop string that ended it or, where that is empty, the token.
  std::string stopped_by;
  text::TokenId end_token = text::kNoToken;
  std::string error;           // for kFailed
  bool device_failed = false;  // kFailed with all that ran, by no fault of the request's own
};

// The request was never started.
struct Rejected {
  std::string message;
  bool context_full = false;  // fewer tokens, or a longer context, would be taken
};

using Result = std::variant<Completion, Rejected>;

}  // namespace rocmforge::engine
