// One connection: its requests one after another, each read, handed on and answered.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>

#include "serve/http/server.h"

namespace rocmforge::serve {

// What the connections of a server have in common; it outlives them.
struct HttpSettings {
  std::shared_ptr<void> io;  // what their sockets are of
  HttpLimits limits;
  HttpService service;
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using Protocol = boost::asio::generic::stream_protocol;
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  // `refused`: there are too many connections; it is told so. The socket's executor is a strand.
  HttpSession(std::shared_ptr<const HttpSettings> settings, Protocol::socket socket,
              std::string peer, bool refused);

  // On its strand, as the two below.
  Awaitable<void> run();
  // After the request under way, if there is one, it closes.
  void drain();
  // Now.
  void close();

  auto executor() { return socket_.get_executor(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Error = boost::system::error_code;

  Awaitable<void> serve();
  Awaitable<bool> wait_for_request();
  Awaitable<bool> read_request(Parser& parser);
  Awaitable<bool> answer(HttpRequest request);
  Awaitable<bool> write_answer(Exchange& exchange);
  void expires_after(std::chrono::milliseconds patience);
  void wait_for_deadline();
  void never_expires();
  Awaitable<bool> write(const std::string& text, std::chrono::milliseconds patience);
  Awaitable<void> refuse(int status, std::string_view message);
  Awaitable<void> close_politely();
  HttpRequest request_of(Parser& parser);
  std::string head_of(const HttpResponse& head, bool streams) const;
  std::string framed(std::string text) const;
  void watch();
  void look(Error error);
  void wait_for_the_end();
  Awaitable<void> stop_watching();

  std::shared_ptr<const HttpSettings> settings_;
  Protocol::socket socket_;
  boost::asio::steady_timer wake_;
  boost::asio::steady_timer deadline_;  // of the read or write under way
  bool late_ = false;                   // it has passed
  boost::beast::flat_buffer buffer_;
  std::string peer_;
  bool refused_;
  bool idle_ = false, draining_ = false, closed_ = false;

  // Of the request under way.
  std::shared_ptr<Exchange> exchange_;
  bool watching_ = false;
  bool asks_ = false;      // whether the client, which sends no more, is still there
  bool keep_ = true;       // the connection, after it
  bool chunked_ = true;    // its stream: not for HTTP/1.0
  bool bodyless_ = false;  // HEAD
  bool cut_ = false;       // the connection ends with a reset
  std::string raw_path_;
  int status_ = 0;
  std::string id_;
  std::size_t n_bytes_ = 0;
};

}  // namespace rocmforge::serve
