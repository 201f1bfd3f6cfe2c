// What the HTTP server refuses, and whom.
#include <thread>

#include "serve/http_fixture.h"

namespace rocmforge::test {
namespace {

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

}  // namespace
}  // namespace rocmforge::test
