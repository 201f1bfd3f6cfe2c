// A server with a few paths, and what it has seen.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "serve/http/server.h"
#include "serve/raw_client.h"

namespace rocmforge::test {

using namespace std::chrono_literals;
using serve::HttpLimits;
using serve::HttpRequest;
using serve::HttpResponse;
using serve::HttpServer;
using serve::Reply;

class Http : public ::testing::Test {
 protected:
  void start(HttpLimits limits = {}, const std::string& address = "127.0.0.1:0") {
    server_.emplace(
        address, limits,
        serve::HttpService{.handle =
                               [this](HttpRequest request, std::shared_ptr<Reply> reply) {
                                 handle(std::move(request), std::move(reply));
                               },
                           .error =
                               [](int status, std::string_view message) {
                                 return HttpResponse{.status = status,
                                                     .content_type = "text/plain",
                                                     .headers = {},
                                                     .body = std::string(message)};
                               },
                           .log = [this](const serve::HttpAccess& line) { log(line); }});
    server_->run(2);
  }

  void TearDown() override {
    release();
    server_.reset();
    held_.clear();
  }

  void handle(HttpRequest request, std::shared_ptr<Reply> reply) {
    if (request.path == "/echo") {
      reply->send({.content_type = "text/plain",
                   .headers = {{"X-Method", request.method}},
                   .body = request.body});
    } else if (request.path == "/stream") {
      reply->begin({.content_type = "text/event-stream"}, ": quiet\n\n");
      for (const char* word : {"one ", "two ", "three"}) reply->write(word);
      reply->end();
    } else if (request.path == "/throw") {
      throw Error(ErrorCode::kInternal, "it broke");
    } else if (request.path == "/cut") {
      reply->begin({.content_type = "text/plain"});
      reply->write("half");
    } else if (request.path == "/hold" || request.path == "/hold-stream") {
      if (request.path == "/hold-stream") {
        reply->begin({.content_type = "text/event-stream"}, ": quiet\n\n");
        if (request.query == "first") reply->write("first");
      }
      reply->on_gone([this] {
        ++n_gone_;
        changed_.notify_all();
      });
      const std::scoped_lock lock(mutex_);
      held_.push_back(std::move(reply));
      changed_.notify_all();
    }  // else it is let go of
  }

  void log(const serve::HttpAccess& line) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::string(line.method) + " " + std::string(line.path) + " " +
                     std::to_string(line.status) + " " + std::to_string(line.bytes));
    changed_.notify_all();
  }

  template <class Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, condition);
  }
  std::shared_ptr<Reply> held(std::size_t i = 0) {
    EXPECT_TRUE(wait_for([&] { return held_.size() > i; }));
    const std::scoped_lock lock(mutex_);
    return held_.at(i);
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    held_.clear();
  }
  const std::string& address() const { return server_->address(); }

  static std::string get(const std::string& path, const std::string& more = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: here\r\n" + more + "\r\n";
  }
  static std::string post(const std::string& body, const std::string& more = "") {
    return "POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + more + "\r\n" + body;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Reply>> held_;
  std::vector<std::string> lines_;
  std::atomic<int> n_gone_{0};
  std::optional<HttpServer> server_;
};

}  // namespace rocmforge::test
