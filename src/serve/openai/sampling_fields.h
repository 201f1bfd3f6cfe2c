// How tokens are to be chosen, as a body says it: OpenAI's names, and llama.cpp's.
#pragma once

#include "engine/sampling/params.h"
#include "serve/json/field.h"
#include "text/tokenizer.h"

namespace rocmforge::serve {

// Defaults are OpenAI's: temperature 1, nothing is cut off, a seed at random. BadField names the
// field that is wrong.
engine::SamplingParams read_sampling(const Field& body, const text::Tokenizer& tokenizer);

}  // namespace rocmforge::serve
