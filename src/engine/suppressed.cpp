#include "engine/suppressed.h"

#include <cstdint>
#include <limits>
#include <string>

#include "base/error.h"

namespace rocmforge::engine {
namespace {

constexpr const char* kSuppressed = "tokenizer.ggml.suppress_tokens";
constexpr float kNever = -std::numeric_limits<float>::infinity();

}  // namespace

std::vector<LogitBias> suppressed_tokens(const gguf::File& file, const text::Tokenizer& tokenizer) {
  const auto listed = file.get_ints(kSuppressed).value_or(std::vector<std::int64_t>());
  if (listed.size() > kMaxLogitBiases) {
    throw Error(ErrorCode::kUnsupported, "[engine] " + file.path() + ": " + kSuppressed + ": " +
                                             std::to_string(listed.size()) + " tokens, more than " +
                                             std::to_string(kMaxLogitBiases));
  }
  std::vector<LogitBias> out;
  for (const std::int64_t id : listed) {
    if (id >= 0 && id < tokenizer.size()) {
      out.push_back({.token = static_cast<text::TokenId>(id), .bias = kNever});
    }
  }
  return out;
}

std::vector<LogitBias> end_tokens(const text::Tokenizer& tokenizer) {
  std::vector<LogitBias> out;
  for (text::TokenId id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.is_end_of_generation(id)) out.push_back({.token = id, .bias = kNever});
  }
  return out;
}

}  // namespace rocmforge::engine
