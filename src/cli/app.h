// The command line: one file a subcommand.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace rocmforge::cli {

// Exit codes, part of the surface that scripts rely on.
inline constexpr int kExitDone = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;

// Runs the program; returns its exit code. Prints errors on stderr as one line.
int run(int argc, char** argv);

// What stands before the subcommand.
struct Globals {
  std::string host = "http://127.0.0.1:8080";
};

// Each adds its subcommand to `app`; when it is the one chosen, `action` is set to what it does.
using Action = std::function<int()>;
void add_generate(CLI::App& app, const Globals& globals, Action& action);
void add_status(CLI::App& app, const Globals& globals, Action& action);
void add_cancel(CLI::App& app, const Globals& globals, Action& action);
void add_chat(CLI::App& app, Action& action);
void add_serve(CLI::App& app, Action& action);
void add_tokenize(CLI::App& app, Action& action);
void add_perplexity(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_quantize(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_devices(CLI::App& app, Action& action);
void add_models(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_completions(CLI::App& app, Action& action);  // of all that are there when it is called

}  // namespace rocmforge::cli
