#include "serve/openai/sampling_fields.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <random>

#include "base/error.h"
#include "engine/suppressed.h"

namespace rocmforge::serve {
namespace {

using engine::SamplingParams;

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr std::size_t kMostBiasBytes = 1024;
constexpr double kAnyNumber = 1e30;
constexpr std::int64_t kAnyInteger = std::numeric_limits<std::int32_t>::max();

struct Number {
  std::string_view name;
  float SamplingParams::* value;
  double least = -kAnyNumber, most = kAnyNumber;  // the rest is range_error()'s
};
constexpr std::array kNumbers = {
    Number{"temperature", &SamplingParams::temperature},
    Number{"top_p", &SamplingParams::top_p, 0, 1},
    Number{"min_p", &SamplingParams::min_p},
    Number{"typical_p", &SamplingParams::typical_p, 0, 1},
    Number{"top_n_sigma", &SamplingParams::top_n_sigma},
    Number{"xtc_probability", &SamplingParams::xtc_probability},
    Number{"xtc_threshold", &SamplingParams::xtc_threshold},
    Number{"repetition_penalty", &SamplingParams::repeat_penalty},
    Number{"repeat_penalty", &SamplingParams::repeat_penalty},
    Number{"presence_penalty", &SamplingParams::presence_penalty, -2, 2},
    Number{"frequency_penalty", &SamplingParams::frequency_penalty, -2, 2},
    Number{"dynatemp_range", &SamplingParams::dynatemp_range},
    Number{"dynatemp_exponent", &SamplingParams::dynatemp_exponent},
    Number{"dry_multiplier", &SamplingParams::dry_multiplier},
    Number{"dry_base", &SamplingParams::dry_base},
    Number{"mirostat_tau", &SamplingParams::mirostat_tau},
    Number{"mirostat_eta", &SamplingParams::mirostat_eta},
};

struct Integer {
  std::string_view name;
  std::int32_t SamplingParams::* value;
};
constexpr std::array kIntegers = {
    Integer{"repeat_last_n", &SamplingParams::repeat_last},
    Integer{"dry_allowed_length", &SamplingParams::dry_allowed_length},
    Integer{"dry_penalty_last_n", &SamplingParams::dry_last},
    Integer{"mirostat", &SamplingParams::mirostat},
};

std::uint64_t read_seed(const Field& field) {
  // -1, as llama.cpp has it, is a random one; other negative ones are seeds.
  const std::int64_t seed = field.integer_or(-1, std::numeric_limits<std::int64_t>::min(),
                                             std::numeric_limits<std::int64_t>::max());
  if (seed != -1) return static_cast<std::uint64_t>(seed);
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

// A token's id, in text or as a number.
text::TokenId token_id(const Field& field, std::string_view text,
                       const text::Tokenizer& tokenizer) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    field.bad(fmt::format("\"{}\" is not a token's id", text));
  }
  if (id < 0 || id >= tokenizer.size()) {
    field.bad(fmt::format("there is no token {}: the vocabulary has {}", id, tokenizer.size()));
  }
  return static_cast<text::TokenId>(id);
}

float bias_of(const Field& field, double most) {
  if (field.is_bool()) {  // llama.cpp: false is never
    if (field.flag()) field.bad("is true: a number or false is needed");
    return kNever;
  }
  const double bias = field.number(-most, most);
  return bias <= -100 ? kNever : static_cast<float>(bias);
}

void read_logit_bias(const Field& field, const text::Tokenizer& tokenizer, SamplingParams& out) {
  if (!field) return;
  if (field.is_object()) {
    for (const auto& [name, value] : field.members()) {
      out.logit_bias.push_back(
          {.token = token_id(value, name, tokenizer), .bias = bias_of(value, 100)});
    }
    return;
  }
  for (const Field& item : field.items(engine::kMaxLogitBiases)) {  // as llama.cpp has them
    const std::vector<Field> pair = item.items(2);
    if (pair.size() != 2) item.bad("is not [token, bias]");
    const float bias = bias_of(pair[1], kAnyNumber);
    if (pair[0].is_text()) {
      if (pair[0].text().size() > kMostBiasBytes) pair[0].bad("is longer than a word");
      for (const text::TokenId id : tokenizer.encode(pair[0].text(), {.add_special = false})) {
        out.logit_bias.push_back({.token = id, .bias = bias});
      }
    } else {
      const auto id = pair[0].integer(0, tokenizer.size() - 1);
      out.logit_bias.push_back({.token = static_cast<text::TokenId>(id), .bias = bias});
    }
  }
}

void read_samplers(const Field& field, SamplingParams& out) {
  if (!field) return;
  std::string names;
  if (field.is_text()) {
    names = field.text();
  } else {
    for (const Field& name : field.items(engine::kMaxSamplers)) {
      names.append(names.empty() ? "" : ";").append(name.text());
    }
  }
  try {
    out.samplers = engine::parse_samplers(names);
  } catch (const Error& e) {
    throw BadField(field.path(), e.what());
  }
}

void read_breakers(const Field& field, SamplingParams& out) {
  if (!field) return;
  out.dry_breakers.clear();
  for (const Field& item : field.items(engine::kMaxBreakers)) {
    out.dry_breakers.emplace_back(item.text());
  }
}

// The field that "Invalid NAME: ..." speaks of.
std::string field_of(std::string_view range_error) {
  constexpr std::string_view kBefore = "Invalid ";
  if (!range_error.starts_with(kBefore)) return "";
  range_error.remove_prefix(kBefore.size());
  return std::string(range_error.substr(0, range_error.find(':')));
}

}  // namespace

SamplingParams read_sampling(const Field& body, const text::Tokenizer& tokenizer) {
  SamplingParams out;
  out.top_k = 0;
  out.top_p = 1;
  for (const Number& number : kNumbers) {
    if (const Field field = body.at(number.name)) {
      out.*number.value = static_cast<float>(field.number(number.least, number.most));
    }
  }
  // At 0 the likeliest token alone is left.
  for (float* share : {&out.top_p, &out.typical_p}) {
    *share = std::max(*share, std::numeric_limits<float>::min());
  }
  for (const Integer& integer : kIntegers) {
    if (const Field field = body.at(integer.name)) {
      out.*integer.value = static_cast<std::int32_t>(field.integer(-kAnyInteger, kAnyInteger));
    }
  }
  // 0 and below: all.
  out.top_k = static_cast<std::int32_t>(
      std::max<std::int64_t>(0, body.at("top_k").integer_or(0, -kAnyInteger, kAnyInteger)));
  out.seed = read_seed(body.at("seed"));
  read_logit_bias(body.at("logit_bias"), tokenizer, out);
  read_samplers(body.at("samplers"), out);
  read_breakers(body.at("dry_sequence_breakers"), out);
  if (body.at("ignore_eos").flag_or(false)) {
    const auto ends = engine::end_tokens(tokenizer);
    out.logit_bias.insert(out.logit_bias.end(), ends.begin(), ends.end());
  }
  const std::string wrong = engine::range_error(out, tokenizer.size());
  if (!wrong.empty()) throw BadField(field_of(wrong), wrong);
  return out;
}

}  // namespace rocmforge::serve
