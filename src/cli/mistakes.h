// Command lines that cannot be understood: what is said about the likeliest mistakes.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>

namespace rocmforge::cli {

// Null when there is none of that name.
const CLI::App* find_subcommand(const CLI::App& app, std::string_view name);

// What is wrong with the words after the program's name, and what to write instead; empty when
// nothing is. It looks at subcommands, names of options, words too many and options given twice;
// the values themselves are left to CLI11.
std::string find_mistake(const CLI::App& app, std::span<const std::string> words);

}  // namespace rocmforge::cli
