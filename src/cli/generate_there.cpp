#include "cli/generate_there.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <random>
#include <string_view>

#include "base/error.h"
#include "cli/asked.h"
#include "cli/interrupt.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::int64_t kMaxTokens = 100;  // unless it is said
// Where the server has not said which request it is.
constexpr const char* kCancelled = "\n[request cancelled]\n";
// For the server to hear that a request is to end: shorter than what Interrupt waits.
constexpr auto kCancelTime = 350ms;

// The options that a server takes, and how it calls them.
struct Field {
  std::string_view option, name;
};
constexpr std::array kNumbers = {
    Field{"--max-tokens", "max_tokens"},
    Field{"--temperature", "temperature"},
    Field{"--top-k", "top_k"},
    Field{"--top-p", "top_p"},
    Field{"--min-p", "min_p"},
    Field{"--seed", "seed"},
    Field{"--repeat-penalty", "repeat_penalty"},
    Field{"--presence-penalty", "presence_penalty"},
    Field{"--frequency-penalty", "frequency_penalty"},
    Field{"--repeat-last-n", "repeat_last_n"},
    Field{"--dry-multiplier", "dry_multiplier"},
    Field{"--dry-base", "dry_base"},
    Field{"--dry-allowed-length", "dry_allowed_length"},
    Field{"--dry-penalty-last-n", "dry_penalty_last_n"},
    Field{"--typical", "typical_p"},
    Field{"--top-n-sigma", "top_n_sigma"},
    Field{"--xtc-probability", "xtc_probability"},
    Field{"--xtc-threshold", "xtc_threshold"},
    Field{"--dynatemp-range", "dynatemp_range"},
    Field{"--dynatemp-exp", "dynatemp_exponent"},
    Field{"--mirostat", "mirostat"},
    Field{"--mirostat-ent", "mirostat_tau"},
    Field{"--mirostat-lr", "mirostat_eta"},
};
// Those that go along in another way, or that scripts of old may give in vain.
constexpr std::array<std::string_view, 7> kOthers = {
    "--prompt", "--prompt-file", "--stream", "--tokenizer", "--stop", "--ignore-eos", "--help"};

bool is(const CLI::Option& option, std::string_view name) {
  return option.check_lname(std::string(name.substr(2)));
}

void check_options(const CLI::App& command, const std::string& host) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0) continue;
    const auto named = [&](std::string_view name) { return is(*option, name); };
    if (std::ranges::any_of(kOthers, named) || std::ranges::any_of(kNumbers, named, &Field::option))
      continue;
    throw Error(ErrorCode::kUsage,
                option->get_name() + ": without --gguf the server at " + host +
                    " is asked, which takes no such option: leave it out, or give --gguf PATH");
  }
  if (command.count("--tokenizer") > 0) {
    print_note("--tokenizer: the server uses its own");
  }
}

json::object body_of(const GenerateThere& o, const CLI::App& command) {
  json::object out = {{"prompt", o.prompt}, {"max_tokens", kMaxTokens},
                      {"temperature", 1.0}, {"top_k", 50},
                      {"top_p", 0.9},       {"stream", o.stream}};
  for (const Field& field : kNumbers) {
    const CLI::Option* option = command.get_option_no_throw(std::string(field.option));
    if (option == nullptr || option->count() == 0) continue;
    json::error_code error;
    const std::string text = option->results().back();
    json::value number = json::parse(text, error);
    // CLI11 takes ".5" and "+1" for numbers, JSON does not.
    if (error || !number.is_number()) number = option->as<double>();
    out[field.name] = std::move(number);
  }
  if (command.count("--stop") > 0) {
    out["stop"] = json::value_from(command.get_option("--stop")->as<std::vector<std::string>>());
  }
  if (command.count("--ignore-eos") > 0) out["ignore_eos"] = true;
  return out;
}

// By which the server knows a request whose number it has not told yet.
std::string drawn_tag() {
  std::random_device random;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 32; ++i) out += kDigits[random() % kDigits.size()];
  return out;
}

class Asking {
 public:
  Asking(const GenerateThere& o, const CLI::App& command)
      : server_(o.globals), body_(json::serialize(body_of(o, command))), tag_(drawn_tag()) {}

  int whole() {
    Interrupt interrupt(kCancelled);
    AskedAnswer answer;
    try {
      answer = server_.ask(call("/generate", interrupt));
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kCancelled) throw;
      return end_cancelled();
    }
    interrupt.settle();
    write_output("request_id: " + std::to_string(answer.request_id) +
                 "\nfinish_reason: " + shown(answer.reason) + "\ntext:\n" + answer.text + "\n");
    return answer.reason == "failed" ? kExitError : kExitDone;
  }

  int streamed() {
    Interrupt interrupt(kCancelled);
    AskedAnswer last;
    try {
      server_.follow(call("/generate/stream", interrupt), [&](const AskedAnswer& event) {
        last = event;
        known_ = true;
        id_ = event.request_id;
        return write_output(event.text);  // nobody reads any more: the server is left
      });
    } catch (const Error& e) {
      if (e.code() == ErrorCode::kCancelled) return end_cancelled();
      if (known_) write_output("\n");
      throw;
    }
    interrupt.settle();
    write_output("\n[request " + std::to_string(last.request_id) +
                 " finished: " + last.reason.value_or("?") + "]\n");
    return last.reason == "failed" ? kExitError : kExitDone;
  }

 private:
  serve::HttpCall call(const char* path, Interrupt& interrupt) const {
    return {.method = "POST",
            .path = path,
            .body = body_,
            .headers = {{"X-Request-Tag", tag_}},
            .cancel = &interrupt.requested()};
  }

  // The connection is closed by now, which ends the request too; this waits until it has, and
  // learns its number, and its text where that was not streamed.
  int end_cancelled() {
    const std::string name = known_ ? std::to_string(id_) : tag_;
    try {
      const AskedAnswer answer =
          server_.ask({.method = "POST", .path = "/cancel/" + name, .timeout = kCancelTime});
      if (!known_) write_output(answer.text);
      known_ = true;
      id_ = answer.request_id;
    } catch (const Error&) {  // there is no more to do about it
    }
    write_output(known_ ? "\n[request " + std::to_string(id_) + " cancelled]\n" : kCancelled);
    return kExitDone;
  }

  AskedServer server_;
  std::string body_, tag_;
  bool known_ = false;  // the number
  std::uint64_t id_ = 0;
};

}  // namespace

int generate_there(const GenerateThere& o, const CLI::App& command) {
  check_options(command, o.globals.host);
  Asking asking(o, command);
  try {
    return o.stream ? asking.streamed() : asking.whole();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kNotFound) throw;
    throw Error(e.code(), std::string(e.what()) + " To run a model here, give --gguf PATH");
  }
}

}  // namespace rocmforge::cli
