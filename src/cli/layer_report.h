// `rocmforge verify` without a golden: a device held against the CPU, layer by layer.
#pragma once

#include "cli/model_options.h"

namespace rocmforge::cli {

// Prints the comparison and its verdict, as text or as one JSON object; returns the exit code.
int verify_layers(const ModelOptions& options, bool json);

}  // namespace rocmforge::cli
