// Command lines that cannot be understood: what is said about the likeliest mistakes.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::cli {

// Null when there is none of that name.
const CLI::App* find_subcommand(const CLI::App& app, std::string_view name);

// The words with -ngl, as llama.cpp has it, written as --gpu-layers where a subcommand has that: a
// single dash is for options of one letter.
std::vector<std::string> spelled_out(const CLI::App& app, std::vector<std::string> words);

// What is wrong with the words after the program's name, and what to write instead; empty when
// nothing is. It looks at subcommands, names of options, words too many and options given twice;
// the values themselves are left to CLI11.
std::string find_mistake(const CLI::App& app, std::span<const std::string> words);

}  // namespace rocmforge::cli
