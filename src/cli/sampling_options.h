// The options on the choice of tokens, of every subcommand that generates, by llama.cpp's names.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/sampling/params.h"
#include "gguf/file.h"
#include "text/tokenizer.h"

namespace rocmforge::cli {

// As they were given.
struct SamplingOptions {
  engine::SamplingParams params;  // the numbers, but for
  std::int64_t top_k = 50;
  std::string seed;                     // empty or "-1": a random one
  std::string samplers;                 // as parse_samplers() takes it
  std::vector<std::string> logit_bias;  // as parse_logit_bias() takes each
  std::vector<std::string> breakers;    // of DRY, with escapes; empty: the usual ones
  bool ignore_eos = false;
  bool zero_top_k = false;  // --top-k 0 means all tokens, as llama.cpp has it
};

void add_sampling_options(CLI::App& command, SamplingOptions& options);

// "Invalid top_p: 2 must be in range (0.0, 1.0]": the first option out of its range, as a line of
// its own for the user; part of the surface that scripts rely on. Empty when there is none.
std::string range_error(const SamplingOptions& options);

// What the options ask for, once they are in range. A random seed is drawn here: call it once.
// Error{kUsage} for a seed that is no number.
engine::SamplingParams sampling_params(const SamplingOptions& options);
// A note on an option that another one leaves without effect.
void tell_what_does_nothing(const engine::SamplingParams& params);
// Tokens that are never chosen: those of the model's tokenizer.ggml.suppress_tokens, as llama.cpp
// does, and with --ignore-eos those that end an answer. Error{kUnsupported} naming the key for too
// many of them.
void forbid_tokens(engine::SamplingParams& params, const SamplingOptions& options,
                   const gguf::File& file, const text::Tokenizer& tokenizer);

}  // namespace rocmforge::cli
