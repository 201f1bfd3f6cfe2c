// What a server serves, from before the model is loaded to the end: routes, keys, CORS, the ids of
// requests, and the access log.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http/server.h"
#include "serve/router.h"

namespace rocmforge::serve {

struct ServiceOptions {
  std::vector<std::string> keys = {};          // of clients; none: all may ask
  std::vector<std::string> cors_origins = {};  // "*": any; none: no CORS
};

class Service {
 public:
  explicit Service(ServiceOptions options) : options_(std::move(options)) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // For HttpServer; the service outlives it.
  HttpService http();
  // From now on there is a model: until then all that is asked gets a 503 that says so, and
  // /health {"status": "loading"}.
  void open(Router router);
  // From now on what is asked gets a 503, but for /health and the like (needs_key is false).
  void close() { closing_ = true; }
  bool closing() const { return closing_; }
  bool has_keys() const { return !options_.keys.empty(); }

  // One request, as HttpService has it.
  void handle(HttpRequest request, std::shared_ptr<Reply> reply);

 private:
  Headers cors(const HttpRequest& request) const;
  bool may_ask(const HttpRequest& request) const;
  void serve(const std::shared_ptr<Call>& call, const Router* router);
  bool answer_preflight(Call& call, const std::string& allow) const;
  std::string next_id(const HttpRequest& request);

  ServiceOptions options_;
  std::atomic<bool> closing_{false};
  std::atomic<std::uint64_t> n_requests_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const Router> router_;  // null: loading
};

// Without telling by the time taken how much of `secret` is right.
bool same_secret(std::string_view given, std::string_view secret);

}  // namespace rocmforge::serve
