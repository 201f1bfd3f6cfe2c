// `rocmforge generate`: completes a prompt as given.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/sampling_options.h"

namespace rocmforge::cli {
namespace {

constexpr std::int64_t kMaxTokens = 8192;
constexpr const char* kCancelled = "\n[request 0 cancelled]\n";

struct Options {
  ModelOptions model;
  std::string prompt;
  std::string tokenizer;
  std::int64_t max_tokens = 128;
  SamplingOptions sampling;
  std::vector<std::string> stop;
  bool stream = false;
};

// The texts are part of the surface that scripts rely on. Empty when all is in range.
std::string range_error(const Options& o) {
  if (o.max_tokens <= 0) return "Invalid max_tokens: must be greater than 0";
  if (o.max_tokens > kMaxTokens) {
    return fmt::format("Invalid max_tokens: {} exceeds maximum of {}", o.max_tokens, kMaxTokens);
  }
  return range_error(o.sampling);
}

engine::Request make_request(const Options& o, const engine::SamplingParams& sampling,
                             const text::Tokenizer& tokenizer) {
  engine::Request request;
  request.prompt = tokenizer.encode(o.prompt, {.add_special = true, .parse_special = true});
  request.max_tokens = static_cast<std::int32_t>(o.max_tokens);
  request.stop = o.stop;
  request.sampling = sampling;
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

// False when nobody can read it.
bool print_result(const engine::Completion& c, bool stream) {
  const std::string_view reason = engine::to_string(c.reason);
  if (c.reason == engine::FinishReason::kCancelled) {
    return write_output((stream ? "" : c.text) + kCancelled);
  }
  if (stream) return write_output(fmt::format("\n[request 0 finished: {}]\n", reason));
  return write_output(
      fmt::format("request_id: 0\nfinish_reason: Some(\"{}\")\ntext:\n{}\n", reason, c.text));
}

engine::Result answer(engine::Engine& engine, const engine::Request& request, bool stream) {
  Interrupt interrupt(kCancelled);
  log(LogLevel::kDebug,
      fmt::format("request 0: {} prompt tokens, at most {} more, seed {}", request.prompt.size(),
                  request.max_tokens, request.sampling.seed));
  const auto on_text = [&](std::string_view text) {
    // Nobody reads any more: no need to go on.
    if (stream && !write_output(text)) interrupt.requested().store(true);
  };
  return engine.generate(request, on_text, &interrupt.requested());
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
  check_utf8(o.prompt, "--prompt");
  for (const std::string& stop : o.stop) {
    if (stop.empty()) throw Error(ErrorCode::kUsage, "--stop: the text is empty");
    check_utf8(stop, "--stop");
  }
  engine::SamplingParams sampling = sampling_params(o.sampling);
  Session session(o.model);
  if (o.sampling.ignore_eos) forbid_end(sampling, session.engine().tokenizer());
  const engine::Request request = make_request(o, sampling, session.engine().tokenizer());
  const engine::Result result = answer(session.engine(), request, o.stream);
  if (const auto* rejected = std::get_if<engine::Rejected>(&result)) {
    throw Error(ErrorCode::kInvalidArgument, "--prompt: " + rejected->message);
  }
  const auto& completion = std::get<engine::Completion>(result);
  if (completion.reason == engine::FinishReason::kFailed) {
    if (o.stream) write_output("\n");
    throw Error(ErrorCode::kDevice, completion.error);
  }
  if (!print_result(completion, o.stream)) return kExitError;
  if (completion.context_full) {
    print_note(
        fmt::format("the context of {} tokens is full (--ctx): the answer ends before {} "
                    "tokens (--max-tokens)",
                    session.engine().runner().n_ctx(), o.max_tokens));
  }
  print_timing(session, completion.timing, sampling.seed);
  return kExitDone;
}

}  // namespace

void add_generate(CLI::App& app, const Globals&, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("generate", "Complete a prompt");
  command->add_option("-p,--prompt", o->prompt, "Text to go on from, exactly as given")
      ->type_name("TEXT")
      ->required();
  command->add_option("-n,--max-tokens,--n-predict", o->max_tokens, "Most tokens to add, 1 to 8192")
      ->type_name("N")
      ->transform(whole_number())
      ->capture_default_str();
  command->add_flag("--stream", o->stream, "Print the text as it comes");
  command->add_option("--stop", o->stop, "End before this text; may be given several times")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  add_sampling_options(*command, o->sampling);
  add_model_options(*command, o->model, /*required=*/false);
  command
      ->add_option("--tokenizer", o->tokenizer,
                   "A tokenizer file instead of the GGUF's own; not supported by this version")
      ->type_name("PATH")
      ->group(kModelGroup);
  command->footer(
      R"(The answer goes to standard output; times, speeds and the seed to standard error. Ctrl-C ends
it early, with what there is of it. The prompt is not put into a chat template; the text of control
tokens in it, such as <|im_start|>, stands for the token.

Examples:
  rocmforge generate --gguf model.gguf -p "The capital of France is" --stream
  rocmforge generate --gguf model.gguf -p "Once upon a time" -n 500 --temp 0.8 --seed 7
  rocmforge generate --gguf model.gguf -p "Once upon a time" --gpu-layers auto
  rocmforge generate --gguf model.gguf -p "Q: 2+2? A:" --temp 0 --stop "Q:")");
  command->callback([o, &action] { action = [o] { return generate(*o); }; });
}

}  // namespace rocmforge::cli
