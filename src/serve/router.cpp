#include "serve/router.h"

#include "base/check.h"

namespace rocmforge::serve {
namespace {

// Whether `path` is one of the pattern's, with what stands for {...}.
bool matches(std::string_view pattern, std::string_view path, std::string& argument) {
  const std::size_t brace = pattern.find('{');
  if (brace == pattern.npos) return pattern == path;
  if (path.size() <= brace || !path.starts_with(pattern.substr(0, brace))) return false;
  argument = path.substr(brace);
  return true;
}

}  // namespace

void Router::add(Route route) {
  for (const Route& other : routes_) {
    check(other.method != route.method || other.pattern != route.pattern, "two routes are one");
  }
  routes_.push_back(std::move(route));
}

Router::Found Router::find(std::string_view method, std::string_view path) const {
  Found out;
  for (const Route& route : routes_) {
    std::string argument;
    if (!matches(route.pattern, path, argument)) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      return {.route = &route, .allow = {}, .argument = std::move(argument)};
    }
    out.allow.append(out.allow.empty() ? "" : ", ").append(route.method);
    if (route.method == "GET") out.allow += ", HEAD";
  }
  return out;
}

}  // namespace rocmforge::serve
