// The HTTP server by itself, against clients that do as they should and against others.
#include <filesystem>
#include <thread>

#include "serve/http_fixture.h"
#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

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
    for (int how = 0; how < 2; ++how) {
      RawClient client(address());
      ASSERT_TRUE(client.send(get(path)));
      const auto reply = held(static_cast<std::size_t>(n));
      EXPECT_FALSE(reply->gone());
      if (how == 0) client.close();
      if (how == 1) client.reset();
      ++n;
      EXPECT_TRUE(wait_for([&] { return n_gone_ == n; })) << path << " " << how;
      EXPECT_TRUE(reply->gone());
      if (path == "/hold") reply->send({.body = "late"});
      if (path != "/hold") reply->end();
    }
  }
  release();
  EXPECT_TRUE(server_->drain(5s));
  EXPECT_EQ(server_->n_connections(), 0);
}

// One that has only said that it sends no more gets its answer; if it then leaves, that is noticed.
TEST_F(Http, AHalfClosedClientGetsItsAnswer) {
  start();
  std::size_t n = 0;
  for (const std::string path : {"/hold", "/hold-stream"}) {
    for (const bool leaves : {false, true}) {
      RawClient client(address());
      ASSERT_TRUE(client.send(get(path)));
      const auto reply = held(n++);
      client.half_close();
      if (leaves) {
        std::this_thread::sleep_for(20ms);
        client.close();
        EXPECT_TRUE(wait_for([&] { return n_gone_ == 1 + (path == "/hold-stream"); })) << path;
      } else {
        std::this_thread::sleep_for(50ms);
        EXPECT_FALSE(reply->gone()) << path;
      }
      if (path == "/hold") reply->send({.body = "late"});
      if (path != "/hold") reply->end();
      if (!leaves) {
        auto answer = client.read();
        if (answer.status == 100) answer = client.read();
        EXPECT_EQ(answer.status, 200) << path;
        if (path == "/hold") {
          EXPECT_EQ(answer.body, "late");
        }
        EXPECT_TRUE(client.closes());
      }
    }
  }
  release();
  EXPECT_TRUE(server_->drain(5s));
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

TEST_F(Http, ACutStreamIsSeenToBeCutByOldClientsToo) {
  start();
  RawClient old(address());
  ASSERT_TRUE(old.send("GET /cut HTTP/1.0\r\n\r\n"));
  EXPECT_FALSE(old.read().whole) << "it ends with a reset";
  RawClient half(address());
  ASSERT_TRUE(half.send("GET /hold-stream HTTP/1.0\r\n\r\n"));
  const auto reply = held();
  half.half_close();  // there is nothing that it could be asked with
  EXPECT_TRUE(wait_for([&] { return n_gone_ == 1; }));
  reply->write("not for who has left");
  reply->end();
  EXPECT_FALSE(half.read().whole);
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
