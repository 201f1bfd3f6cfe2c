// `rocmforge serve`: answers over HTTP.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/serve_options.h"
#include "cli/settings.h"
#include "cli/stop_signal.h"
#include "serve/context.h"
#include "serve/legacy/routes.h"
#include "serve/metrics/metrics.h"
#include "serve/openai/routes.h"
#include "serve/page/page.h"
#include "serve/service.h"

namespace rocmforge::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLastWords{3000};  // for those that are cut to be told so

serve::ContextOptions context_options(const ServeOptions& o) {
  serve::ContextOptions out;
  out.max_queue = static_cast<std::size_t>(o.max_queue);
  out.scheduler = {.prefix_cache = !o.no_prefix_cache,
                   .batch_tokens = static_cast<std::int32_t>(o.batch_tokens)};
  const std::string stem = std::filesystem::path(o.model.gguf).stem().string();
  out.model = o.aliases.empty() ? stem : o.aliases.front();
  out.aliases = o.aliases;
  out.system = o.chat_flags.system;
  out.reasoning_apart = o.reasoning_format != "none";
  out.embedding = o.pooling == "last" ? engine::Embedding::kLast : engine::Embedding::kMean;
  if (!o.aliases.empty()) out.aliases.erase(out.aliases.begin());
  return out;
}

// The chat's format; none where the model's file has none, and then `why`.
std::optional<engine::ChatFormat> find_format(const ServeOptions& o, engine::Engine& engine,
                                              std::string& why) {
  try {
    return make_chat_format(o.chat_flags, engine.file(), engine.tokenizer());
  } catch (const Error& e) {
    if (!o.chat_flags.chat_template.empty()) throw;
    why = message_of(e);
    log(LogLevel::kWarn, why + "; /v1/chat/completions answers with this error");
    return std::nullopt;
  }
}

// A server ends before what its handlers use: its threads may be within one.
struct EndsFirst {
  std::unique_ptr<serve::HttpServer>& server;
  ~EndsFirst() { server.reset(); }
};

// True: all had ended before.
bool drain(serve::HttpServer& server, const StopSignal& signals, std::chrono::milliseconds most) {
  const auto end = Clock::now() + most;
  while (!server.drain(100ms)) {
    if (signals.count() > 1 || Clock::now() >= end) return false;
  }
  return true;
}

void say_ready(const ServeOptions& o, Session& session, const serve::HttpServer& server,
               const std::string& name, bool has_keys) {
  const engine::Runner& runner = session.engine().runner();
  print_note(
      fmt::format("{} on {}: a context of {} tokens for each of {} requests that run together",
                  name, session.device().info().detail, runner.n_ctx(), runner.max_sequences()));
  if (o.parallel_given && runner.max_sequences() < o.parallel) {
    print_note(fmt::format("--parallel: the memory has room for {}, not {}", runner.max_sequences(),
                           o.parallel));
  }
  const bool is_path = server.address().starts_with("unix:");
  print_note(fmt::format("ready: {}{}", is_path ? "" : "http://", server.address()));
  if (server.is_public() && !has_keys) {
    print_note(
        "warning: other machines can reach this address, and no key is asked for (--api-key)");
  }
}

int serve_model(ServeOptions o) {
  if (o.model.gguf.empty()) {
    throw Error(ErrorCode::kUsage, "no model: give --gguf PATH, or set ROCMFORGE_GGUF");
  }
  template_arguments(o.chat_flags);
  check_utf8(o.chat_flags.system, "--system");
  for (const std::string& name : o.aliases) {
    if (name.empty()) throw Error(ErrorCode::kUsage, "--alias: the name is empty");
    check_utf8(name, "--alias");
  }
  serve::Service service({.keys = api_keys(o), .cors_origins = o.cors_origins});
  o.model.max_sequences = static_cast<std::int32_t>(o.parallel);
  o.model.least_sequences = 1;
  // It listens while the model is loaded, and says so to who asks.
  auto server = std::make_unique<serve::HttpServer>(o.listens(), o.limits(), service.http());
  server->run(static_cast<int>(o.http_threads));
  Session session(o.model);
  StopSignal signals;
  std::string no_chat;
  const auto format = find_format(o, session.engine(), no_chat);
  const serve::ContextOptions what = context_options(o);
  serve::Context context(session.engine(), format ? &*format : nullptr, no_chat, what);
  const EndsFirst ends_first{server};
  serve::Router router;
  serve::add_openai(router, context);
  serve::add_metrics(router, serve::Metrics::make(context, session.counters()));
  serve::add_legacy(router, context, service,
                    {.path = o.model.gguf, .tokenizer = o.model.tokenizer});
  router.add({.method = "GET",
              .pattern = "/",
              .handle =
                  [](const std::shared_ptr<serve::Call>& call) {
                    call->send(serve::page_answer(call->request()));
                  },
              .needs_key = false});
  service.open(std::move(router));
  say_ready(o, session, *server, what.model, service.has_keys());

  signals.wait();
  service.close();
  print_note(
      fmt::format("ending: {} requests are under way",
                  context.thread().counts().n_running + context.thread().counts().n_waiting));
  if (!drain(*server, signals, o.drain_seconds * 1000ms)) {
    context.cancel_all();
    server->drain(kLastWords);
  }
  return kExitDone;
}

}  // namespace

void add_serve(CLI::App& app, Action& action) {
  auto o = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Serve a model over HTTP, as OpenAI's API");
  add_serve_options(*command, *o);
  add_chat_options(*command, o->chat_flags);
  // What is shown is the client's affair.
  command->remove_option(command->get_option("--hide-thinking"));
  command->get_option("--system")
      ->description("What the model is told where a conversation has no system message");
  add_model_options(*command, o->model, /*required=*/false);
  command->get_option("--gguf")->envname("ROCMFORGE_GGUF");
  command->footer(
      R"(POST /v1/chat/completions, /v1/completions, /v1/embeddings; GET /v1/models. Any OpenAI client will do, with
http://127.0.0.1:8080/v1 for its base URL.

The first SIGTERM or Ctrl-C lets the requests under way end, within --drain-seconds; the second cuts
them.

Examples:
  rocmforge serve --gguf model.gguf
  rocmforge serve --gguf model.gguf --addr :8080 --api-key "$KEY" --parallel 16 --ctx 8192
  rocmforge serve --gguf model.gguf --addr unix:/run/rocmforge.sock)");
  command->callback([o, command, &action] {
    o->parallel_given = command->count("--parallel") > 0;
    action = [o] { return serve_model(*o); };
  });
}

}  // namespace rocmforge::cli
