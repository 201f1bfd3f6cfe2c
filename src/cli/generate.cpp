// `rocmforge generate`: completes a prompt as given.
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/app.h"
#include "cli/model_options.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

constexpr std::int64_t kMaxTokens = 8192;

struct Options {
  ModelOptions model;
  std::string prompt;
  std::string tokenizer;
  std::int64_t max_tokens = 128;
  double temperature = 1.0;
  std::int64_t top_k = 50;
  double top_p = 0.9;
  double min_p = 0;
  double repeat_penalty = 1;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> stop;
  bool stream = false;
};

std::atomic<bool> interrupted{false};

void on_interrupt(int) {
  interrupted.store(true);
  std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C ends the program at once
}

// The texts are part of the surface that scripts rely on. Empty when all is in range.
std::string range_error(const Options& o) {
  if (o.max_tokens <= 0) return "Invalid max_tokens: must be greater than 0";
  if (o.max_tokens > kMaxTokens) {
    return fmt::format("Invalid max_tokens: {} exceeds maximum of {}", o.max_tokens, kMaxTokens);
  }
  if (!(o.temperature >= 0) || std::isinf(o.temperature)) {
    return fmt::format("Invalid temperature: {} must be non-negative", o.temperature);
  }
  if (o.top_k <= 0) return "Invalid top_k: must be greater than 0";
  if (!(o.top_p > 0 && o.top_p <= 1)) {
    return fmt::format("Invalid top_p: {} must be in range (0.0, 1.0]", o.top_p);
  }
  if (!(o.min_p >= 0 && o.min_p <= 1)) {
    return fmt::format("Invalid min_p: {} must be in range [0.0, 1.0]", o.min_p);
  }
  if (!(o.repeat_penalty > 0) || std::isinf(o.repeat_penalty)) {
    return fmt::format("Invalid repeat_penalty: {} must be greater than 0", o.repeat_penalty);
  }
  return "";
}

engine::Request make_request(const Options& o, const text::Tokenizer& tokenizer) {
  engine::Request request;
  request.prompt = tokenizer.encode(o.prompt, {.add_special = true, .parse_special = true});
  request.max_tokens = static_cast<std::int32_t>(o.max_tokens);
  request.stop = o.stop;
  request.sampling = {.temperature = static_cast<float>(o.temperature),
                      .top_k = static_cast<std::int32_t>(std::min<std::int64_t>(o.top_k, 1 << 30)),
                      .top_p = static_cast<float>(o.top_p),
                      .min_p = static_cast<float>(o.min_p),
                      .repeat_penalty = static_cast<float>(o.repeat_penalty),
                      .seed = o.seed ? *o.seed : std::random_device{}()};
  return request;
}

double rate(std::int64_t n, double seconds) {
  return seconds > 0 ? static_cast<double>(n) / seconds : 0;
}

void print_timing(const Session& session, const engine::Timing& t, std::uint64_t seed) {
  const std::int32_t n_after = std::max(0, t.n_generated - 1);
  print_note(fmt::format(
      "load {:.2f} s | first token {:.3f} s | prompt {} tokens, {:.1f} tokens/s | generated {} "
      "tokens, {:.1f} tokens/s | seed {}",
      session.load_seconds(), t.prompt_seconds, t.n_prompt, rate(t.n_prompt, t.prompt_seconds),
      t.n_generated, rate(n_after, t.generate_seconds), seed));
}

void print_result(const engine::Completion& c, bool stream) {
  const std::string reason(engine::to_string(c.reason));
  if (c.reason == engine::FinishReason::kCancelled) {
    write_output("\n[request 0 cancelled]\n");
  } else if (stream) {
    write_output(fmt::format("\n[request 0 finished: {}]\n", reason));
  } else {
    write_output(
        fmt::format("request_id: 0\nfinish_reason: Some(\"{}\")\ntext:\n{}\n", reason, c.text));
  }
}

int generate(const Options& o) {
  if (const std::string wrong = range_error(o); !wrong.empty()) {
    print_note(wrong);
    return kExitUsage;
  }
  if (o.model.gguf.empty()) {
    throw Error(ErrorCode::kUnsupported,
                "no model: give --gguf PATH (asking a server is not supported by this version)");
  }
  if (!o.tokenizer.empty()) {
    throw Error(ErrorCode::kUnsupported, "--tokenizer: " + o.tokenizer +
                                             ": tokenizer files are not supported by this version; "
                                             "the GGUF's own tokenizer is used without the flag");
  }
  Session session(o.model);
  const engine::Request request = make_request(o, session.engine().tokenizer());
  std::signal(SIGINT, on_interrupt);
  const auto on_text = [&](std::string_view text) {
    if (o.stream && !write_output(text)) interrupted.store(true);  // nobody reads any more
  };
  const engine::Result result = session.engine().generate(request, on_text, &interrupted);
  if (const auto* rejected = std::get_if<engine::Rejected>(&result)) {
    throw Error(ErrorCode::kInvalidArgument, "--prompt: " + rejected->message);
  }
  const auto& completion = std::get<engine::Completion>(result);
  if (completion.reason == engine::FinishReason::kFailed) {
    if (o.stream) write_output("\n");
    throw Error(ErrorCode::kDevice, completion.error);
  }
  print_result(completion, o.stream);
  print_timing(session, completion.timing, request.sampling.seed);
  return kExitDone;
}

void add_sampling_options(CLI::App& command, Options& o) {
  command
      .add_option("--temperature,--temp", o.temperature,
                  "Spread of the choice; 0: always the likeliest token")
      ->capture_default_str();
  command.add_option("--top-k", o.top_k, "Choose among the K likeliest tokens")
      ->capture_default_str();
  command.add_option("--top-p", o.top_p, "Choose among the likeliest that reach this probability")
      ->capture_default_str();
  command
      .add_option("--min-p", o.min_p,
                  "Drop tokens of less than this share of the likeliest one's probability")
      ->capture_default_str();
  command
      .add_option("--repeat-penalty", o.repeat_penalty,
                  "Above 1: makes the last 64 tokens less likely")
      ->capture_default_str();
  command.add_option("-s,--seed", o.seed, "Same seed, same text; a random one by default");
}

}  // namespace

void add_generate(CLI::App& app, const Globals&, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("generate", "Complete a prompt");
  command->add_option("-p,--prompt", o->prompt, "Text to go on from, as it is")->required();
  command->add_option("-n,--max-tokens,--n-predict", o->max_tokens, "Most tokens to add, 1 to 8192")
      ->capture_default_str();
  command->add_flag("--stream", o->stream, "Print the text as it comes");
  command->add_option("--stop", o->stop, "End before this text; may be given several times")
      ->allow_extra_args(false);
  add_sampling_options(*command, *o);
  add_model_options(*command, o->model, /*required=*/false);
  command->add_option("--tokenizer", o->tokenizer,
                      "Tokenizer file instead of the GGUF's own (not supported by this version)");
  command->footer(
      "The answer goes to standard output, times and speeds to standard error.\n"
      "Exit codes: 0 done, 1 error, 2 wrong usage.\n\n"
      "Example:\n  rocmforge generate --gguf model.gguf -p \"The capital of France is\" --stream");
  command->callback([o, &action] { action = [o] { return generate(*o); }; });
}

}  // namespace rocmforge::cli
