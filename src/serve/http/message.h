// What a client asks over HTTP, and what it is answered.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rocmforge::serve {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // of the target: before '?', percent-decoded
  std::string query;   // after '?', as it came
  Headers headers;     // names as they came
  std::string body;
  std::string peer;  // who asks: "127.0.0.1:51234", or "unix"

  // The first one of that name, of any case; empty: there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers = {};  // further ones; no line break in them (checked)
  std::string body = {};
};

// Percent-decoded; a '%' that two hexadecimal digits do not follow stays.
std::string percent_decoded(std::string_view text);
// ASCII letters of either case are the same.
bool same_name(std::string_view a, std::string_view b);
// "Not Found"; "Unknown" where HTTP has no name for it.
std::string_view reason_of(int status);

}  // namespace rocmforge::serve
