#include "cli/logging.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "base/error.h"
#include "base/log.h"
#include "cli/json.h"

namespace rocmforge::cli {
namespace {

struct Setting {
  std::string variable, value;
};

Setting setting(const std::string& name, const std::string& otherwise) {
  for (const char* prefix : {"ROCMFORGE_", "ROCFORGE_"}) {
    const std::string variable = prefix + name;
    const char* value = std::getenv(variable.c_str());
    if (value != nullptr && *value != '\0') return {variable, value};
  }
  return {"ROCMFORGE_" + name, otherwise};
}

[[noreturn]] void refuse(const Setting& s, const std::string& known) {
  throw Error(ErrorCode::kUsage,
              "[log] " + s.variable + ": \"" + s.value + "\" is not one of " + known);
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

spdlog::level::level_enum read_level() {
  const Setting s = setting("LOG_LEVEL", "warn");
  for (const LogLevel level : {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn,
                               LogLevel::kError, LogLevel::kOff}) {
    const spdlog::level::level_enum to = to_spdlog(level);
    const auto name = spdlog::level::to_string_view(to);
    if (s.value == std::string(name.data(), name.size())) return to;
  }
  if (s.value == "warn") return spdlog::level::warn;
  if (s.value == "error") return spdlog::level::err;
  refuse(s, "trace, debug, info, warn, error, off");
}

spdlog::sink_ptr open_sink() {
  const std::string path = setting("LOG_FILE", "").value;
  if (path.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  // The sink would make the folders of a mistyped path.
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kIo, "[log] " + path + ": there is no folder " + folder.string());
  }
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
  } catch (const spdlog::spdlog_ex& e) {
    throw Error(ErrorCode::kIo, "[log] " + path + ": " + e.what());
  }
}

}  // namespace

void start_logging() {
  const Setting format = setting("LOG_FORMAT", "human");
  if (format.value != "human" && format.value != "json") refuse(format, "human, json");
  const bool json = format.value == "json";

  const auto logger = std::make_shared<spdlog::logger>("rocmforge", open_sink());
  logger->set_level(read_level());
  logger->flush_on(spdlog::level::trace);
  logger->set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%v})"
                           : "%H:%M:%S.%e %l %v");
  set_log_sink([logger, json](LogLevel level, std::string_view message) {
    logger->log(to_spdlog(level), "{}", json ? to_json_string(message) : std::string(message));
  });
}

}  // namespace rocmforge::cli
