// `rocmforge generate` without a model: a server answers the prompt.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/app.h"

namespace rocmforge::cli {

struct GenerateThere {
  Globals globals;
  std::string prompt;
  bool stream = false;
};

// Of `command`, which is generate's, every option that was given and means something to a server
// goes along. Error{kUsage} naming one that means something here alone. Returns the exit code.
int generate_there(const GenerateThere& options, const CLI::App& command);

}  // namespace rocmforge::cli
