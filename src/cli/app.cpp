#include "cli/app.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "base/error.h"
#include "base/version.h"
#include "cli/logging.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

int parse_error(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app.exit(e);  // --help and --version, on stdout
    return finish_output() ? kExitDone : kExitError;
  }
  print_error(std::string(e.what()) + "\nTry --help.");
  return kExitUsage;
}

int act(const Action& action) {
  try {
    const int code = action();
    return finish_output() ? code : kExitError;
  } catch (const Error& e) {
    print_error(e.what());
    return e.code() == ErrorCode::kUsage ? kExitUsage : kExitError;
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
  } catch (const std::exception& e) {
    print_error(std::string("[internal] ") + e.what());
  }
  return kExitError;
}

}  // namespace

int run(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left shows as a failed write

  CLI::App app{"ROCmForge runs GGUF language models."};
  app.name("rocmforge");
  app.set_version_flag("--version", "rocmforge " + version_line());
  app.require_subcommand(1);
  app.footer(
      "Logging: ROCMFORGE_LOG_LEVEL (trace, debug, info, warn, error, off), ROCMFORGE_LOG_FORMAT\n"
      "(human, json), ROCMFORGE_LOG_FILE. The CPU's instruction set: ROCMFORGE_CPU_ISA (scalar,\n"
      "avx2, avx512). Each subcommand has a --help of its own.");
  Globals globals;
  app.add_option("--host", globals.host, "Server to ask where a subcommand needs one")
      ->capture_default_str();
  Action action;
  add_generate(app, globals, action);
  add_tokenize(app, action);
  add_perplexity(app, action);
  add_verify(app, action);
  add_bench(app, action);
  add_devices(app, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return parse_error(app, e);
  }
  return act([&] {
    start_logging();
    return action();
  });
}

}  // namespace rocmforge::cli
