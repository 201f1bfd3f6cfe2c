#include "serve/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace rocmforge::test {

RawClient::RawClient(const std::string& address, int receive_buffer) {
  const bool local = address.starts_with("unix:");
  socket_ = ::socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (receive_buffer > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  int failed = 0;
  if (local) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, address.c_str() + 5, sizeof to.sun_path - 1);
    failed = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    const auto port = std::stoul(address.substr(address.rfind(':') + 1));
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    failed = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (failed != 0) {
    close();
    throw std::runtime_error("connect: " + std::string(std::strerror(errno)));
  }
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::half_close() {
  ::shutdown(socket_, SHUT_WR);
}

void RawClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void RawClient::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool RawClient::fill() {
  char bytes[16384];
  const ssize_t n = ::recv(socket_, bytes, sizeof bytes, 0);
  failed_ = n < 0;
  if (n <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

RawClient::Response RawClient::read(bool has_body) {
  Response out;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
    if (!fill()) return out;
  }
  out.head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  out.status = std::stoi(out.head.substr(9, 3));
  if (!has_body || out.status == 204 || out.status == 100) {
    out.whole = true;
    return out;
  }
  const auto take = [&](std::size_t n, std::string& to) {
    while (buffer_.size() < n) {
      if (!fill()) return false;
    }
    to = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return true;
  };
  out.chunked = out.head.find("Transfer-Encoding: chunked") != out.head.npos;
  if (!out.chunked) {
    const auto at = out.head.find("Content-Length: ");
    if (at == out.head.npos) {
      out.body = read_all();
      out.whole = !failed_;
      return out;
    }
    out.whole = take(std::stoul(out.head.substr(at + 16)), out.body);
    return out;
  }
  while (true) {
    while ((end = buffer_.find("\r\n")) == buffer_.npos) {
      if (!fill()) return out;
    }
    const std::size_t n = std::stoul(buffer_.substr(0, end), nullptr, 16);
    buffer_.erase(0, end + 2);
    std::string chunk, line;
    if (!take(n, chunk) || !take(2, line) || line != "\r\n") return out;
    if (n == 0) {
      out.whole = true;
      return out;
    }
    out.body += chunk;
    out.chunks.push_back(std::move(chunk));
  }
}

std::string RawClient::read_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool RawClient::closes() {
  char byte = 0;
  return buffer_.empty() && ::recv(socket_, &byte, 1, 0) == 0;
}

}  // namespace rocmforge::test
