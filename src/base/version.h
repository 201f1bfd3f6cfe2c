// What this program is, for --version, logs and the metadata of results.
#pragma once

#include <string>

namespace rocmforge {

const char* version();   // of the project: "0.1.0"
const char* commit();    // short hash that the build tree was configured at; empty outside git
const char* compiler();  // "GNU 12.2.0"

// "0.1.0 (1a2b3c4d5e, GNU 12.2.0)"
std::string version_line();

}  // namespace rocmforge
