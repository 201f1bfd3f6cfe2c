// What a caller asks for and what becomes of it: values, never exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/sampling/log_probs.h"
#include "engine/sampling/params.h"
#include "text/thinking.h"
#include "text/vocab.h"

namespace rocmforge::engine {

// How a model that thinks before it answers is read.
struct Thinking {
  text::ThinkingMarkers markers;
  bool opened = false;  // the prompt ends within a block of thinking
  // After so many tokens of thinking `closing` is put in, which ends it. Below 0: any number.
  std::int32_t budget = -1;
  std::vector<text::TokenId> closing = {};
};

struct Request {
  std::vector<text::TokenId> prompt = {};  // at least one token
  std::int32_t max_tokens = 128;
  SamplingParams sampling;
  // Ends the answer before the first of these; never shown. Not looked for in thinking.
  std::vector<std::string> stop = {};
  std::optional<Thinking> thinking = {};  // not set: all of the text is the answer
  bool ignore_eos = false;                // go on past end-of-generation tokens (benchmarks)
};

enum class FinishReason : std::uint8_t {
  kCompleted,  // an end-of-generation token or a stop string
  kLength,     // max_tokens, or a full context
  kCancelled,  // the caller
  kFailed,     // the device
};
std::string_view to_string(FinishReason reason);  // "completed", "length", ...

// Seconds and counts, as a user reads them.
struct Timing {
  std::int32_t n_prompt = 0;
  std::int32_t n_kept = 0;  // of the prompt: were in the KV cache from before
  std::int32_t n_generated = 0;
  double prompt_seconds = 0;    // to the first token's logits
  double generate_seconds = 0;  // for the n_generated - 1 tokens after the first
};

struct Completion {
  FinishReason reason = FinishReason::kCompleted;
  std::string text;                   // without the thinking
  std::string thinking;               // without its markers and the white space around it
  std::vector<text::TokenId> tokens;  // of both; end-of-generation token not among them
  // One for each of the tokens, where sampling.n_logprobs asked for them; those that were put in
  // are certain.
  LogProbList log_probs;
  Timing timing;
  bool context_full = false;  // kLength before max_tokens was reached
  std::string error;          // for kFailed
};

// The request was never started.
struct Rejected {
  std::string message;
  bool context_full = false;  // fewer tokens, or a longer context, would be taken
};

using Result = std::variant<Completion, Rejected>;

}  // namespace rocmforge::engine
