// `generate --batch`: many prompts together, answers as JSON lines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/model_options.h"
#include "engine/request.h"

namespace rocmforge::cli {

struct BatchOptions {
  std::string path;           // one prompt a line; "-": standard input
  std::int32_t parallel = 1;  // prompts that run together, at most
  bool hide_thinking = false;
};

// What the model's file makes of a line.
using RequestMaker = std::function<engine::Request(const std::string& line)>;
// Called once with the model's file and tokenizer, which outlive what it returns.
using RequestMakerMaker =
    std::function<RequestMaker(const gguf::File& file, const text::Tokenizer& tokenizer)>;

// Returns the exit code: that of an error when a prompt was refused or failed.
int run_batch(ModelOptions model, const BatchOptions& options, const RequestMakerMaker& maker);

}  // namespace rocmforge::cli
