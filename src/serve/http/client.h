// A client of HTTP/1.1 that waits for what it asks: one connection a request.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "serve/http/message.h"

namespace rocmforge::serve {

struct HttpAnswer {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // empty where it was streamed

  // The first one of that name, of any case; empty: there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpCall {
  std::string method = "GET";
  std::string path = "/";  // with its query
  std::string body = {};   // application/json
  Headers headers = {};    // further ones; no line break in them (checked)
  // Of all of it; for a stream, of each wait for more. 0: any time.
  std::chrono::milliseconds timeout{0};
  const std::atomic<bool>* cancel = nullptr;  // looked at 50 times a second
};

class HttpClient {
 public:
  static constexpr std::size_t kMostHeaderBytes = 64U << 10, kMostBodyBytes = 256U << 20;
  static constexpr std::chrono::seconds kConnectTime{10};

  // "http://127.0.0.1:8080", "http://[::1]:8080/base", "127.0.0.1:8080" or "unix:/path".
  // Error{kUsage} naming it: https, or no address.
  explicit HttpClient(const std::string& url);

  // Errors name the URL: kNotFound (no server there), kIo (the connection ended early, not in
  // time), kFormat (no HTTP, too large), kCancelled.
  HttpAnswer request(const HttpCall& call) const;
  // The body of an answer of status 200 goes to `on_text` as it comes; false: no more is wanted.
  // Other bodies are the answer's. Errors as above, and what `on_text` throws.
  using OnText = std::function<bool(std::string_view text)>;
  HttpAnswer stream(const HttpCall& call, const OnText& on_text) const;

  const std::string& url() const { return url_; }

 private:
  std::string url_;
  std::string host_, port_;  // of TCP
  std::string base_;         // before each path; without a '/' at its end
  std::string unix_path_;    // else
};

}  // namespace rocmforge::serve
