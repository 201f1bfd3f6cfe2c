#include "engine/sampling/params.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <system_error>

#include "base/error.h"
#include "base/random.h"

namespace rocmforge::engine {
namespace {

struct Name {
  std::string_view name;
  SamplerKind kind;
};

// The first of a kind is its own; the others are llama.cpp's spellings.
constexpr std::array kNames = {
    Name{"penalties", SamplerKind::kPenalties},
    Name{"dry", SamplerKind::kDry},
    Name{"top_n_sigma", SamplerKind::kTopNSigma},
    Name{"top_k", SamplerKind::kTopK},
    Name{"typ_p", SamplerKind::kTypicalP},
    Name{"top_p", SamplerKind::kTopP},
    Name{"min_p", SamplerKind::kMinP},
    Name{"xtc", SamplerKind::kXtc},
    Name{"temperature", SamplerKind::kTemperature},
    Name{"top-n-sigma", SamplerKind::kTopNSigma},
    Name{"top-k", SamplerKind::kTopK},
    Name{"typical_p", SamplerKind::kTypicalP},
    Name{"typical-p", SamplerKind::kTypicalP},
    Name{"typical", SamplerKind::kTypicalP},
    Name{"typ-p", SamplerKind::kTypicalP},
    Name{"typ", SamplerKind::kTypicalP},
    Name{"top-p", SamplerKind::kTopP},
    Name{"nucleus", SamplerKind::kTopP},
    Name{"min-p", SamplerKind::kMinP},
    Name{"temp", SamplerKind::kTemperature},
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kBelowInfinity = std::numeric_limits<float>::max();
constexpr float kAboveZero = std::numeric_limits<float>::denorm_min();

// A number's name, its range (both ends in it) and what a value outside is told.
template <class T>
struct Number {
  std::string_view name;
  T SamplingParams::* value;
  T least, most;
  std::string_view rule;
  bool tells_value = true;  // "Invalid top_k: RULE" else
};

constexpr std::array kFloats = {
    Number<float>{"temperature", &SamplingParams::temperature, 0, kBelowInfinity,
                  "must be non-negative"},
    Number<float>{"top_p", &SamplingParams::top_p, kAboveZero, 1, "must be in range (0.0, 1.0]"},
    Number<float>{"min_p", &SamplingParams::min_p, 0, 1, "must be in range [0.0, 1.0]"},
    Number<float>{"typical_p", &SamplingParams::typical_p, kAboveZero, 1,
                  "must be in range (0.0, 1.0]"},
    Number<float>{"top_n_sigma", &SamplingParams::top_n_sigma, -kBelowInfinity, kBelowInfinity,
                  "must be a finite number (0 or below: off)"},
    Number<float>{"xtc_probability", &SamplingParams::xtc_probability, 0, 1,
                  "must be in range [0.0, 1.0]"},
    Number<float>{"xtc_threshold", &SamplingParams::xtc_threshold, 0, 1,
                  "must be in range [0.0, 1.0]"},
    Number<float>{"repeat_penalty", &SamplingParams::repeat_penalty, kAboveZero, kBelowInfinity,
                  "must be greater than 0"},
    Number<float>{"presence_penalty", &SamplingParams::presence_penalty, -kBelowInfinity,
                  kBelowInfinity, "must be a finite number"},
    Number<float>{"frequency_penalty", &SamplingParams::frequency_penalty, -kBelowInfinity,
                  kBelowInfinity, "must be a finite number"},
    Number<float>{"dynatemp_range", &SamplingParams::dynatemp_range, 0, kBelowInfinity,
                  "must be non-negative"},
    Number<float>{"dynatemp_exponent", &SamplingParams::dynatemp_exponent, 0, kBelowInfinity,
                  "must be non-negative"},
    Number<float>{"dry_multiplier", &SamplingParams::dry_multiplier, 0, kBelowInfinity,
                  "must be non-negative"},
    Number<float>{"dry_base", &SamplingParams::dry_base, 0, kBelowInfinity,
                  "must be non-negative (below 1: off)"},
    Number<float>{"mirostat_tau", &SamplingParams::mirostat_tau, 0, kBelowInfinity,
                  "must be non-negative"},
    Number<float>{"mirostat_eta", &SamplingParams::mirostat_eta, 0, kBelowInfinity,
                  "must be non-negative"},
};

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr std::string_view kLastRule = "must be at least -1 (-1: all, 0: off)";

constexpr std::array kInts = {
    Number<std::int32_t>{"top_k", &SamplingParams::top_k, 0, kMost, "must be greater than 0",
                         false},
    Number<std::int32_t>{"repeat_last_n", &SamplingParams::repeat_last, -1, kMost, kLastRule},
    Number<std::int32_t>{"dry_allowed_length", &SamplingParams::dry_allowed_length, 0, kMost,
                         "must be non-negative"},
    Number<std::int32_t>{"dry_penalty_last_n", &SamplingParams::dry_last, -1, kMost, kLastRule},
    Number<std::int32_t>{"mirostat", &SamplingParams::mirostat, 0, 2, "must be 0, 1 or 2"},
    Number<std::int32_t>{"n_probs", &SamplingParams::n_logprobs, -1, kMaxLogprobs,
                         "must be in range [0, 100] (-1: none)"},
};

// The shortest text that gives the number again: 0.95, 2, 1e+30, nan.
template <class T>
std::string text_of(T value) {
  if (value != value) return "nan";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc() ? std::string(text, end) : "?";
}

std::string invalid(std::string_view name, std::string_view what) {
  return "Invalid " + std::string(name) + ": " + std::string(what);
}

template <class T>
std::string error_in(const SamplingParams& params, std::span<const Number<T>> numbers) {
  for (const Number<T>& n : numbers) {
    const T value = params.*n.value;
    if (value >= n.least && value <= n.most) continue;  // no NaN is
    return invalid(n.name, (n.tells_value ? text_of(value) + " " : "") + std::string(n.rule));
  }
  return "";
}

std::string breaker_error(const SamplingParams& params) {
  if (params.dry_breakers.size() > kMaxBreakers) {
    return invalid("dry_sequence_breakers", "must be at most " + text_of(kMaxBreakers));
  }
  for (const std::string& breaker : params.dry_breakers) {
    if (breaker.empty()) return invalid("dry_sequence_breakers", "a text is empty");
    if (breaker.size() > kMaxBreakerBytes) {
      return invalid("dry_sequence_breakers", "a text of " + text_of(breaker.size()) +
                                                  " bytes exceeds maximum of " +
                                                  text_of(kMaxBreakerBytes));
    }
  }
  return "";
}

template <class T>
T parsed(std::string_view name, std::string_view text, std::string_view kind) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end) return value;
  throw Error(ErrorCode::kInvalidArgument,
              invalid(name, "\"" + std::string(text) + "\" is not " + std::string(kind)));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

SamplerKind kind_of(std::string_view name) {
  for (const Name& n : kNames) {
    if (n.name == name) return n.kind;
  }
  std::string known;
  for (const SamplerKind kind : default_samplers()) {
    known += (known.empty() ? "" : ", ") + std::string(to_string(kind));
  }
  throw Error(ErrorCode::kInvalidArgument,
              invalid("samplers", "\"" + std::string(name) + "\" is not one of " + known));
}

}  // namespace

std::string_view to_string(SamplerKind kind) {
  for (const Name& n : kNames) {
    if (n.kind == kind) return n.name;
  }
  return "?";
}

const std::vector<SamplerKind>& default_samplers() {
  static const std::vector<SamplerKind> order = {
      SamplerKind::kPenalties, SamplerKind::kDry,      SamplerKind::kTopNSigma,
      SamplerKind::kTopK,      SamplerKind::kTypicalP, SamplerKind::kTopP,
      SamplerKind::kMinP,      SamplerKind::kXtc,      SamplerKind::kTemperature};
  return order;
}

std::string range_error(const SamplingParams& params) {
  // Temperature, top_k, top_p, ...: the order that errors have always come in.
  const std::span<const Number<float>> floats(kFloats);
  std::string wrong = error_in<float>(params, floats.first(1));
  if (wrong.empty()) wrong = error_in<std::int32_t>(params, kInts);
  if (wrong.empty()) wrong = error_in<float>(params, floats.subspan(1));
  if (wrong.empty()) wrong = breaker_error(params);
  if (!wrong.empty()) return wrong;
  if (params.samplers.size() > kMaxSamplers) {
    return invalid("samplers", "must be at most " + text_of(kMaxSamplers));
  }
  if (params.logit_bias.size() > kMaxLogitBiases) {
    return invalid("logit_bias", "must be of at most " + text_of(kMaxLogitBiases) + " tokens");
  }
  for (const LogitBias& b : params.logit_bias) {
    if (std::isfinite(b.bias) || b.bias == -kInfinity) continue;
    return invalid("logit_bias", text_of(b.bias) + " of token " + text_of(b.token) +
                                     " must be a finite number or -inf");
  }
  return "";
}

std::string range_error(const SamplingParams& params, std::int64_t n_vocab) {
  std::string wrong = range_error(params);
  if (!wrong.empty()) return wrong;
  for (const LogitBias& b : params.logit_bias) {
    if (b.token >= 0 && b.token < n_vocab) continue;
    return invalid("logit_bias", "token " + text_of(b.token) + " must be in range [0, " +
                                     text_of(n_vocab - 1) + "]");
  }
  return "";
}

std::vector<SamplerKind> parse_samplers(std::string_view text) {
  std::vector<SamplerKind> out;
  if (trimmed(text).empty()) return out;  // none: the whole distribution
  while (true) {
    const std::size_t end = text.find_first_of(";,");
    out.push_back(kind_of(trimmed(text.substr(0, end))));
    if (out.size() > kMaxSamplers) {
      throw Error(ErrorCode::kInvalidArgument,
                  invalid("samplers", "must be at most " + text_of(kMaxSamplers)));
    }
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

LogitBias parse_logit_bias(std::string_view text) {
  const std::size_t sign = text.find_first_of("+-", 1);
  if (text.empty() || sign == std::string_view::npos) {
    throw Error(ErrorCode::kInvalidArgument,
                invalid("logit_bias",
                        "\"" + std::string(text) + "\" is not TOKEN_ID+BIAS or TOKEN_ID-BIAS"));
  }
  const bool below = text[sign] == '-';
  LogitBias out;
  out.token = parsed<std::int32_t>("logit_bias", text.substr(0, sign), "a token id");
  const std::string_view size = text.substr(sign + 1);
  if (below && (size == "inf" || size == "infinity")) return {out.token, -kInfinity};
  out.bias = parsed<float>("logit_bias", size, "a finite number");
  if (!std::isfinite(out.bias) || std::signbit(out.bias)) {
    throw Error(
        ErrorCode::kInvalidArgument,
        invalid("logit_bias", "\"" + std::string(text) + "\": the bias must be finite, or -inf"));
  }
  if (below) out.bias = -out.bias;
  return out;
}

bool set_number(SamplingParams& params, std::string_view name, std::string_view text) {
  for (const Number<float>& n : kFloats) {
    if (n.name != name) continue;
    params.*n.value = parsed<float>(name, text, "a number");
    return true;
  }
  for (const Number<std::int32_t>& n : kInts) {
    if (n.name != name) continue;
    params.*n.value = parsed<std::int32_t>(name, text, "a whole number");
    return true;
  }
  if (name != "seed") return false;
  params.seed = parsed<std::uint64_t>(name, text, "a whole number from 0 to 18446744073709551615");
  return true;
}

std::uint64_t answer_seed(std::uint64_t seed, std::uint32_t answer) {
  if (answer == 0) return seed;
  constexpr std::uint64_t kStream = 2ULL << 32;  // apart from what draws (base/random.h)
  const RandomWords words = philox(seed, answer, kStream);
  return std::uint64_t{words.word[1]} << 32 | words.word[0];
}

}  // namespace rocmforge::engine
