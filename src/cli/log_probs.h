// Log-probabilities, and an answer with them, as users read them.
#pragma once

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "engine/request.h"
#include "text/tokenizer.h"

namespace rocmforge::cli {

// "request_id: 0 ...": an answer that is whole, as scripts know it, with a part for the
// log-probabilities where there are some.
std::string to_text(std::size_t id, const engine::Completion& answer, bool hide_thinking,
                    const text::Tokenizer& tokenizer);

// "logprobs:", then a line a token: log-probability, id, text in quotes; the likeliest behind it in
// brackets. Empty where there are none.
std::string log_probs_text(const engine::LogProbList& all, const text::Tokenizer& tokenizer);
// [{"id", "token", "logprob", "top": [{"id", "token", "logprob"}, ...]}, ...]; null for a
// probability of 0.
boost::json::array log_probs_json(const engine::LogProbList& all, const text::Tokenizer& tokenizer);

}  // namespace rocmforge::cli
