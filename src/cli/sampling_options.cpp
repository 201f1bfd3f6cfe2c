#include "cli/sampling_options.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>
#include <system_error>

#include "base/error.h"
#include "cli/help.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "engine/suppressed.h"

namespace rocmforge::cli {
namespace {

constexpr const char* kCommonGroup = "Choice of tokens";
constexpr const char* kRepetitionGroup = "Less repetition";
constexpr const char* kSamplersGroup = "Other samplers";

// A backslash and n, r, t, ", ', or a backslash, as they are typed in a shell.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const std::string_view from = "nrt\"'\\", to = "\n\r\t\"'\\";
    const std::size_t at = from.find(text[++i]);
    if (at == std::string_view::npos) out += '\\';
    out += at == std::string_view::npos ? text[i] : to[at];
  }
  return out;
}

std::uint64_t seed_of(const std::string& text) {
  if (text.empty() || text == "-1") return std::random_device{}();
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc() && stop == end) return seed;
  throw Error(ErrorCode::kUsage, "--seed: \"" + text +
                                     "\" is not a whole number from 0 to 18446744073709551615, "
                                     "nor -1 for a random one");
}

std::vector<std::string> breakers_of(const SamplingOptions& o) {
  if (o.breakers.empty()) return engine::SamplingParams{}.dry_breakers;
  std::vector<std::string> out;
  for (const std::string& text : o.breakers) {
    if (text != "none") out.push_back(unescaped(text));
  }
  return out;
}

// All but the seed. Errors: the parsers'.
engine::SamplingParams parsed(const SamplingOptions& o) {
  engine::SamplingParams out = o.params;
  out.top_k = static_cast<std::int32_t>(
      std::min<std::int64_t>(o.top_k, std::numeric_limits<std::int32_t>::max()));
  if (!o.samplers.empty()) out.samplers = engine::parse_samplers(o.samplers);
  for (const std::string& text : o.logit_bias) {
    out.logit_bias.push_back(engine::parse_logit_bias(text));
  }
  out.dry_breakers = breakers_of(o);
  return out;
}

// Adds to a group.
struct Adder {
  CLI::App& command;
  const char* group;

  template <class T>
  CLI::Option* add(const char* names, T& value, const char* type, const CLI::Validator& check,
                   const char* description) const {
    return command.add_option(names, value, description)
        ->type_name(type)
        ->transform(check)
        ->capture_default_str()
        ->group(group);
  }
  void number(const char* names, float& value, const char* description) const {
    add(names, value, "X", cli::number(), description);
  }
  void count(const char* names, std::int32_t& value, const char* description) const {
    constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
    add(names, value, "N", whole_number(-kMost - 1, kMost), description);
  }
  void texts(const char* names, std::vector<std::string>& value, const char* type,
             const char* description) const {
    command.add_option(names, value, description)
        ->type_name(type)
        ->allow_extra_args(false)
        ->group(group);
  }
};

void add_common(const Adder& to, SamplingOptions& o) {
  engine::SamplingParams& p = o.params;
  to.number("--temperature,--temp", p.temperature,
            "Spread of the choice; 0: always the likeliest token");
  to.add("--top-k", o.top_k, "N", whole_number(),
         o.zero_top_k ? "Choose among the N likeliest tokens; 0: among all"
                      : "Choose among the N likeliest tokens, from 1 on");
  to.number("--top-p", p.top_p, "Choose among the likeliest that add up to this probability");
  to.number("--min-p", p.min_p,
            "Drop tokens of less than this share of the likeliest one's probability");
  to.command.add_option("-s,--seed", o.seed, "Same seed, same text; -1: a random one [-1]")
      ->type_name("N")
      ->group(to.group);
  to.texts("-l,--logit-bias", o.logit_bias, "ID+X",
           "Add to a token's logit: 15043+1.5, 15043-2, 15043-inf for never; may be\n"
           "given several times (`tokenize` tells the ids)");
  to.command.add_flag("--ignore-eos", o.ignore_eos, "Never choose a token that ends the answer")
      ->group(to.group);
  to.command
      .add_option("--samplers", o.samplers,
                  "What comes in which order, with ; between "
                  "[penalties;dry;top_n_sigma;\ntop_k;typ_p;top_p;min_p;xtc;temperature]")
      ->type_name("NAMES")
      ->group(to.group);
}

void add_repetition(const Adder& to, SamplingOptions& o) {
  engine::SamplingParams& p = o.params;
  to.number("--repeat-penalty", p.repeat_penalty,
            "Above 1: makes tokens that occurred less likely");
  to.number("--presence-penalty", p.presence_penalty, "Off the logit of tokens that occurred");
  to.number("--frequency-penalty", p.frequency_penalty, "The same, times how often they did");
  to.count("--repeat-last-n", p.repeat_last,
           "Tokens that these three look back over; -1: all; 0: off");
  to.number("--dry-multiplier", p.dry_multiplier,
            "Off the logit of what goes on with a repetition (DRY); 0: off");
  to.number("--dry-base", p.dry_base, "This times as much for each token more that repeats");
  to.count("--dry-allowed-length", p.dry_allowed_length, "Tokens that may repeat without penalty");
  to.count("--dry-penalty-last-n", p.dry_last, "Tokens that DRY looks through; -1: all; 0: off");
  to.texts("--dry-sequence-breaker", o.breakers, "TEXT",
           "No repetition reaches over this; may be given several times; none: nothing\n"
           "does [\\n : \" *]");
}

void add_others(const Adder& to, SamplingOptions& o) {
  engine::SamplingParams& p = o.params;
  to.number("--typical,--typical-p", p.typical_p,
            "Choose among tokens about as surprising as the text; 1: off");
  to.number("--top-n-sigma,--top-nsigma", p.top_n_sigma,
            "Drop logits so many standard deviations below the best; 0, -1: off");
  to.number("--xtc-probability", p.xtc_probability,
            "How often all likely tokens but the last are dropped (XTC); 0: off");
  to.number("--xtc-threshold", p.xtc_threshold, "From this probability on a token is likely");
  to.number("--dynatemp-range", p.dynatemp_range,
            "Temperature plus or minus this, more where the choice is open; 0: off");
  to.number("--dynatemp-exp", p.dynatemp_exponent, "How soon it is more");
  to.count("--mirostat", p.mirostat,
           "Keep to a surprise, by version 1 or 2, instead of all samplers but the\n"
           "temperature; 0: off");
  to.number("--mirostat-ent", p.mirostat_tau, "The surprise, in bits a token");
  to.number("--mirostat-lr", p.mirostat_eta, "How fast it is come back to");
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingOptions& o) {
  add_common({command, kCommonGroup}, o);
  add_repetition({command, kRepetitionGroup}, o);
  add_others({command, kSamplersGroup}, o);
}

std::string range_error(const SamplingOptions& o) {
  try {
    engine::SamplingParams params = parsed(o);
    // 0 stands for all tokens within the program; where scripts rely on its being refused, users
    // leave top_k out of --samplers.
    if (o.top_k < 0 || (o.top_k == 0 && !o.zero_top_k)) params.top_k = -1;
    return with_option_name(engine::range_error(params));
  } catch (const Error& e) {
    return with_option_name(e.what());
  }
}

engine::SamplingParams sampling_params(const SamplingOptions& o) {
  engine::SamplingParams out = parsed(o);
  for (const std::string& text : out.dry_breakers) check_utf8(text, "--dry-sequence-breaker");
  out.seed = seed_of(o.seed);
  return out;
}

void tell_what_does_nothing(const engine::SamplingParams& params) {
  const auto& samplers = params.samplers;
  const bool leaves_out = std::find(samplers.begin(), samplers.end(),
                                    engine::SamplerKind::kTemperature) == samplers.end();
  if (params.temperature == 0 && leaves_out && params.mirostat == 0) {
    print_note("--temp 0 does nothing: --samplers leaves out temperature");
  }
}

void forbid_tokens(engine::SamplingParams& params, const SamplingOptions& options,
                   const gguf::File& file, const text::Tokenizer& tokenizer) {
  const auto forbid = [&](const std::vector<engine::LogitBias>& tokens) {
    params.logit_bias.insert(params.logit_bias.end(), tokens.begin(), tokens.end());
  };
  forbid(engine::suppressed_tokens(file, tokenizer));
  if (options.ignore_eos) forbid(engine::end_tokens(tokenizer));
}

}  // namespace rocmforge::cli
