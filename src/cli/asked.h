// What a server is asked for and how its answers are shown: of the first program's HTTP interface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/app.h"
#include "serve/http/client.h"

namespace rocmforge::cli {

// The server answered, and not with 200. It is shown as it is: scripts know the text.
class ServerError : public Error {
 public:
  ServerError(int status, std::string_view body);
};

// What becomes of a request, as each route tells it.
struct AskedAnswer {
  std::uint64_t request_id = 0;
  std::string text;
  bool finished = false;
  std::optional<std::string> reason;
};

// Takes ROCMFORGE_API_KEY along, where that is set.
class AskedServer {
 public:
  // Error{kUsage} naming --host.
  explicit AskedServer(const Globals& globals);

  // Errors: ServerError, those of HttpClient, kFormat for an answer in another form.
  AskedAnswer ask(serve::HttpCall call) const;
  // Each data event of a stream, until one says that it is the last; false of `on_event`: no more
  // is wanted. Error{kIo} for a stream that ends before that.
  using OnEvent = std::function<bool(const AskedAnswer& event)>;
  void follow(serve::HttpCall call, const OnEvent& on_event) const;

 private:
  AskedAnswer parse(std::string_view body) const;
  serve::HttpCall with_key(serve::HttpCall call) const;

  serve::HttpClient client_;
};

// `Some("completed")`, or None.
std::string shown(const std::optional<std::string>& reason);

}  // namespace rocmforge::cli
