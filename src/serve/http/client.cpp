#include "serve/http/client.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"

namespace rocmforge::serve {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Protocol = asio::generic::stream_protocol;
using Clock = std::chrono::steady_clock;
using ErrorOf = boost::system::error_code;
using Parser = http::response_parser<http::string_body>;

constexpr std::string_view kScheme = "http://", kSecure = "https://", kUnix = "unix:";
// How often a flag is looked at that another thread, or a signal, may set.
constexpr std::chrono::milliseconds kLook{20};

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// One request and its answer.
class Conversation {
 public:
  Conversation(std::string url, const HttpCall& call) : url_(std::move(url)), call_(call) {
    if (call.timeout.count() > 0) deadline_ = Clock::now() + call.timeout;
  }

  void connect(const std::vector<Protocol::endpoint>& endpoints) {
    const auto whole = deadline_;
    const auto soon = Clock::now() + HttpClient::kConnectTime;
    deadline_ = whole ? std::min(*whole, soon) : soon;
    ErrorOf error = asio::error::host_not_found;
    for (const Protocol::endpoint& endpoint : endpoints) {
      ErrorOf ignored;
      socket_.close(ignored);
      socket_.open(endpoint.protocol(), error);
      if (error) continue;
      error = wait([&](auto done) { socket_.async_connect(endpoint, done); });
      if (!error) break;
    }
    if (error == asio::error::connection_refused || error == asio::error::host_not_found ||
        error.value() == ENOENT) {
      throw Error(ErrorCode::kNotFound,
                  place() + "nobody listens there; is `rocmforge serve` running?");
    }
    if (error) fail(error.message());
    socket_.set_option(tcp::no_delay(true), error);  // of TCP alone
    deadline_ = whole;
  }

  void send(const std::string& text) {
    // A server may answer, and close, before it has read all: the answer is what counts.
    unsent_ = wait([&](auto done) {
      asio::async_write(socket_, asio::buffer(text),
                        [done](ErrorOf error, std::size_t) { done(error); });
    });
  }

  HttpAnswer read(const HttpClient::OnText* on_text) {
    std::optional<Parser> parser;
    do {
      parser.emplace();
      parser->header_limit(HttpClient::kMostHeaderBytes);
      parser->body_limit(boost::none);  // it is counted here
      parser->skip(call_.method == "HEAD");
      check_read(wait([&](auto done) {
        http::async_read_header(socket_, buffer_, *parser,
                                [done](ErrorOf error, std::size_t) { done(error); });
      }));
    } while (parser->get().result_int() / 100 == 1);
    HttpAnswer answer{.status = static_cast<int>(parser->get().result_int())};
    for (const auto& field : parser->get()) {
      answer.headers.emplace_back(field.name_string(), field.value());
    }
    if (answer.status != 200) on_text = nullptr;
    while (true) {
      std::string text = std::exchange(parser->get().body(), {});
      if (on_text == nullptr) {
        answer.body += text;
      } else if (!text.empty() && !(*on_text)(text)) {
        return answer;
      }
      if (answer.body.size() > HttpClient::kMostBodyBytes) {
        throw Error(ErrorCode::kFormat, place() + "an answer of more than 256 MiB");
      }
      if (parser->is_done()) return answer;
      if (on_text != nullptr && deadline_) deadline_ = Clock::now() + call_.timeout;
      check_read(wait([&](auto done) {
        http::async_read_some(socket_, buffer_, *parser,
                              [done](ErrorOf error, std::size_t) { done(error); });
      }));
    }
  }

  asio::io_context& io() { return io_; }

 private:
  std::string place() const { return "[client] " + url_ + ": "; }
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(ErrorCode::kIo, place() + why);
  }

  void check_read(const ErrorOf& error) const {
    if (!error) return;
    if (error == http::error::end_of_stream || error == asio::error::eof ||
        error == http::error::partial_message || error == asio::error::connection_reset ||
        error == asio::error::broken_pipe) {
      fail("the server closed the connection before its answer was whole");
    }
    if (error.category() == make_error_code(http::error::bad_method).category()) {
      throw Error(ErrorCode::kFormat, place() + "no answer of HTTP: " + error.message());
    }
    fail(unsent_ ? unsent_.message() : error.message());
  }

  // Begins with `start`, which is handed what to call in the end, and waits for that.
  template <class Start>
  ErrorOf wait(Start start) {
    std::optional<ErrorOf> result;
    start([&result](const ErrorOf& error) { result = error; });
    io_.restart();
    while (!result) {
      io_.run_one_for(kLook);
      if (result) break;
      const bool cancelled = call_.cancel != nullptr && call_.cancel->load();
      const bool late = deadline_ && Clock::now() >= *deadline_;
      if (!cancelled && !late) continue;
      ErrorOf ignored;
      socket_.close(ignored);
      io_.run();  // ends what was begun
      if (cancelled) throw Error(ErrorCode::kCancelled, place() + "cancelled");
      fail("no answer in time");
    }
    return *result;
  }

  std::string url_;
  const HttpCall& call_;
  std::optional<Clock::time_point> deadline_;
  asio::io_context io_;
  Protocol::socket socket_{io_};
  boost::beast::flat_buffer buffer_;
  ErrorOf unsent_;
};

std::string head_of(const HttpCall& call, const std::string& path, const std::string& host) {
  std::string out = call.method + " " + path + " HTTP/1.1\r\nHost: " + host +
                    "\r\nConnection: close\r\nAccept: */*\r\n";
  if (!call.body.empty() || call.method == "POST") {
    out += "Content-Type: application/json\r\nContent-Length: " + std::to_string(call.body.size()) +
           "\r\n";
  }
  for (const auto& [name, value] : call.headers) out += name + ": " + value + "\r\n";
  const bool clean = std::all_of(out.begin(), out.end(), [](char c) { return c != '\0'; });
  check(
      clean && std::count(out.begin(), out.end(), '\n') ==
                   (call.body.empty() && call.method != "POST" ? 4 : 6) + std::ssize(call.headers),
      "no line break within a header");
  return out + "\r\n";
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

HttpClient::HttpClient(const std::string& url) : url_(url) {
  const auto bad = [&](std::string_view why) {
    return Error(ErrorCode::kUsage, "[client] " + url + ": " + std::string(why));
  };
  constexpr std::string_view kForms = "not an address: http://HOST:PORT or unix:PATH";
  if (url.find_first_of(std::string_view("\r\n\0 ", 4)) != url.npos) throw bad(kForms);
  if (url.starts_with(kUnix)) {
    unix_path_ = url.substr(kUnix.size());
    if (unix_path_.empty() || unix_path_.size() > 100) throw bad(kForms);
    return;
  }
  if (url.starts_with(kSecure)) {
    throw bad("https is not spoken here: use http://, or a proxy that does");
  }
  std::string rest = url.starts_with(kScheme) ? url.substr(kScheme.size()) : url;
  if (const auto slash = rest.find('/'); slash != rest.npos) {
    base_ = rest.substr(slash);
    rest.resize(slash);
    while (base_.ends_with('/')) base_.pop_back();
  }
  const auto closing = rest.rfind(']');
  const auto colon = rest.find(':', closing == rest.npos ? 0 : closing);
  host_ = rest.substr(0, colon);
  port_ = colon == rest.npos ? "80" : rest.substr(colon + 1);
  if (host_.starts_with('[') && host_.ends_with(']')) host_ = host_.substr(1, host_.size() - 2);
  if (host_.empty() || !is_number(port_) || std::stol(port_) > 65535 ||
      base_.find_first_of("?#") != base_.npos || host_.find_first_of("@?#[]") != host_.npos) {
    throw bad(kForms);
  }
}

HttpAnswer HttpClient::request(const HttpCall& call) const {
  return stream(call, nullptr);
}

HttpAnswer HttpClient::stream(const HttpCall& call, const OnText& on_text) const {
  Conversation conversation(url_, call);
  std::vector<Protocol::endpoint> endpoints;
  std::string host = "localhost";
  if (!unix_path_.empty()) {
    endpoints.emplace_back(asio::local::stream_protocol::endpoint(unix_path_));
  } else {
    ErrorOf error;
    for (const auto& found : tcp::resolver(conversation.io()).resolve(host_, port_, error)) {
      endpoints.emplace_back(found.endpoint());
    }
    if (error) {
      throw Error(ErrorCode::kIo,
                  "[client] " + url_ + ": the host is not known: " + error.message());
    }
    host = (host_.find(':') != host_.npos ? "[" + host_ + "]" : host_) + ":" + port_;
  }
  conversation.connect(endpoints);
  conversation.send(head_of(call, base_ + call.path, host) + call.body);
  return conversation.read(on_text ? &on_text : nullptr);
}

}  // namespace rocmforge::serve
