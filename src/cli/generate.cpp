// `rocmforge generate`: completes a prompt as given, answers it, or does so with many.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "cli/answer_writer.h"
#include "cli/app.h"
#include "cli/batch.h"
#include "cli/chat_options.h"
#include "cli/generate_there.h"
#include "cli/grammar_options.h"
#include "cli/help.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/log_probs.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/sampling_options.h"
#include "cli/settings.h"

namespace rocmforge::cli {
namespace {

constexpr std::int64_t kMaxTokens = 8192;
constexpr const char* kCancelled = "\n[request 0 cancelled]\n";
// Thinking may be on its way.
constexpr const char* kCancelledInColour = "\x1b[0m\n[request 0 cancelled]\n";

struct Options {
  ModelOptions model;
  std::optional<std::string> prompt, prompt_file;
  std::optional<std::string> batch;
  std::int64_t parallel = 16;
  bool parallel_given = false;
  bool chat = false;
  ChatFlags chat_flags;
  std::int64_t max_tokens = 128;
  SamplingOptions sampling;
  GrammarOptions grammar;
  std::int64_t answers = 1;
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

// All but the prompt.
engine::Request bare_request(const Options& o, const engine::SamplingParams& sampling) {
  engine::Request request;
  request.max_tokens = static_cast<std::int32_t>(o.max_tokens);
  request.stop = o.stop;
  request.sampling = sampling;
  return request;
}

// What makes requests of prompts: as they are, or as a user's messages.
RequestMaker request_maker(const Options& o, engine::SamplingParams sampling,
                           const gguf::File& file, const text::Tokenizer& tokenizer) {
  forbid_tokens(sampling, o.sampling, file, tokenizer);
  if (!o.chat) {
    return [&o, sampling, &tokenizer](const std::string& prompt) {
      engine::Request request = bare_request(o, sampling);
      request.prompt = tokenizer.encode(prompt, {.add_special = true, .parse_special = true});
      return request;
    };
  }
  const auto format =
      std::make_shared<const engine::ChatFormat>(make_chat_format(o.chat_flags, file, tokenizer));
  return [&o, sampling, format](const std::string& prompt) {
    return format->request(first_messages(o.chat_flags, prompt), bare_request(o, sampling));
  };
}

// The prompt, or nothing where --batch has them.
std::optional<std::string> read_prompt(const Options& o) {
  const int n_given = (o.prompt ? 1 : 0) + (o.prompt_file ? 1 : 0) + (o.batch ? 1 : 0);
  if (n_given != 1) {
    throw Error(ErrorCode::kUsage,
                std::string(n_given == 0 ? "no prompt" : "more than one prompt") +
                    ": give one of --prompt TEXT, --prompt-file FILE and "
                    "--batch FILE");
  }
  if (o.batch) return std::nullopt;
  if (o.prompt_file) {
    std::string text = read_text(*o.prompt_file);
    if (text.ends_with('\n')) text.pop_back();  // an editor's
    return text;
  }
  check_utf8(*o.prompt, "--prompt");
  return o.prompt;
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
bool print_result(const engine::Completion& c, const Options& o, const text::Tokenizer& tokenizer) {
  if (c.reason == engine::FinishReason::kCancelled) {
    return write_output((o.stream ? "" : c.text) + kCancelled);
  }
  if (!o.stream) return write_output(to_text(0, c, o.chat_flags.hide_thinking, tokenizer));
  return write_output(fmt::format("\n[request 0 finished: {}]\n", engine::to_string(c.reason)) +
                      log_probs_text(c.log_probs, tokenizer));
}

engine::Result answer(engine::Engine& engine, const engine::Request& request, const Options& o) {
  const bool in_colour = o.chat && o.stream && stdout_has_colours();
  Interrupt interrupt(in_colour ? kCancelledInColour : kCancelled);
  log(LogLevel::kDebug,
      fmt::format("request 0: {} prompt tokens, at most {} more, seed {}", request.prompt.size(),
                  request.max_tokens, request.sampling.seed));
  if (!o.stream) return engine.answer(request, {.cancel = &interrupt.requested()});
  AnswerWriter writer(o.chat_flags.hide_thinking);
  // Nobody reads any more: no need to go on.
  const auto stop_unless = [&](bool readable) {
    if (!readable) interrupt.requested().store(true);
  };
  engine::TextSinks sinks;
  sinks.answer = [&](std::string_view text) { stop_unless(writer.answer(text)); };
  sinks.thinking = [&](std::string_view text) { stop_unless(writer.thinking(text)); };
  engine::Result result =
      engine.answer(request, {.sinks = std::move(sinks), .cancel = &interrupt.requested()});
  writer.end();
  return result;
}

int generate(const Options& o, const Globals& globals, const CLI::App& command) {
  if (const std::string wrong = range_error(o); !wrong.empty()) {
    print_note(wrong);
    return kExitUsage;
  }
  const std::optional<std::string> prompt = read_prompt(o);
  if (o.model.gguf.empty()) {
    if (!prompt) {
      throw Error(ErrorCode::kUsage, "--batch: a server answers one prompt; give --gguf PATH");
    }
    return generate_there({.globals = globals, .prompt = *prompt, .stream = o.stream}, command);
  }
  template_arguments(o.chat_flags);  // which are wrong before the model is loaded
  check_utf8(o.chat_flags.system, "--system");
  for (const std::string& stop : o.stop) {
    if (stop.empty()) throw Error(ErrorCode::kUsage, "--stop: the text is empty");
    check_utf8(stop, "--stop");
  }
  const engine::SamplingParams sampling = sampling_params(o.sampling);
  tell_what_does_nothing(sampling);
  const std::shared_ptr<const constrain::Grammar> grammar = read_grammar(o.grammar);
  if (!prompt || o.answers > 1) {
    const BatchOptions batch{.path = o.batch.value_or(""),
                             .prompt = prompt,
                             .answers = static_cast<std::int32_t>(o.answers),
                             .parallel = static_cast<std::int32_t>(o.parallel),
                             .hide_thinking = o.chat_flags.hide_thinking,
                             .grammar = grammar};
    return run_batch(o.model, batch, [&](const gguf::File& file, const text::Tokenizer& tokenizer) {
      return request_maker(o, sampling, file, tokenizer);
    });
  }
  if (o.parallel_given) {
    print_note("--parallel: there is one answer to one prompt; it goes with --batch and --answers");
  }
  Session session(o.model);
  engine::Engine& engine = session.engine();
  engine::Request request = request_maker(o, sampling, engine.file(), engine.tokenizer())(*prompt);
  if (grammar != nullptr) {
    request.grammar =
        std::make_shared<const constrain::TokenGrammar>(grammar, engine.token_table());
  }
  const engine::Result result = answer(engine, request, o);
  if (const auto* rejected = std::get_if<engine::Rejected>(&result)) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(o.prompt ? "--prompt: " : "--prompt-file: ") + message_of(*rejected));
  }
  const auto& completion = std::get<engine::Completion>(result);
  if (completion.reason == engine::FinishReason::kFailed) {
    if (o.stream) write_output("\n");
    throw Error(ErrorCode::kDevice, completion.error);
  }
  if (!print_result(completion, o, engine.tokenizer())) return kExitError;
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

void add_generate(CLI::App& app, const Globals& globals, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("generate", "Complete a prompt, here or through a server");
  command->add_option("-p,--prompt", o->prompt, "Text to go on from, exactly as given")
      ->type_name("TEXT");
  command
      ->add_option("-f,--prompt-file", o->prompt_file,
                   "Read the text from a file, without a newline at its end; -: standard input")
      ->type_name("FILE")
      ->check(not_empty_path());
  command
      ->add_option("--batch", o->batch, "Answer every line of a file, together; -: standard input")
      ->type_name("FILE")
      ->check(not_empty_path());
  command
      ->add_option("--answers", o->answers,
                   "Answers to each prompt, which differ by their random numbers")
      ->type_name("N")
      ->transform(whole_number(1, 1024))
      ->capture_default_str();
  command->add_option("--parallel", o->parallel, "Answers that run together, at most")
      ->type_name("N")
      ->transform(whole_number(1, 64))
      ->capture_default_str();
  command->add_flag("--chat", o->chat,
                    "Put the prompt into the model's chat template, as a user's message");
  command
      ->add_option("-n,--max-tokens,--n-predict", o->max_tokens,
                   "Most tokens to add, 1 to 8192; a server adds 100")
      ->type_name("N")
      ->transform(whole_number())
      ->capture_default_str();
  command->add_flag("--stream", o->stream, "Print the text as it comes");
  command->add_option("--stop", o->stop, "End before this text; may be given several times")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  command
      ->add_option("--logprobs", o->sampling.params.n_logprobs,
                   "Tell how likely each token was to the model, and the N likeliest")
      ->type_name("N")
      ->transform(whole_number(0, engine::kMaxLogprobs));
  add_chat_options(*command, o->chat_flags);
  add_grammar_options(*command, o->grammar);
  add_sampling_options(*command, o->sampling);
  add_model_options(*command, o->model, /*required=*/false);
  command->footer(
      R"(The answer goes to standard output; times, speeds and the seed to standard error. Ctrl-C ends
it early, with what there is of it. Without --chat the text of control tokens in the prompt, such as
<|im_start|>, stands for the token; with it, a message is text and nothing else. The options under
"Conversation" go with --chat.

--batch writes one JSON object a line, in the order of the prompts: index (the line's number, from
0), prompt, answer (its number, of several), text, thinking (if any), tokens (their ids), logprobs
(if asked for), prompt_tokens, finish_reason and context_full (whether the context was full before
the answer ended), or error.
Blank lines are passed over. Each answer is the one that the prompt has alone; on a GPU rounding
may depend on how many run together.

Without --gguf the server at --host answers (`rocmforge serve`; --host stands before the subcommand),
with the model that it has: options on the model, on the answer's form, --chat, --batch and --answers
are then not taken.

Examples:
  rocmforge generate --gguf model.gguf -p "The capital of France is" --stream
  rocmforge generate --gguf model.gguf -p "Once upon a time" -n 500 --temp 0.8 --seed 7
  rocmforge generate --gguf model.gguf -p "Once upon a time" --gpu-layers auto
  rocmforge generate --gguf model.gguf -p "Q: 2+2? A:" --temp 0 --stop "Q:"
  rocmforge generate --gguf model.gguf --chat --system "Be brief." -p "Why is the sky blue?"
  rocmforge generate --gguf model.gguf --chat -p "Who was Ada Lovelace?" --json-schema-file person.json
  rocmforge generate --gguf model.gguf --chat --batch questions.txt > answers.jsonl
  rocmforge generate -p "The capital of France is" --stream)");
  command->callback([o, command, &globals, &action] {
    const CLI::Option* given = given_chat_option(*command);
    if (!o->chat && given != nullptr) {
      throw CLI::ValidationError(given->get_name() + " goes with --chat");
    }
    if (o->stream && o->batch) {
      throw CLI::ValidationError("--stream shows one answer: leave out --batch");
    }
    if (o->stream && o->answers > 1) {
      throw CLI::ValidationError("--stream shows one answer: leave out --answers");
    }
    o->parallel_given = command->count("--parallel") > 0;
    action = [o, command, &globals] { return generate(*o, globals, *command); };
  });
}

}  // namespace rocmforge::cli
