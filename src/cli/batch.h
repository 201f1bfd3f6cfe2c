// `generate --batch` and `--answers`: many prompts, or many answers to one, together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/model_options.h"
#include "constrain/grammar.h"
#include "engine/request.h"

namespace rocmforge::cli {

struct BatchOptions {
  std::string path;                   // one prompt a line; "-": standard input
  std::optional<std::string> prompt;  // instead of a file; its answers are text, not JSON
  std::int32_t answers = 1;           // to each prompt
  std::int32_t parallel = 1;          // answers that run together, at most
  bool hide_thinking = false;
  std::shared_ptr<const constrain::Grammar> grammar = {};  // that every answer is held to
};

// What the model's file makes of a line.
using RequestMaker = std::function<engine::Request(const std::string& line)>;
// Called once with the model's file and tokenizer, which outlive what it returns.
using RequestMakerMaker =
    std::function<RequestMaker(const gguf::File& file, const text::Tokenizer& tokenizer)>;

// Returns the exit code: that of an error when a prompt was refused or failed.
int run_batch(const ModelOptions& model, const BatchOptions& options,
              const RequestMakerMaker& maker);

}  // namespace rocmforge::cli
