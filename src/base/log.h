// Where the library's messages go. The library never prints: a program installs a sink.
#pragma once

#include <functional>
#include <string_view>

namespace rocmforge {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

using LogSink = std::function<void(LogLevel, std::string_view message)>;

// Replaces the sink for the whole process; an empty one drops every message (the default).
// Not to be called while other threads log.
void set_log_sink(LogSink sink);

void log(LogLevel level, std::string_view message);

}  // namespace rocmforge
