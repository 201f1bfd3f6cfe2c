// Which handler a path has.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serve/call.h"

namespace rocmforge::serve {

// Called on a server's thread; it may return before the call is answered. What it throws is
// answered as thrown_api_error() has it, unless there was an answer.
using Handler = std::function<void(std::shared_ptr<Call>)>;

struct Route {
  std::string method;  // GET serves HEAD too
  // "/v1/models", or with one {...} at its end, which stands for the rest of the path, slashes
  // too, but not for nothing.
  std::string pattern;
  Handler handle;
  bool needs_key = true;  // where the server has keys
  ErrorForm error = openai_error;
};

class Router {
 public:
  // No two routes of one method and pattern (checked).
  void add(Route route);

  struct Found {
    const Route* route = nullptr;  // null: no route, or
    std::string allow;             // "GET, HEAD": the path is known for these methods alone
    std::string argument;
  };
  Found find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace rocmforge::serve
