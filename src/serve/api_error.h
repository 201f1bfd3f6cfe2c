// Why a client does not get what it asked for.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace rocmforge::serve {

struct ApiError : std::runtime_error {
  struct More {
    std::string code = {};   // "model_not_found"; empty: null
    std::string param = {};  // the field that is at fault; empty: null
    int retry_after = 0;     // seconds; 0: none is told
  };
  ApiError(int http_status, const std::string& message) : ApiError(http_status, message, {}) {}
  ApiError(int http_status, const std::string& message, More what_more)
      : std::runtime_error(message), status(http_status), more(std::move(what_more)) {}

  int status;
  More more;
};

// Within a catch: what was thrown, as a client is told it. The library's errors about values are
// the client's fault; what is no fault of its own is a 500.
ApiError thrown_api_error();

// {"error": {"message", "type", "param", "code"}}, as OpenAI has it.
std::string openai_error(const ApiError& error);

}  // namespace rocmforge::serve
