// What a caller asks for and what becomes of it: values, never exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/thinking.h"
#include "text/vocab.h"

namespace rocmforge::engine {

struct SamplingParams {
  float temperature = 1.0f;  // 0: the likeliest token
  std::int32_t top_k = 50;   // 0: all
  float top_p = 0.9f;        // (0, 1]
  float min_p = 0;           // [0, 1]: at least this share of the likeliest token's probability
  float repeat_penalty = 1;  // > 0; 1: none
  std::int32_t repeat_last = 64;  // tokens that the penalty looks back over
  std::uint64_t seed = 0;
};

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
  Timing timing;
  bool context_full = false;  // kLength before max_tokens was reached
  std::string error;          // for kFailed
};

// The request was never started.
struct Rejected {
  std::string message;
};

using Result = std::variant<Completion, Rejected>;

}  // namespace rocmforge::engine
