#include "base/log.h"

#include <utility>

namespace rocmforge {
namespace {

LogSink& sink() {
  static LogSink instance;
  return instance;
}

}  // namespace

void set_log_sink(LogSink new_sink) {
  sink() = std::move(new_sink);
}

void log(LogLevel level, std::string_view message) {
  if (const LogSink& to = sink()) to(level, message);
}

}  // namespace rocmforge
