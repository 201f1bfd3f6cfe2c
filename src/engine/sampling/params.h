// What a request asks for about the choice of its tokens: names, defaults and ranges, and how they
// are read from text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocab.h"

namespace rocmforge::engine {

// The samplers of a chain, by the names that llama.cpp's --samplers has.
enum class SamplerKind : std::uint8_t {
  kPenalties,    // repeated tokens become less likely: repeat, presence, frequency
  kDry,          // so do tokens that go on with a repetition
  kTopNSigma,    // drops what lies too many standard deviations below the best logit
  kTopK,         // keeps that many
  kTypicalP,     // keeps what is about as surprising as the whole distribution
  kTopP,         // keeps the likeliest that add up to it
  kMinP,         // keeps what has this share of the likeliest one's probability
  kXtc,          // at times drops all likely tokens but the least likely of them
  kTemperature,  // the spread, fixed or by entropy
};
std::string_view to_string(SamplerKind kind);  // "penalties", ...
// penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature
const std::vector<SamplerKind>& default_samplers();

struct LogitBias {
  text::TokenId token = 0;
  float bias = 0;  // finite, or -inf: never chosen
  bool operator==(const LogitBias&) const = default;
};

// Each value's range stands in params.cpp, where range_error() looks. Mirostat takes the place of
// all samplers but the temperature.
struct SamplingParams {
  float temperature = 1.0f;       // 0: the likeliest token
  std::int32_t top_k = 50;        // 0: all
  float top_p = 0.9f;             // 1: all
  float min_p = 0;                // 0: all
  float repeat_penalty = 1;       // 1: none
  std::int32_t repeat_last = 64;  // tokens that the penalties look back over; -1: all; 0: none
  std::uint64_t seed = 0;
  float presence_penalty = 0;   // off the logit of what occurred
  float frequency_penalty = 0;  // the same, times how often
  float typical_p = 1;          // 1: all
  float top_n_sigma = -1;       // 0 and below: all
  float xtc_probability = 0;    // of a step that drops; 0: none does
  float xtc_threshold = 0.1f;  // least probability of a likely token; above 0.5: nothing is dropped
  float dynatemp_range = 0;    // temperature +- this, by entropy; 0: fixed
  float dynatemp_exponent = 1;
  float dry_multiplier = 0;             // 0: none
  float dry_base = 1.75f;               // below 1: none
  std::int32_t dry_allowed_length = 2;  // tokens that may repeat unpunished
  std::int32_t dry_last = 64;           // tokens that are looked through; -1: all; 0: none
  std::vector<std::string> dry_breakers = {"\n", ":", "\"", "*"};  // no repetition goes over these
  std::int32_t mirostat = 0;                                       // 0: none; 1, 2: the version
  float mirostat_tau = 5;                                          // surprise to keep to, in bits
  float mirostat_eta = 0.1f;                                       // how fast
  std::vector<LogitBias> logit_bias = {};                          // before all else
  std::vector<SamplerKind> samplers = default_samplers();
  std::int32_t n_logprobs = -1;  // log-probabilities of the chosen token and so many likeliest; -1:
                                 // none
};

inline constexpr std::int32_t kMaxLogprobs = 100;
inline constexpr std::size_t kMaxSamplers = 32;      // of a chain
inline constexpr std::size_t kMaxBreakers = 64;      // of DRY
inline constexpr std::size_t kMaxBreakerBytes = 40;  // as llama.cpp has it
inline constexpr std::size_t kMaxLogitBiases = 4096;

// "Invalid top_p: 2 must be in range (0.0, 1.0]": the first value out of its range, by the name
// that it has in requests; empty when there is none.
std::string range_error(const SamplingParams& params);
// The same for what depends on the model: tokens outside the vocabulary.
std::string range_error(const SamplingParams& params, std::int64_t n_vocab);

// "top_k;temperature", with ; or , between; llama.cpp's other spellings (top-k, typical_p, temp,
// ...) are understood. Error{kInvalidArgument} naming the culprit and the known names.
std::vector<SamplerKind> parse_samplers(std::string_view text);
// "15043+1.5", "15043-1", "15043-inf". Error{kInvalidArgument} saying what is wrong.
LogitBias parse_logit_bias(std::string_view text);
// Sets one of the numbers by its name in requests ("top_k", "temperature", "repeat_last_n", ...)
// from decimal text. False for another name; Error{kInvalidArgument} where the text is no number of
// its type. Ranges are range_error()'s.
bool set_number(SamplingParams& params, std::string_view name, std::string_view text);

// The seed of answer i of several to one prompt: its own stream of random numbers. Answer 0 is the
// one that the seed alone gives.
std::uint64_t answer_seed(std::uint64_t seed, std::uint32_t answer);

}  // namespace rocmforge::engine
