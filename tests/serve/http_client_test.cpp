// The client of HTTP, against our own server and against sockets that say odd things.
#include "serve/http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "serve/http/event_stream.h"
#include "serve/http_fixture.h"
#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

using serve::EventParser;
using serve::HttpAnswer;
using serve::HttpCall;
using serve::HttpClient;
using serve::ServerEvent;

std::string error_of(const std::function<void()>& act, ErrorCode code) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

class Client : public Http {
 protected:
  HttpClient client() const { return HttpClient("http://" + address()); }
};

TEST_F(Client, SendsAndReadsABody) {
  start();
  const std::string body = "line\r\n" + std::string(3'000'000, 'x');
  const HttpAnswer answer = client().request({.method = "POST", .path = "/echo", .body = body});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("x-method"), "POST");
  EXPECT_EQ(answer.body, body);
  EXPECT_EQ(client().request({.method = "POST", .path = "/echo"}).body, "");
}

TEST_F(Client, TakesPathsBelowABaseAndAddressesWithoutScheme) {
  start();
  EXPECT_EQ(HttpClient(address()).request({.path = "/echo"}).status, 200);
  EXPECT_EQ(HttpClient("http://" + address() + "/").request({.path = "/echo"}).status, 200);
  EXPECT_EQ(HttpClient("http://" + address() + "/no/such").request({.path = "/echo"}).status, 500);
  EXPECT_TRUE(wait_for([&] { return lines_.size() == 3; }));
  // Three connections: their lines may come in any order.
  EXPECT_EQ(std::count_if(
                lines_.begin(), lines_.end(),
                [](const std::string& line) { return line.starts_with("GET /no/such/echo 500 "); }),
            1);
}

TEST_F(Client, SpeaksThroughASocketOfTheFileSystem) {
  const TempDir dir;
  const std::string url = "unix:" + dir.file("http");
  start({}, url);
  EXPECT_EQ(HttpClient(url).request({.method = "POST", .path = "/echo", .body = "a"}).body, "a");
  server_.reset();
  EXPECT_NE(error_of([&] { HttpClient(url).request({}); }, ErrorCode::kNotFound).find(url),
            url.npos);
}

TEST_F(Client, GivesAStreamAsItComes) {
  start();
  std::string text;
  const auto collect = [&](std::string_view part) {
    text += part;
    return true;
  };
  const HttpAnswer answer = client().stream({.path = "/stream"}, collect);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "text/event-stream");
  EXPECT_EQ(text, "one two three");
  EXPECT_EQ(answer.body, "");
  // Of another status the body is the answer's.
  const HttpAnswer failed = client().stream({.path = "/throw"}, collect);
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "it broke");
}

TEST_F(Client, HearsAPartBeforeTheNextIsWritten) {
  start();
  std::vector<std::string> parts;
  client().stream({.path = "/hold-stream?first"}, [&](std::string_view text) {
    parts.emplace_back(text);
    if (parts.size() == 2) held()->end();
    if (parts.size() == 1) held()->write("second");
    return true;
  });
  EXPECT_EQ(parts, (std::vector<std::string>{"first", "second"}));
}

TEST_F(Client, LeavesAStreamThatItWantsNoMoreOf) {
  start();
  client().stream({.path = "/hold-stream?first"}, [&](std::string_view) { return false; });
  EXPECT_TRUE(wait_for([&] { return n_gone_ == 1; }));
}

TEST_F(Client, IsCancelledWhileItWaits) {
  start();
  std::atomic<bool> cancel{false};
  std::thread later([&] {
    held();
    cancel = true;
  });
  const auto begin = std::chrono::steady_clock::now();
  error_of([&] { client().request({.path = "/hold", .cancel = &cancel}); }, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  later.join();
  EXPECT_TRUE(wait_for([&] { return n_gone_ == 1; }));
}

TEST_F(Client, GivesUpAfterItsTime) {
  start();
  const std::string why =
      error_of([&] { client().request({.path = "/hold", .timeout = 100ms}); }, ErrorCode::kIo);
  EXPECT_NE(why.find("no answer in time"), why.npos) << why;
  EXPECT_NE(why.find(address()), why.npos) << why;
}

TEST_F(Client, NoticesAnAnswerThatIsCut) {
  start();
  const std::string why = error_of([&] { client().request({.path = "/cut"}); }, ErrorCode::kIo);
  EXPECT_NE(why.find("closed the connection before"), why.npos) << why;
}

TEST(HttpUrl, NobodyThereIsSaidWithAHint) {
  const std::string why =
      error_of([&] { HttpClient("http://127.0.0.1:1").request({}); }, ErrorCode::kNotFound);
  EXPECT_NE(why.find("http://127.0.0.1:1"), why.npos) << why;
  EXPECT_NE(why.find("is `rocmforge serve` running?"), why.npos) << why;
}

TEST(HttpUrl, WrongOnesAreRefused) {
  EXPECT_NE(error_of([] { HttpClient("https://a.b"); }, ErrorCode::kUsage).find("https is not"),
            std::string::npos);
  for (const char* url :
       {"", "http://", "http://:80", "ftp://a/b", "http://a:b", "http://a:70000",
        "http://a:", "unix:", "http://a b", "http://u@a", "http://a/?q", "http://a\r\nX: y"}) {
    error_of([&] { HttpClient{url}; }, ErrorCode::kUsage);
  }
  for (const char* url : {"http://a", "a:1", "http://[::1]:8080", "http://[::1]", "unix:/x"}) {
    EXPECT_NO_THROW(HttpClient{url}) << url;
  }
}

// Says `text` to whoever connects, once they have said something, and closes.
class Speaker {
 public:
  explicit Speaker(std::string text) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, plain, size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    ::getsockname(listener_, plain, &size);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, said = std::move(text)] {
      const int socket = ::accept(listener_, nullptr, nullptr);
      char heard[4096];
      if (::read(socket, heard, sizeof heard) > 0) {
        (void)!::write(socket, said.data(), said.size());
      }
      ::close(socket);
    });
  }
  ~Speaker() {
    thread_.join();
    ::close(listener_);
  }
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;
  const std::string& url() const { return url_; }

 private:
  int listener_;
  std::string url_;
  std::thread thread_;
};

TEST(HttpAnswers, OfOtherServers) {
  const Speaker without_length("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  EXPECT_EQ(HttpClient(without_length.url()).request({}).body, "until the end");
  const Speaker interim(
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
      "Content-Length: 2\r\n\r\nok");
  EXPECT_EQ(HttpClient(interim.url()).request({}).body, "ok");
}

TEST(HttpAnswers, ThatAreNone) {
  const Speaker noise("SSH-2.0-OpenSSH\r\n\r\n");
  const std::string why =
      error_of([&] { HttpClient(noise.url()).request({}); }, ErrorCode::kFormat);
  EXPECT_NE(why.find("no answer of HTTP"), why.npos) << why;
  const Speaker silent("");
  error_of([&] { HttpClient(silent.url()).request({}); }, ErrorCode::kIo);
  const Speaker endless("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'a'));
  error_of([&] { HttpClient(endless.url()).request({}); }, ErrorCode::kFormat);
}

std::vector<ServerEvent> events_of(const std::string& text, std::size_t step) {
  std::vector<ServerEvent> out;
  EventParser parser([&](ServerEvent event) {
    out.push_back(std::move(event));
    return true;
  });
  for (std::size_t i = 0; i < text.size(); i += step) parser.take(text.substr(i, step));
  return out;
}

TEST(Events, AreTheSameHoweverTheTextIsCut) {
  const std::string text =
      "\xEF\xBB\xBF"
      "data: one\n\n: a comment\r\n\r\ndata:two\r\ndata: three\r\n\r\n"
      "event: named\ndata\rid: 5\r\rdata: caf\xC3\xA9\n\nevent: without data\n\ndata:  x\n\n"
      "data: never ended";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const auto events = events_of(text, step);
    ASSERT_EQ(events.size(), 5U) << step;
    EXPECT_EQ(events[0].data, "one");
    EXPECT_EQ(events[1].data, "two\nthree");
    EXPECT_EQ(events[2].name, "named");
    EXPECT_EQ(events[2].data, "");
    EXPECT_EQ(events[3].data, "caf\xC3\xA9");
    EXPECT_EQ(events[4].data, " x");
    EXPECT_EQ(events[4].name, "");
  }
}

TEST(Events, StopWhenNoMoreAreWanted) {
  int n = 0;
  EventParser parser([&](const ServerEvent&) { return ++n < 2; });
  EXPECT_FALSE(parser.take("data: 1\n\ndata: 2\n\ndata: 3\n\n"));
  EXPECT_FALSE(parser.take("data: 4\n\n"));
  EXPECT_EQ(n, 2);
}

TEST(Events, ThatAreTooLargeAreRefused) {
  EventParser parser([](const ServerEvent&) { return true; });
  const std::string part(1 << 20, 'x');
  const auto feed = [&] {
    for (int i = 0; i < 20; ++i) parser.take(part);
  };
  error_of(feed, ErrorCode::kFormat);
}

}  // namespace
}  // namespace rocmforge::test
