#include "serve/http/session.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <utility>

#include "base/check.h"

namespace rocmforge::serve {
namespace {

std::string header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

namespace asio = boost::asio;
namespace http = boost::beast::http;
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);

using Clock = std::chrono::steady_clock;
// What a client may send ahead while a request of it is answered.
constexpr std::size_t kMostAhead = 64U << 10;
// A client that reads so much in HttpLimits::write_time is not too slow.
constexpr std::size_t kMostAtOnce = 64U << 10;
// After an answer that a client's unread words might otherwise destroy.
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::milliseconds kAgain{100};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// Said in the log alone, of a client that left before its answer: nginx's number for it.
constexpr int kClientLeft = 499;

struct Trouble {
  int status = 0;  // 0: nothing to say
  std::string_view message;
};

Trouble trouble_of(const boost::system::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return {431, "the header is too large"};
  }
  if (error == http::error::body_limit) return {413, "the body is too large"};
  if (error == http::error::bad_version) return {505, "not HTTP/1.0 or HTTP/1.1"};
  if (error == http::error::partial_message || error == http::error::end_of_stream) return {};
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    return {400, "not a request of HTTP"};
  }
  return {};
}

}  // namespace

HttpSession::HttpSession(std::shared_ptr<const HttpSettings> settings, Protocol::socket socket,
                         std::string peer, bool refused)
    : settings_(std::move(settings)),
      socket_(std::move(socket)),
      wake_(socket_.get_executor()),
      deadline_(socket_.get_executor()),
      peer_(std::move(peer)),
      refused_(refused) {}

HttpSession::Awaitable<void> HttpSession::run() {
  const auto self = shared_from_this();
  try {
    if (refused_) {
      co_await refuse(503, "too many connections");
    } else {
      co_await serve();
    }
    if (!cut_) co_await close_politely();
  } catch (const std::exception& e) {
    cut_ = true;
    if (settings_->service.fault) settings_->service.fault(e.what());
  }
  close();
}

void HttpSession::drain() {
  draining_ = true;
  if (idle_) close();
}

void HttpSession::close() {
  closed_ = true;
  boost::system::error_code ignored;
  if (cut_) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  if (exchange_ != nullptr) exchange_->client_left();
  wake_.cancel();
}

HttpSession::Awaitable<void> HttpSession::serve() {
  while (!draining_ && !closed_) {
    if (!co_await wait_for_request()) co_return;
    std::optional<Parser> parser(std::in_place);
    if (!co_await read_request(*parser)) co_return;
    keep_ = parser->get().keep_alive();
    chunked_ = parser->get().version() >= 11;
    HttpRequest request = request_of(*parser);
    bodyless_ = request.method == "HEAD";
    parser.reset();
    if (!co_await answer(std::move(request))) co_return;
  }
}

// False: none came.
HttpSession::Awaitable<bool> HttpSession::wait_for_request() {
  if (buffer_.size() > 0) co_return true;  // it has come already
  idle_ = true;
  expires_after(settings_->limits.idle_time);
  const auto [error, n] = co_await socket_.async_read_some(buffer_.prepare(4096), kResult);
  idle_ = false;
  never_expires();
  buffer_.commit(n);
  co_return !error;
}

// False: there is none; what is wrong has been said.
HttpSession::Awaitable<bool> HttpSession::read_request(Parser& parser) {
  const HttpLimits& limits = settings_->limits;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);
  expires_after(limits.header_time);
  auto [error, n] = co_await http::async_read_header(socket_, buffer_, parser, kResult);
  if (!error && parser.get().count(http::field::transfer_encoding) > 0 &&
      parser.get().count(http::field::content_length) > 0) {
    co_await refuse(400, "a body of two lengths");
    co_return false;
  }
  if (!error && parser.get().count(http::field::transfer_encoding) > 0 && !parser.chunked()) {
    co_await refuse(501, "no transfer encoding but chunked");
    co_return false;
  }
  if (!error) {
    const std::string_view expect(parser.get()[http::field::expect]);
    if (same_name(expect, "100-continue") && !parser.is_done()) {
      if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", limits.write_time)) co_return false;
    } else if (!expect.empty() && !same_name(expect, "100-continue")) {
      co_await refuse(417, "only 100-continue can be expected");
      co_return false;
    }
    expires_after(limits.body_time);
    std::tie(error, n) = co_await http::async_read(socket_, buffer_, parser, kResult);
  }
  never_expires();
  if (!error) co_return true;
  const Trouble trouble =
      late_ ? Trouble{408, "the request did not come in time"} : trouble_of(error);
  if (trouble.status != 0) co_await refuse(trouble.status, trouble.message);
  co_return false;
}

HttpRequest HttpSession::request_of(Parser& parser) {
  auto message = parser.release();
  HttpRequest out;
  out.method = std::string(message.method_string());
  std::string_view target(message.target());
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
    const auto path = target.find('/', scheme + 3);
    target = path == target.npos ? "/" : target.substr(path);
  }
  target = target.substr(0, target.find('#'));
  const auto mark = target.find('?');
  raw_path_ = std::string(target.substr(0, mark));
  out.path = percent_decoded(raw_path_);
  if (mark != target.npos) out.query = std::string(target.substr(mark + 1));
  for (const auto& field : message) {
    out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  out.body = std::move(message.body());
  out.peer = peer_;
  return out;
}

// False: the connection ends with it.
HttpSession::Awaitable<bool> HttpSession::answer(HttpRequest request) {
  const auto start = Clock::now();
  const std::string method = request.method;
  exchange_ = std::make_shared<Exchange>([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    asio::post(self->executor(), [weak] {
      if (const auto there = weak.lock()) there->wake_.cancel();
    });
  });
  status_ = 0;
  id_.clear();
  n_bytes_ = 0;
  asks_ = false;
  watch();
  auto reply = std::make_shared<Reply>(exchange_);
  std::string failure;
  try {
    settings_->service.handle(std::move(request), reply);
  } catch (const std::exception& e) {
    failure = e.what();
  }
  if (!failure.empty() && !exchange_->answered()) {
    reply->send(settings_->service.error(500, failure));
  }
  reply.reset();
  const bool whole = co_await write_answer(*exchange_);
  if (!whole) exchange_->client_left();
  // Only so does a client of HTTP/1.0 see that there was more.
  if (!whole && !chunked_) cut_ = true;
  exchange_.reset();
  co_await stop_watching();
  if (settings_->service.log) {
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    settings_->service.log({peer_, method, raw_path_, status_, n_bytes_, seconds, id_});
  }
  co_return whole&& keep_ && !draining_ && !closed_;
}

// False: it could not be written, or was cut.
HttpSession::Awaitable<bool> HttpSession::write_answer(Exchange& exchange) {
  std::string keep_alive;
  while (!closed_) {
    Exchange::News news = exchange.take();
    std::string out;
    if (news.begun) {
      if (news.failed && exchange.gone()) {
        status_ = kClientLeft;
        co_return false;
      }
      if (news.failed) news.head = settings_->service.error(500, "no answer was given");
      if (news.streams && !chunked_) keep_ = false;  // its end is the connection's
      if (draining_) keep_ = false;
      keep_alive = std::move(news.keep_alive);
      status_ = news.head.status;
      id_ = header_of(news.head, "x-request-id");
      out = head_of(news.head, news.streams);
      if (!news.streams && !bodyless_ && status_ != 204) {
        n_bytes_ = news.head.body.size();
        out += news.head.body;
      }
    }
    if (news.streams && !bodyless_) {
      n_bytes_ += news.text.size();
      out += framed(std::move(news.text));
      if (news.ended && !news.cut && chunked_) out += "0\r\n\r\n";
    }
    if (!out.empty() && !co_await write(out, settings_->limits.write_time)) co_return false;
    if (news.ended) co_return !news.cut;
    if (!out.empty()) continue;  // there may be more by now
    if (std::exchange(asks_, false)) {
      // Only what is sent tells who has left from who sends no more. A client of HTTP/1.1 must take
      // a 100 at any time before its answer (RFC 9110, 15.2).
      const std::string sign = news.streams ? framed(keep_alive) : std::string(kContinue);
      if (sign.empty() || (news.streams && bodyless_)) co_return false;
      if (!co_await write(sign, settings_->limits.write_time)) co_return false;
      continue;
    }
    wake_.expires_after(news.streams ? settings_->limits.silence : std::chrono::hours(24));
    const auto [woken] = co_await wake_.async_wait(kResult);
    if (!woken && news.streams && !bodyless_ && !keep_alive.empty()) {
      if (!co_await write(framed(keep_alive), settings_->limits.write_time)) co_return false;
    }
  }
  co_return false;
}

std::string HttpSession::head_of(const HttpResponse& head, bool streams) const {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\nServer: rocmforge\r\n", head.status, reason_of(head.status));
  if (!head.content_type.empty() && head.status != 204) {
    out.append("Content-Type: ").append(head.content_type).append("\r\n");
  }
  for (const auto& [name, value] : head.headers) {
    check(name.find_first_of("\r\n:") == name.npos && value.find_first_of("\r\n") == value.npos,
          "a header with a line break");
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (streams && chunked_) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (!streams && head.status != 204) {
    out += fmt::format("Content-Length: {}\r\n", head.body.size());
  }
  out += keep_ ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return out;
}

std::string HttpSession::framed(std::string text) const {
  if (text.empty() || !chunked_) return text;
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

// What is under way on the socket then ends, and late_ says why. It holds until the next call.
void HttpSession::expires_after(std::chrono::milliseconds patience) {
  late_ = false;
  deadline_.expires_after(patience);
  wait_for_deadline();
}

void HttpSession::wait_for_deadline() {
  deadline_.async_wait([weak = weak_from_this()](const Error& error) {
    const auto self = weak.lock();
    if (error || self == nullptr || self->deadline_.expiry() > Clock::now()) return;
    self->late_ = true;
    boost::system::error_code ignored;
    self->socket_.cancel(ignored);
    // What began between the two goes on: again, until never_expires().
    self->deadline_.expires_after(kAgain);
    self->wait_for_deadline();
  });
}

void HttpSession::never_expires() {
  deadline_.expires_at(Clock::time_point::max());
}

HttpSession::Awaitable<bool> HttpSession::write(const std::string& text,
                                                std::chrono::milliseconds patience) {
  for (std::size_t at = 0; at < text.size(); at += kMostAtOnce) {
    expires_after(patience);
    const auto piece = asio::buffer(text.data() + at, std::min(kMostAtOnce, text.size() - at));
    const auto [error, n] = co_await asio::async_write(socket_, piece, kResult);
    never_expires();
    if (error) co_return false;
  }
  co_return true;
}

HttpSession::Awaitable<void> HttpSession::refuse(int status, std::string_view message) {
  keep_ = false;
  HttpResponse response = settings_->service.error(status, message);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  co_await write(head_of(response, false) + response.body, settings_->limits.write_time);
  if (settings_->service.log)
    settings_->service.log({peer_, "-", "-", status, response.body.size(), 0});
}

// The rest of what the client sends is read and dropped for a while: closing on it would make the
// system drop the answer as well.
HttpSession::Awaitable<void> HttpSession::close_politely() {
  boost::system::error_code failed;
  socket_.shutdown(asio::socket_base::shutdown_send, failed);
  if (failed || closed_) co_return;
  expires_after(kLinger);
  while (true) {
    buffer_.clear();
    const auto [error, n] = co_await socket_.async_read_some(buffer_.prepare(kMostAhead), kResult);
    if (error || late_) break;
  }
  never_expires();
}

// While a request is answered: whether the client leaves. What it sends ahead is kept.
void HttpSession::watch() {
  watching_ = true;
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const Error& error) { self->look(error); });
}

void HttpSession::look(Error error) {
  watching_ = false;
  if (exchange_ == nullptr || error) {
    wake_.cancel();
    return;
  }
  if (buffer_.size() >= kMostAhead) return;  // that is enough of it
  const auto room = buffer_.prepare(kMostAhead);
  const ssize_t n = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
  if (n > 0) {
    buffer_.commit(static_cast<std::size_t>(n));
    watch();
  } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    watch();
  } else {
    keep_ = false;
    if (n == 0 && chunked_) {
      wait_for_the_end();
    } else {
      exchange_->client_left();
    }
  }
}

// The client sends no more. It may still read (a half-closed connection); asked with a few bytes,
// the system of one that is gone answers with a reset.
void HttpSession::wait_for_the_end() {
  watching_ = true;
  socket_.async_wait(asio::socket_base::wait_error,
                     [self = shared_from_this()](const Error& error) {
                       self->watching_ = false;
                       if (self->exchange_ != nullptr && !error) self->exchange_->client_left();
                       self->wake_.cancel();
                     });
  asks_ = true;
  wake_.cancel();
}

HttpSession::Awaitable<void> HttpSession::stop_watching() {
  boost::system::error_code ignored;
  if (watching_) socket_.cancel(ignored);
  while (watching_) {
    wake_.expires_after(std::chrono::hours(24));
    co_await wake_.async_wait(kResult);
  }
}

}  // namespace rocmforge::serve
