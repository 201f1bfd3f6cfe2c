// The HTTP server by itself, against clients that do as they should and against others.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "serve/http/server.h"
#include "serve/raw_client.h"
#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

using namespace std::chrono_literals;
using serve::HttpLimits;
using serve::HttpRequest;
using serve::HttpResponse;
using serve::HttpServer;
using serve::Reply;

// A handler with a few paths, and what it has seen.
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

TEST_F(Http, KeepsAConnectionAndClosesItWhenAsked) {
  start();
  RawClient client(address());
  for (const std::string body : {"first", "", "third\r\n\r\nwith lines"}) {
    ASSERT_TRUE(client.send(post(body)));
    const auto response = client.read();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, body);
    EXPECT_NE(response.head.find("Connection: keep-alive"), std::string::npos) << response.head;
    EXPECT_NE(response.head.find("X-Method: POST"), std::string::npos);
  }
  ASSERT_TRUE(client.send(post("last", "Connection: close\r\n")));
  EXPECT_EQ(client.read().body, "last");
  EXPECT_TRUE(client.closes());
  EXPECT_TRUE(wait_for([&] { return lines_.size() == 4; }));
  EXPECT_EQ(lines_.front(), "POST /echo 200 5");
}

TEST_F(Http, OldClientsAndHead) {
  start();
  RawClient old(address());
  ASSERT_TRUE(old.send("POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"));
  EXPECT_EQ(old.read().body, "abc");
  EXPECT_TRUE(old.closes());
  RawClient stream(address());
  ASSERT_TRUE(stream.send("GET /stream HTTP/1.0\r\n\r\n"));
  const auto response = stream.read();
  EXPECT_FALSE(response.chunked);
  EXPECT_EQ(response.body, "one two three");
  RawClient head(address());
  ASSERT_TRUE(head.send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\nHEAD /stream HTTP/1.1\r\n\r\n" +
                        post("next")));
  EXPECT_EQ(head.read(false).status, 200);
  EXPECT_EQ(head.read(false).status, 200);
  EXPECT_EQ(head.read().body, "next");
}

TEST_F(Http, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client(address());
  std::string all;
  for (int i = 0; i < 20; ++i) all += i % 5 == 3 ? get("/stream") : post(std::to_string(i));
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 20; ++i) {
    const auto response = client.read();
    EXPECT_EQ(response.body, i % 5 == 3 ? "one two three" : std::to_string(i));
    EXPECT_TRUE(response.whole);
  }
  // What is sent while one waits for its answer is answered after it, however much it is.
  ASSERT_TRUE(client.send(get("/hold")));
  const auto reply = held();
  std::thread ahead([&] {
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(client.send(post(std::string(10'000, 'x'))));
  });
  reply->send({.body = "{}"});
  EXPECT_EQ(client.read().body, "{}");
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.read().body.size(), 10'000U);
  ahead.join();
  EXPECT_EQ(n_gone_, 0);
}

TEST_F(Http, ChunkedBodiesAndExpectations) {
  start();
  RawClient client(address());
  const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n";
  ASSERT_TRUE(client.send(head + "\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"));
  EXPECT_EQ(client.read().body, "abc0123456789");
  ASSERT_TRUE(
      client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                  "Content-Length: 4\r\n\r\n"));
  EXPECT_EQ(client.read().status, 100);
  ASSERT_TRUE(client.send("late"));
  EXPECT_EQ(client.read().body, "late");
  ASSERT_TRUE(client.send(post("x", "Expect: a miracle\r\n")));
  EXPECT_EQ(client.read().status, 417);
  EXPECT_TRUE(client.closes());
}

struct Refused {
  const char* what;
  std::string sent;
  int status;
};
class HttpRefusals : public Http, public ::testing::WithParamInterface<Refused> {};

TEST_P(HttpRefusals, GetTheirStatusAndTheConnectionEnds) {
  start({.header_bytes = 4096, .body_bytes = 10'000, .header_time = 300ms, .body_time = 300ms});
  RawClient client(address());
  client.send(GetParam().sent);
  const auto response = client.read();
  EXPECT_EQ(response.status, GetParam().status) << response.head << response.body;
  EXPECT_TRUE(response.whole);
  EXPECT_FALSE(response.body.empty());
  EXPECT_TRUE(client.closes());
  RawClient other(address());
  ASSERT_TRUE(other.send(post("still there")));
  EXPECT_EQ(other.read().body, "still there");
}

INSTANTIATE_TEST_SUITE_P(
    , HttpRefusals,
    ::testing::Values(
        Refused{"noise", "\x16\x03\x01 hello\r\n\r\n", 400},
        Refused{"no_version", "GET /\r\n\r\n", 400},
        Refused{"future", "GET / HTTP/9.9\r\n\r\n", 505},
        Refused{"bad_length", "POST /echo HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400},
        Refused{"two_lengths",
                "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400},
        Refused{"bad_chunk",
                "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nabc\r\n", 400},
        Refused{"gzip",
                "POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nGET /a HTTP/1.1\r\n\r\n",
                501},
        Refused{"chunked_gzip",
                "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 501},
        Refused{"length_and_chunked",
                "POST /echo HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                "0\r\n\r\n",
                400},
        Refused{"nul_in_header", std::string("GET /echo HTTP/1.1\r\nX: a\0b\r\n\r\n", 30), 400},
        Refused{"endless_line", "GET /" + std::string(100'000, 'a'), 431},
        Refused{"giant_header", "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n",
                431},
        Refused{"large_body", "POST /echo HTTP/1.1\r\nContent-Length: 10001\r\n\r\n", 413},
        Refused{"large_chunked_body",
                "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n" +
                    std::string(0x4000, 'a') + "\r\n0\r\n\r\n",
                413},
        Refused{"slow_header", "GET / HTTP/1.1\r\nX: ", 408},
        Refused{"slow_body", "POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", 408}),
    [](const auto& test) { return std::string(test.param.what); });

TEST_F(Http, AStreamComesInChunksWithWordsInItsSilence) {
  start({.silence = 50ms});
  RawClient client(address());
  ASSERT_TRUE(client.send(get("/hold-stream")));
  const auto reply = held();
  reply->write("first");
  std::this_thread::sleep_for(180ms);
  reply->write("second");
  reply->end();
  const auto response = client.read();
  EXPECT_TRUE(response.chunked && response.whole);
  ASSERT_GE(response.chunks.size(), 4U);
  EXPECT_EQ(response.chunks.front(), "first");
  EXPECT_EQ(response.chunks.at(1), ": quiet\n\n");
  EXPECT_EQ(response.chunks.back(), "second");
  ASSERT_TRUE(client.send(post("the connection is kept")));
  EXPECT_EQ(client.read().body, "the connection is kept");
}

TEST_F(Http, NobodyIsLeftWithoutAnAnswer) {
  start();
  RawClient client(address());
  ASSERT_TRUE(client.send(get("/let-go-of")));
  EXPECT_EQ(client.read().status, 500);
  ASSERT_TRUE(client.send(get("/throw")));
  const auto thrown = client.read();
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body, "it broke");
  ASSERT_TRUE(client.send(get("/hold")));
  held();
  release();
  EXPECT_EQ(client.read().status, 500);
  ASSERT_TRUE(client.send(get("/cut")));
  const auto cut = client.read();
  EXPECT_EQ(cut.body, "half");
  EXPECT_FALSE(cut.whole);
}

TEST_F(Http, AClientThatLeavesIsNoticed) {
  start();
  int n = 0;
  for (const std::string path : {"/hold", "/hold-stream"}) {
    for (int how = 0; how < 3; ++how) {
      RawClient client(address());
      ASSERT_TRUE(client.send(get(path)));
      const auto reply = held(static_cast<std::size_t>(n));
      EXPECT_FALSE(reply->gone());
      if (how == 0) client.close();
      if (how == 1) client.reset();
      if (how == 2) client.half_close();
      ++n;
      EXPECT_TRUE(wait_for([&] { return n_gone_ == n; })) << path << " " << how;
      EXPECT_TRUE(reply->gone());
      // One that has only said that it sends no more still gets its answer.
      if (path == "/hold") reply->send({.body = "late"});
      if (path != "/hold") reply->end();
      if (how == 2 && path == "/hold") {
        EXPECT_EQ(client.read().body, "late");
      }
    }
  }
  release();
  EXPECT_TRUE(server_->drain(5s));
  EXPECT_EQ(server_->n_connections(), 0);
}

// The time that reads and writes have is not that of a request under way.
TEST_F(Http, AWaitOfAnyLengthIsWatched) {
  start({.header_time = 100ms, .body_time = 100ms, .idle_time = 100ms, .write_time = 100ms});
  for (const std::string path : {"/hold", "/hold-stream"}) {
    RawClient client(address());
    ASSERT_TRUE(client.send(get(path)));
    const auto reply = held(path == "/hold" ? 0 : 1);
    std::this_thread::sleep_for(300ms);
    EXPECT_FALSE(reply->gone()) << path;
    client.close();
    EXPECT_TRUE(wait_for([&] { return reply->gone(); })) << path;
    if (path == "/hold") reply->send({});
    if (path != "/hold") reply->end();
  }
}

TEST_F(Http, ASlowReaderIsLeftBehind) {
  start();
  RawClient slow(address(), 4096);
  ASSERT_TRUE(slow.send(get("/hold-stream")));
  const auto reply = held();
  const std::string block(1 << 20, 'x');
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 40 && !reply->gone(); ++i) reply->write(block);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);  // write() never waits
  EXPECT_TRUE(reply->gone());
  EXPECT_EQ(n_gone_, 1);
  RawClient other(address());
  ASSERT_TRUE(other.send(post("quick")));
  EXPECT_EQ(other.read().body, "quick");
}

// After a refusal what still comes is dropped, for no longer than it takes to read the answer.
TEST_F(Http, AnUploadWithoutEndIsCutAfterItsRefusal) {
  start({.body_bytes = 1000});
  RawClient client(address());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nContent-Length: 100000000000\r\n\r\n"));
  const auto begin = std::chrono::steady_clock::now();
  const std::string block(1 << 16, 'x');
  while (client.send(block) && std::chrono::steady_clock::now() - begin < 9s) {
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
  EXPECT_TRUE(server_->drain(5s));
}

TEST_F(Http, AFloodOfConnectionsIsHeldOff) {
  start({.connections = 1});
  RawClient first(address());
  ASSERT_TRUE(first.send(post("a")));
  EXPECT_EQ(first.read().body, "a");
  std::vector<std::unique_ptr<RawClient>> flood;
  for (int i = 0; i < 200; ++i) flood.push_back(std::make_unique<RawClient>(address()));
  ASSERT_TRUE(first.send(post("b")));
  EXPECT_EQ(first.read().body, "b");
  EXPECT_EQ(server_->n_connections(), 1);
  int n_told = 0;
  for (const auto& one : flood) n_told += one->read().status == 503 ? 1 : 0;
  EXPECT_GE(n_told, 32);
}

TEST_F(Http, ACutStreamIsSeenToBeCutByOldClientsToo) {
  start();
  RawClient old(address());
  ASSERT_TRUE(old.send("GET /cut HTTP/1.0\r\n\r\n"));
  EXPECT_FALSE(old.read().whole) << "it ends with a reset";
  RawClient half(address());
  ASSERT_TRUE(half.send(get("/hold-stream")));
  const auto reply = held();
  half.half_close();
  EXPECT_TRUE(wait_for([&] { return n_gone_ == 1; }));
  reply->write("not for who has left");
  reply->end();
  EXPECT_FALSE(half.read().whole);
}

TEST_F(Http, TooManyConnectionsAreToldSo) {
  start({.connections = 2});
  RawClient first(address()), second(address());
  ASSERT_TRUE(first.send(post("a")) && second.send(post("b")));
  EXPECT_EQ(first.read().body, "a");
  EXPECT_EQ(second.read().body, "b");
  RawClient third(address());
  const auto response = third.read();
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.head.find("Retry-After: "), std::string::npos);
  first.close();
  for (int i = 0; i < 100; ++i) {
    RawClient again(address());
    again.send(post("c"));
    if (again.read().status == 200) return;
    std::this_thread::sleep_for(20ms);
  }
  FAIL() << "the place of one that has left stays taken";
}

TEST_F(Http, IdleConnectionsEnd) {
  start({.idle_time = 100ms});
  RawClient client(address());
  ASSERT_TRUE(client.send(post("a")));
  EXPECT_EQ(client.read().body, "a");
  EXPECT_TRUE(client.closes());
}

TEST_F(Http, ADrainLetsRequestsEnd) {
  start();
  RawClient idle(address()), busy(address());
  ASSERT_TRUE(idle.send(post("a")) && busy.send(get("/hold-stream")));
  EXPECT_EQ(idle.read().body, "a");
  const auto reply = held();
  reply->write("begun, ");
  EXPECT_FALSE(server_->drain(100ms));
  EXPECT_TRUE(idle.closes());
  EXPECT_THROW(RawClient(address()).send("x"), std::runtime_error);
  reply->write("and ended");
  reply->end();
  const auto response = busy.read();
  EXPECT_EQ(response.body, "begun, and ended");
  EXPECT_TRUE(response.whole);
  EXPECT_TRUE(busy.closes());
  EXPECT_TRUE(server_->drain(5s));
}

TEST_F(Http, AServerEndsWithRequestsUnderWay) {
  start();
  RawClient client(address()), other(address());
  ASSERT_TRUE(client.send(get("/hold")) && other.send(get("/hold-stream")));
  held(1);
  server_.reset();
  EXPECT_EQ(n_gone_, 2);
  EXPECT_FALSE(client.read().whole);
}

TEST_F(Http, ManyAtOnce) {
  start();
  std::atomic<int> n_right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([&, c] {
      RawClient client(address());
      for (int i = 0; i < 50; ++i) {
        const std::string body = std::to_string(1000 * c + i);
        if (client.send(i % 7 == 0 ? get("/stream") : post(body)) &&
            client.read().body == (i % 7 == 0 ? "one two three" : body)) {
          ++n_right;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(n_right, 16 * 50);
}

TEST_F(Http, Addresses) {
  TempDir dir;
  const std::string local = "unix:" + dir.file("socket");
  start({}, local);
  EXPECT_FALSE(server_->is_public());
  RawClient client(local);
  ASSERT_TRUE(client.send(post("by a file")));
  EXPECT_EQ(client.read().body, "by a file");
  const auto refused = [](const std::string& address) {
    try {
      const HttpServer server(address, {}, {});
      return std::string("none");
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  EXPECT_EQ(refused(local), "[serve] " + local + ": another program listens there already");
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(dir.file("socket")));
  start({}, "localhost:0");
  EXPECT_FALSE(server_->is_public());
  EXPECT_EQ(refused(address()), "[serve] " + address() + ": another program listens there already");
  for (const std::string bad : {"", "8080", "127.0.0.1:", "127.0.0.1:80x", "1.2.3.4:65536",
                                "::1:8080", "host:-1", "127.0.0.1:999999999999999999999"}) {
    EXPECT_NE(refused(bad).find(": not an address: "), std::string::npos) << bad << refused(bad);
  }
  EXPECT_NE(refused("no.such.host.invalid:80").find("the host is not known"), std::string::npos);
  server_.reset();
  start({}, ":0");
  EXPECT_TRUE(server_->is_public());
}

}  // namespace
}  // namespace rocmforge::test
