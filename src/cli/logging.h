// The library's log, written by spdlog to stderr or a file.
#pragma once

namespace rocmforge::cli {

// Reads ROCMFORGE_LOG_LEVEL (warn), ROCMFORGE_LOG_FORMAT (human) and ROCMFORGE_LOG_FILE, or their
// old spelling ROCFORGE_...; Error{kUsage} naming the variable and its value when it makes no
// sense.
void start_logging();

}  // namespace rocmforge::cli
