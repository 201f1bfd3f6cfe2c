// What all endpoints that generate have in common.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/request.h"
#include "serve/context.h"
#include "serve/json/field.h"

namespace rocmforge::serve {

inline constexpr std::size_t kMostStops = 16;
inline constexpr std::size_t kMostStopBytes = 4096;
inline constexpr std::int64_t kMostTopLogProbs = 20;
inline constexpr std::int64_t kMostAnswers = 128;

struct StreamFields {
  bool stream = false;
  bool include_usage = false;
};
StreamFields read_stream(const Field& body);

// A request without a prompt: sampling, stop, max_tokens (max_completion_tokens and n_predict mean
// the same), what the answer is held to (response_format, grammar, json_schema), and cache_prompt.
// `usual_tokens`: where there is none; 0 and a -1 of the client's: to the end of the context.
engine::Request read_request(const Field& body, Context& context, std::int32_t usual_tokens);

// How many log-probabilities an answer in one may have: they are kept until all are there.
inline constexpr std::int64_t kMostLogProbValues = 3'000'000;
// BadField where `n_tokens` with so many of the likeliest beside each would have more.
void check_log_probs(const Field& field, std::int64_t n_tokens, std::int64_t n_top);

// BadField where one of these is asked for: what is not done is not passed over in silence.
void refuse_unsupported(const Field& body, std::initializer_list<std::string_view> names);

// "chatcmpl-...", of no other answer.
std::string new_id(std::string_view prefix);
std::int64_t seconds_now();
// The model's name in the answer: the client's, where that is one of its names.
std::string answering_model(const Field& body, const Context& context);

}  // namespace rocmforge::serve
