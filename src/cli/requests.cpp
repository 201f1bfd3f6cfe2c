// `rocmforge status` and `rocmforge cancel`: of a request that a server works on.
#include <limits>
#include <memory>
#include <string>

#include "cli/app.h"
#include "cli/asked.h"
#include "cli/help.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

struct Options {
  std::uint64_t request_id = 0;
};

int show_status(const Globals& globals, const Options& o) {
  const AskedAnswer answer =
      AskedServer(globals).ask({.path = "/status/" + std::to_string(o.request_id)});
  write_output("request_id: " + std::to_string(answer.request_id) +
               ", finished: " + (answer.finished ? "true" : "false") +
               ", reason: " + shown(answer.reason) + "\ntext:\n" + answer.text + "\n");
  return kExitDone;
}

int cancel(const Globals& globals, const Options& o) {
  const AskedAnswer answer = AskedServer(globals).ask(
      {.method = "POST", .path = "/cancel/" + std::to_string(o.request_id)});
  write_output("Cancelled request " + std::to_string(answer.request_id) +
               " (finished: " + shown(answer.reason) + ")\ntext:\n" + answer.text + "\n");
  return kExitDone;
}

using Act = int (*)(const Globals& globals, const Options& options);

CLI::App* add(CLI::App& app, const char* name, const char* description, const Globals& globals,
              Action& action, Act act) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("--request-id", o->request_id, "The number that the server gave the request")
      ->type_name("N")
      ->transform(whole_number(0))
      ->required();
  command->callback(
      [o, act, &globals, &action] { action = [o, act, &globals] { return act(globals, *o); }; });
  return command;
}

}  // namespace

void add_status(CLI::App& app, const Globals& globals, Action& action) {
  add(app, "status", "Show a request of a server", globals, action, show_status)
      ->footer(
          R"(The server is the one at --host, which stands before the subcommand. It remembers the last
requests that have ended, for a while.

Example:
  rocmforge --host http://127.0.0.1:8080 status --request-id 3)");
}

void add_cancel(CLI::App& app, const Globals& globals, Action& action) {
  add(app, "cancel", "End a request of a server", globals, action, cancel)
      ->footer(
          R"(What there is of the answer is shown. A request that has ended stays as it ended. The server is
the one at --host, which stands before the subcommand.

Example:
  rocmforge --host http://127.0.0.1:8080 cancel --request-id 3)");
}

}  // namespace rocmforge::cli
