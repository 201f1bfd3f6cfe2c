// An HTTP/1.1 server: connections, framing, limits and time; what is answered is a handler's
// matter. It knows nothing of models.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "serve/http/exchange.h"
#include "serve/http/message.h"

namespace rocmforge::serve {

struct HttpLimits {
  std::size_t header_bytes = 16U << 10;           // more: 431
  std::size_t body_bytes = 32U << 20;             // more: 413
  std::int32_t connections = 512;                 // more: 503
  std::chrono::milliseconds header_time{10'000};  // from a request's first byte; more: 408
  std::chrono::milliseconds body_time{60'000};    // more: 408
  std::chrono::milliseconds idle_time{60'000};    // between requests of a connection
  std::chrono::milliseconds write_time{60'000};   // for each 64 KiB that a client is to read
  std::chrono::milliseconds silence{15'000};      // of a stream, before its keep-alive text
};

// A line of the access log: who asked what, the status, the bytes of the body and the time taken.
struct HttpAccess {
  // The path as it came, without the query; "-" for it and the method of what was no request.
  std::string_view peer, method, path;
  int status = 0;
  std::size_t bytes = 0;
  double seconds = 0;
  std::string_view id = {};  // x-request-id of the answer; empty: it has none
};

// What a server serves. All are called on its threads, several at a time.
struct HttpService {
  // Never twice at once for one connection: its next request is read when this one is answered. It
  // may return before that. What it throws is answered by error(500, what()).
  std::function<void(HttpRequest request, std::shared_ptr<Reply> reply)> handle;
  // The answer to what never became a request, and to requests that were not answered.
  std::function<HttpResponse(int status, std::string_view message)> error;
  std::function<void(const HttpAccess&)> log = {};
  // What ended a connection that should not have: a bug, or want of memory.
  std::function<void(std::string_view what)> fault = {};
};

class HttpServer {
 public:
  // Listens at once; answers are given after run(). `address`: "127.0.0.1:8080", "[::1]:8080",
  // "localhost:0" (a free port), ":8080" (every interface of IPv4) or "unix:/run/rocmforge.sock"
  // (made; a socket that nobody listens on is replaced). Errors: kIo, kInvalidArgument, naming the
  // address.
  HttpServer(const std::string& address, HttpLimits limits, HttpService service);
  // Cuts what is under way.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // As it is: with the port that was free.
  const std::string& address() const;
  // Whether other machines can reach it.
  bool is_public() const;

  // Starts so many threads, and returns.
  void run(int n_threads);
  // Accepts no more, and closes each connection once its request is answered. True when all were
  // closed within `patience`.
  bool drain(std::chrono::milliseconds patience);
  std::int32_t n_connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocmforge::serve
