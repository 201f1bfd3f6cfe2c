#include "cli/serve_options.h"

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "cli/help.h"
#include "cli/input.h"

namespace rocmforge::cli {
namespace {

constexpr std::int64_t kUsualPort = 8080;
constexpr const char* kServerGroup = "Server";

// What can stand in a header.
void check_key(const std::string& key, const std::string& source) {
  const bool plain =
      std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (key.empty() || !plain) {
    throw Error(ErrorCode::kUsage,
                source + ": a key is of ASCII letters, digits and signs, without spaces");
  }
}

}  // namespace

serve::HttpLimits ServeOptions::limits() const {
  serve::HttpLimits out;
  out.body_bytes = static_cast<std::size_t>(max_body_mb) << 20;
  out.connections = static_cast<std::int32_t>(max_connections);
  const std::chrono::milliseconds time{timeout_seconds * 1000};
  out.header_time = std::min(out.header_time, time);
  out.body_time = out.idle_time = out.write_time = time;
  return out;
}

std::string ServeOptions::listens() const {
  if (host.empty() && port < 0) return address;
  const bool bare_v6 = host.find(':') != host.npos && !host.starts_with('[');
  const std::string name = host.empty() ? "127.0.0.1" : bare_v6 ? "[" + host + "]" : host;
  return name + ":" + std::to_string(port < 0 ? kUsualPort : port);
}

void add_serve_options(CLI::App& command, ServeOptions& o) {
  const auto number = [&](const char* names, std::int64_t& value, std::int64_t least,
                          std::int64_t most, const std::string& description) {
    return command.add_option(names, value, description)
        ->type_name("N")
        ->transform(whole_number(least, most))
        ->capture_default_str()
        ->group(kServerGroup);
  };
  const auto texts = [&](const char* names, std::vector<std::string>& value, const char* type,
                         const char* description) {
    command.add_option(names, value, description)
        ->type_name(type)
        ->allow_extra_args(false)
        ->group(kServerGroup);
  };
  command
      .add_option("--addr", o.address,
                  "Where to listen: 127.0.0.1:8080, :8080 (every interface), [::1]:8080 or\n"
                  "unix:PATH")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->group(kServerGroup);
  // As llama.cpp's server has them.
  command.add_option("--host", o.host, "The same, the port apart: 0.0.0.0")
      ->type_name("HOST")
      ->check([](const std::string& text) {
        if (text.empty()) return "the name is empty";
        return text.find('/') == text.npos ? "" : "give an address of this machine, not a URL";
      })
      ->group(kServerGroup)
      ->excludes("--addr");
  number("--port", o.port, 0, 65535, "The port, beside --host; 0: any that is free")
      ->default_str("8080")
      ->excludes("--addr");
  texts("-a,--alias", o.aliases, "NAME",
        "The model's name for clients, in place of the file's; given several times, each\n"
        "is one");
  number("--parallel", o.parallel, 1, 256,
         "Requests that run together; fewer where the memory has no room")
      ->default_str("4");
  number("--max-queue", o.max_queue, 1, 1 << 20,
         "Requests that may wait; more are told to come again (429)");
  number("--batch-tokens", o.batch_tokens, 1, 512,
         "Tokens of a step while answers are written, prompts' tokens included: fewer make\n"
         "the time between tokens even, more read prompts faster. Usually, on a GPU, 128\n"
         "or 64 more than --parallel; on the CPU 24 and 5 for each answer under way")
      ->default_str("");
  number("--kv-tokens", o.model.kv_tokens, 1, std::int64_t{1} << 31,
         "Tokens that the KV cache holds for all requests together; where they run out, the\n"
         "youngest gives way, and goes on later")
      ->default_str("--parallel contexts");
  command
      .add_flag("--no-prefix-cache", o.no_prefix_cache,
                "Run each prompt whole: keep nothing for those that begin alike")
      ->group(kServerGroup);
  texts("--api-key", o.keys, "KEY",
        "Only clients with this key may ask; may be given several times");
  command.add_option("--api-key-file", o.key_file, "The same, a key a line")
      ->type_name("FILE")
      ->check(not_empty_path())
      ->group(kServerGroup);
  texts("--cors-origin", o.cors_origins, "ORIGIN",
        "Pages from there may ask, in a browser: https://chat.example, or *; may be given\n"
        "several times");
  command
      .add_option("--reasoning-format", o.reasoning_format,
                  "How the thinking is told, unless a request says it: apart, in\n"
                  "reasoning_content (auto), or within the answer (none)")
      ->type_name("auto|none")
      ->check(one_of({"auto", "none", "deepseek"}))
      ->capture_default_str()
      ->group(kServerGroup);
  command
      .add_option("--embeddings-pooling", o.pooling,
                  "What an embedding is of: the mean over the text's tokens, or the last one")
      ->type_name("mean|last")
      ->check(one_of({"mean", "last"}))
      ->capture_default_str()
      ->group(kServerGroup);
  number("--http-threads", o.http_threads, 1, 256, "Threads that read requests and write answers");
  number("--max-body", o.max_body_mb, 1, 1024, "MiB that a request may have");
  number("--max-connections", o.max_connections, 1, 1 << 16, "Connections; more are told 503");
  number("--timeout", o.timeout_seconds, 1, 1 << 20,
         "Seconds for a request's body, between requests, and for a reader that does not");
  number("--drain-seconds", o.drain_seconds, 0, 1 << 20,
         "Seconds that requests have to end in after SIGTERM or Ctrl-C");
}

std::vector<std::string> api_keys(const ServeOptions& o) {
  std::vector<std::string> out;
  for (const std::string& key : o.keys) {
    check_key(key, "--api-key");
    out.push_back(key);
  }
  if (o.key_file.empty()) return out;
  std::istringstream lines(read_text(o.key_file));
  const std::size_t n_before = out.size();
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    check_key(line, "--api-key-file: " + o.key_file);
    out.push_back(line);
  }
  if (out.size() == n_before) {
    throw Error(ErrorCode::kUsage, "--api-key-file: " + o.key_file + ": there is no key in it");
  }
  return out;
}

}  // namespace rocmforge::cli
