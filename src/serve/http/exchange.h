// One request's answer on its way from whoever gives it, on any thread, to the connection.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "serve/http/message.h"

namespace rocmforge::serve {

// Between the two of them; each function may be called from any thread.
class Exchange {
 public:
  // What a client has not read waits here, at most so many bytes or one piece; more, and it counts
  // as gone.
  static constexpr std::size_t kMostWaiting = 4U << 20;

  // `wake`: tells the connection that there is something to take.
  explicit Exchange(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Of who answers: see Reply.
  void send(HttpResponse response);
  void begin(HttpResponse head, std::string keep_alive);
  void write(std::string_view text);
  void end();
  void abandon();
  bool answered() const;  // there was a head
  bool gone() const;
  void on_gone(std::function<void()> gone);

  // Of the connection: what is new since the last time.
  struct News {
    bool begun = false;  // the head is there, at the first time that it says so
    bool streams = false;
    bool failed = false;              // begun without a head: no answer was given
    bool ended = false, cut = false;  // cut: a stream that was abandoned
    HttpResponse head = {};
    std::string keep_alive = {};
    std::string text = {};  // of a stream
  };
  News take();
  void client_left();

 private:
  void wake() const { wake_(); }
  void leave(std::unique_lock<std::mutex>& lock);

  std::function<void()> wake_;
  mutable std::mutex mutex_;
  News news_;
  bool answered_ = false;  // there was a head, taken or not
  bool ended_ = false, gone_ = false;
  std::function<void()> on_gone_;
};

// The answer to one request: send(), or begin(), write() any number of times, and end(). Let go of
// without one, the client gets a 500; a stream that was not ended is cut, which the client notices.
class Reply {
 public:
  explicit Reply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~Reply() { exchange_->abandon(); }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  void send(HttpResponse response) { exchange_->send(std::move(response)); }
  // A stream, in chunks as they come. `keep_alive`: what is written after each silence of 15 s;
  // empty: nothing.
  void begin(HttpResponse head, std::string keep_alive = {}) {
    exchange_->begin(std::move(head), std::move(keep_alive));
  }
  // Never waits. A client that has left, or does not read, gets nothing more.
  void write(std::string_view text) { exchange_->write(text); }
  void end() { exchange_->end(); }

  bool answered() const { return exchange_->answered(); }  // or begun to be
  bool gone() const { return exchange_->gone(); }
  // Told, on the connection's thread or within write(), that the client has left or does not read
  // what it asked for. At once when that has happened before.
  void on_gone(std::function<void()> gone) { exchange_->on_gone(std::move(gone)); }

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace rocmforge::serve
