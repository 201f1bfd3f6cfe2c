// A client that sends what it is told to, byte for byte.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace rocmforge::test {

class RawClient {
 public:
  // `address`: as HttpServer's, with its port. Reads wait 10 s at most.
  explicit RawClient(const std::string& address, int receive_buffer = 0);
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False: the other end has closed.
  bool send(std::string_view bytes);
  // No more from here.
  void half_close();
  void close();
  // At once, with a reset.
  void reset();

  struct Response {
    int status = 0;
    std::string head;  // with its empty line
    std::string body;  // a chunked one put together
    bool chunked = false, whole = false;
    std::vector<std::string> chunks;
  };
  // The next response; `has_body` false for one to HEAD. Not whole: the connection ended within it,
  // or it did not come.
  Response read(bool has_body = true);
  // All that comes until the other end closes.
  std::string read_all();
  // Whether the other end closes, with nothing before, in that time.
  bool closes();

 private:
  bool fill();

  int socket_ = -1;
  std::string buffer_;
  bool failed_ = false;  // the last read: a reset, or no word in time
};

}  // namespace rocmforge::test
