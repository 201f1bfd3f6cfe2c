// What shells and `man` are told of the command line, made from the options themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace rocmforge::cli {

std::string bash_completions(const CLI::App& app);
std::string zsh_completions(const CLI::App& app);
std::string fish_completions(const CLI::App& app);
// In roff's man macros.
std::string man_page(const CLI::App& app);

}  // namespace rocmforge::cli
