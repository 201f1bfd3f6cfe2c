#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <random>

#include "base/log.h"
#include "serve/json/write.h"

namespace rocmforge::serve {
namespace {

constexpr std::size_t kMostIdBytes = 128;
constexpr int kRetryLoading = 2, kRetryClosing = 5;  // seconds
constexpr const char* kSecondsOfPreflight = "86400";

std::uint64_t random_word() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

// What may be sent back in a header.
bool is_plain_id(std::string_view id) {
  return !id.empty() && id.size() <= kMostIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void log_access(const HttpAccess& line) {
  log(LogLevel::kInfo,
      fmt::format("access peer={} method={} path={} status={} bytes={} ms={:.1f} id={}", line.peer,
                  line.method, quoted(line.path.substr(0, 200)), line.status, line.bytes,
                  line.seconds * 1e3, line.id.empty() ? "-" : line.id));
}

}  // namespace

bool same_secret(std::string_view given, std::string_view secret) {
  // Every byte of what was given is looked at, whatever the secret is.
  std::size_t differs = given.size() ^ secret.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    differs |= static_cast<unsigned char>(given[i] ^ other);
  }
  return differs == 0;
}

HttpService Service::http() {
  return {.handle = [this](HttpRequest request,
                           std::shared_ptr<Reply> reply) { handle(std::move(request), reply); },
          .error =
              [](int status, std::string_view message) {
                return HttpResponse{.status = status,
                                    .body = openai_error({status, std::string(message)})};
              },
          .log = log_access,
          .fault =
              [](std::string_view what) {
                log(LogLevel::kError, "a connection ended: " + std::string(what));
              }};
}

void Service::open(Router router) {
  auto made = std::make_shared<const Router>(std::move(router));
  const std::scoped_lock lock(mutex_);
  router_ = std::move(made);
}

std::string Service::next_id(const HttpRequest& request) {
  const std::string_view given = request.header("x-request-id");
  if (is_plain_id(given)) return std::string(given);
  static const std::uint64_t kRun = random_word();  // apart from those of other runs
  return fmt::format("req-{:016x}{:08x}", kRun, ++n_requests_);
}

Headers Service::cors(const HttpRequest& request) const {
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return {};
  for (const std::string& allowed : options_.cors_origins) {
    if (allowed != "*" && allowed != origin) continue;
    Headers out = {{"Access-Control-Allow-Origin", allowed},
                   {"Access-Control-Expose-Headers", "x-request-id, retry-after"}};
    if (allowed != "*") out.emplace_back("Vary", "Origin");
    return out;
  }
  return {};
}

bool Service::may_ask(const HttpRequest& request) const {
  if (options_.keys.empty()) return true;
  std::string_view given = request.header("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (given.size() > kScheme.size() && same_name(given.substr(0, kScheme.size()), kScheme)) {
    given.remove_prefix(kScheme.size());
    while (given.starts_with(' ')) given.remove_prefix(1);
  } else {
    given = request.header("x-api-key");
  }
  bool found = false;
  for (const std::string& key : options_.keys) found |= same_secret(given, key);
  return found;
}

void Service::handle(HttpRequest request, std::shared_ptr<Reply> reply) {
  std::string id = next_id(request);
  Headers headers = cors(request);
  headers.emplace_back("x-request-id", id);
  std::shared_ptr<const Router> router;
  {
    const std::scoped_lock lock(mutex_);
    router = router_;
  }
  const auto call = std::make_shared<Call>(std::move(request), std::move(id), std::move(headers),
                                           std::move(reply));
  try {
    serve(call, router.get());
  } catch (...) {
    const ApiError error = thrown_api_error();
    if (error.status >= 500) {
      log(LogLevel::kError,
          fmt::format("request {} {}: {}", call->id(), error.status, quoted(error.what())));
    }
    if (!call->answered()) call->refuse(error);
  }
}

// A browser asks first whether it may ask.
bool Service::answer_preflight(Call& call, const std::string& allow) const {
  if (call.request().method != "OPTIONS") return false;
  HttpResponse out{.status = 204, .content_type = "", .headers = {{"Allow", allow + ", OPTIONS"}}};
  const bool asks = !call.request().header("access-control-request-method").empty();
  if (asks && !cors(call.request()).empty()) {
    const std::string_view wanted = call.request().header("access-control-request-headers");
    out.headers.emplace_back("Access-Control-Allow-Methods", allow + ", OPTIONS");
    out.headers.emplace_back("Access-Control-Allow-Headers",
                             wanted.empty() ? "authorization, content-type" : std::string(wanted));
    out.headers.emplace_back("Access-Control-Max-Age", kSecondsOfPreflight);
  }
  call.send(std::move(out));
  return true;
}

void Service::serve(const std::shared_ptr<Call>& call, const Router* router) {
  const HttpRequest& request = call->request();
  if (router == nullptr) {
    if (request.path == "/health") {
      call->send({.status = 503,
                  .headers = {{"Retry-After", std::to_string(kRetryLoading)}},
                  .body = R"({"status":"loading","service":"rocmforge"})"});
      return;
    }
    if (request.path == "/ready") {
      call->send(
          {.status = 503,
           .headers = {{"Retry-After", std::to_string(kRetryLoading)}},
           .body = R"({"ready":false,"service":"rocmforge","error":"the model is being loaded"})"});
      return;
    }
    throw ApiError(503, "the model is being loaded",
                   {.code = "loading", .retry_after = kRetryLoading});
  }
  const Router::Found found = router->find(request.method, request.path);
  if (found.route == nullptr) {
    if (found.allow.empty()) {
      throw ApiError(404, fmt::format("there is no {} {} here", request.method, request.path));
    }
    if (answer_preflight(*call, found.allow)) return;
    call->send({.status = 405,
                .headers = {{"Allow", found.allow + ", OPTIONS"}},
                .body = openai_error({405, fmt::format("{} takes {}, not {}", request.path,
                                                       found.allow, request.method)})});
    return;
  }
  call->set_route(found.argument, found.route->error);
  if (found.route->needs_key) {
    if (!may_ask(request)) {
      throw ApiError(401, "the API key is missing or wrong: send it as Authorization: Bearer KEY",
                     {.code = "invalid_api_key"});
    }
    if (closing_) {
      throw ApiError(503, "the server is shutting down",
                     {.code = "shutting_down", .retry_after = kRetryClosing});
    }
  }
  found.route->handle(call);
}

}  // namespace rocmforge::serve
