#include "cli/app.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/version.h"
#include "cli/asked.h"
#include "cli/help.h"
#include "cli/logging.h"
#include "cli/mistakes.h"
#include "cli/output.h"
#include "cli/settings.h"

namespace rocmforge::cli {
namespace {

constexpr const char* kFooter =
    R"(Examples:
  rocmforge generate --gguf model.gguf -p "The capital of France is" --stream
  rocmforge chat --gguf model.gguf
  rocmforge serve --gguf model.gguf
  rocmforge --host http://127.0.0.1:8080 generate -p "The capital of France is"
  rocmforge bench --gguf model.gguf
  rocmforge help generate

Exit codes: 0 done, 1 error, 2 wrong usage. Errors are one line on standard error; where the reader
of standard output left before the end, 1 without a line.

Environment:
  ROCMFORGE_LOG_LEVEL    trace, debug, info, warn, error or off [warn]
  ROCMFORGE_LOG_FORMAT   human or json, one object a line [human]
  ROCMFORGE_LOG_FILE     a file to add messages to [standard error]
  ROCMFORGE_HOST         the server that is asked, as --host
  ROCMFORGE_API_KEY      the key that the server wants
  ROCMFORGE_GGUF         the model that `serve` serves, without --gguf
  ROCMFORGE_MODELS       the folder that `models` lists [models]
  ROCMFORGE_CPU_ISA      scalar, avx2 or avx512 [the best that the processor has]
  ROCMFORGE_GPU_GRAPH    0 launches kernels one by one, 1 replays them as a graph [the faster]
  ROCMFORGE_GPU_TIMEOUT  seconds after which a kernel counts as hung [30]; `help devices` has more
The old spelling ROCFORGE_LOG_... is understood too.)";

int usage_error(const CLI::App& app, const std::vector<std::string>& words,
                const std::string& message) {
  std::string help = "rocmforge";
  for (const std::string& word : words) {
    if (find_subcommand(app, word) == nullptr) continue;
    help += " " + word;
    break;
  }
  print_error(message + " (see `" + help + " --help`)");
  return kExitUsage;
}

// `help` and `help SUBCOMMAND`, as --help.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> out(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (out.empty() || out.front() != "help") return out;
  out.erase(out.begin());
  out.resize(out.empty() ? 0 : 1);
  out.emplace_back("--help");
  return out;
}

void parse(CLI::App& app, const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"rocmforge"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  app.parse(static_cast<int>(argv.size()), argv.data());
}

int act(const Action& action) {
  try {
    const int code = action();
    return finish_output() ? code : kExitError;
  } catch (const ServerError& e) {
    print_line(e.what());
  } catch (const Error& e) {
    print_error(message_of(e));
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
  hold_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left shows as a failed write
  std::signal(SIGXFSZ, SIG_IGN);  // so does a limit on the size of files
  report_shrunk_files();

  CLI::App app{"ROCmForge runs GGUF language models."};
  app.name("rocmforge");
  app.formatter(help_format());  // subcommands inherit it
  app.set_help_flag("-h,--help", "Print this help");
  app.set_version_flag("-V,--version", "rocmforge " + version_line(), "Print the version");
  app.require_subcommand(1);
  app.footer(kFooter);
  Globals globals;
  app.add_option("--host", globals.host,
                 "Server that generate (without --gguf), status and cancel ask: a URL,\nor "
                 "unix:PATH; also $ROCMFORGE_HOST")
      ->type_name("URL")
      ->envname("ROCMFORGE_HOST")
      ->capture_default_str();
  Action action;
  add_generate(app, globals, action);
  add_chat(app, action);
  add_serve(app, action);
  add_tokenize(app, action);
  add_perplexity(app, action);
  add_verify(app, action);
  add_quantize(app, action);
  add_bench(app, action);
  add_devices(app, action);
  add_status(app, globals, action);
  add_cancel(app, globals, action);
  add_models(app, action);
  add_inspect(app, action);
  add_completions(app, action);

  const std::vector<std::string> words = spelled_out(app, words_of(argc, argv));
  const std::string mistake = find_mistake(app, words);
  if (!mistake.empty()) return usage_error(app, words, mistake);
  try {
    parse(app, words);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
      return usage_error(app, words, e.what());
    }
    std::ostringstream out;
    app.exit(e, out, out);  // --help and --version
    write_output(out.str());
    return finish_output() ? kExitDone : kExitError;
  }
  return act([&] {
    start_logging();
    return action();
  });
}

}  // namespace rocmforge::cli
