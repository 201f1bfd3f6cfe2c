// Any bytes as the parameters of a request, a line each: "name=value" as set_number takes it,
// "samplers=...", "logit_bias=...", "dry_sequence_breaker=...". What is in range chooses tokens of
// logits that the bytes make too, and the choice is a token that there is.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "engine/sampling/chain.h"
#include "engine/sampling/log_probs.h"

namespace {

using namespace rocmforge;
using namespace rocmforge::engine;

constexpr std::int64_t kVocab = 40;

void set(SamplingParams& params, std::string_view name, std::string_view value) {
  if (name == "samplers") {
    params.samplers = parse_samplers(value);
  } else if (name == "logit_bias") {
    params.logit_bias.push_back(parse_logit_bias(value));
  } else if (name == "dry_sequence_breaker") {
    params.dry_breakers.emplace_back(value);
  } else {
    set_number(params, name, value);
  }
}

SamplingParams parse(std::string_view text) {
  SamplingParams params;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    try {
      set(params, line.substr(0, equals), line.substr(equals + 1));
    } catch (const Error& e) {
      check(e.code() == ErrorCode::kInvalidArgument, "a wrong value is the caller's fault");
      check(std::string_view(e.what()).starts_with("Invalid "), "an error names its parameter");
    }
  }
  return params;
}

// Any floats, whatever they are.
std::vector<float> logits_of(const std::uint8_t* data, std::size_t size) {
  std::vector<float> out(kVocab, 0);
  std::memcpy(out.data(), data, std::min(size, out.size() * sizeof(float)));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SamplingParams params = parse({reinterpret_cast<const char*>(data), size});
  if (!range_error(params, kVocab).empty()) return 0;
  const std::vector<float> logits = logits_of(data, size);
  auto breakers = std::make_shared<DryBreakers>();
  (*breakers)[3] = {{}, {4, 5}};
  SamplerChain chain(params, kVocab, breakers);
  std::vector<text::TokenId> history;
  for (std::size_t i = 0; i < size; ++i) history.push_back(data[i] % (kVocab + 1));
  for (std::int64_t position = 0; position < 4; ++position) {
    chain.look_back(history);
    if (chain.on_device()) {
      check(chain.params(position).temperature >= 0, "the device is asked for what it has");
    }
    const text::TokenId token = chain.choose(logits, history, position);
    check(token >= -1 && token < kVocab, "a token of the vocabulary, or none");
    if (token < 0) break;
    check(!std::isnan(logits[static_cast<std::size_t>(token)]), "no NaN is chosen");
    log_probs(logits, token, std::max(params.n_logprobs, 0));
    history.push_back(token);
  }
  return 0;
}
