// What `rocmforge serve` is told.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/chat_options.h"
#include "cli/model_options.h"
#include "serve/http/server.h"

namespace rocmforge::cli {

struct ServeOptions {
  ModelOptions model;
  ChatFlags chat_flags;
  std::string address = "127.0.0.1:8080";
  std::string host;        // empty: --addr has it
  std::int64_t port = -1;  // -1: --addr has it
  std::string reasoning_format = "auto";
  std::string pooling = "mean";
  std::vector<std::string> aliases;
  std::int64_t parallel = 4;
  bool parallel_given = false;
  std::int64_t max_queue = 256;
  std::int64_t batch_tokens = 0;
  bool no_prefix_cache = false;
  std::vector<std::string> keys;
  std::string key_file;
  std::vector<std::string> cors_origins;
  std::int64_t http_threads = 4;
  std::int64_t max_body_mb = 32;
  std::int64_t max_connections = 512;
  std::int64_t drain_seconds = 30;
  std::int64_t timeout_seconds = 60;

  serve::HttpLimits limits() const;
  // Where to listen: of --host and --port, or --addr.
  std::string listens() const;
};

void add_serve_options(CLI::App& command, ServeOptions& options);
// Those of --api-key and of the file, a line each. Errors name the file, or the key that is none.
std::vector<std::string> api_keys(const ServeOptions& options);

}  // namespace rocmforge::cli
