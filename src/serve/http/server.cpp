#include "serve/http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <filesystem>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "serve/http/session.h"

namespace rocmforge::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Local = asio::local::stream_protocol;
constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kUnix = "unix:";
// After an accept that failed, most often for want of descriptors.
constexpr std::chrono::milliseconds kPause{100};
// Connections that are told at once that there are too many; the next ones are closed.
constexpr std::int32_t kMostRefused = 32;

struct HostAndPort {
  std::string host, port;
};

HostAndPort split(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto bad = [&] {
    return Error(
        ErrorCode::kInvalidArgument,
        "[serve] " + address + ": not an address: 127.0.0.1:8080, [::1]:8080, :8080 or unix:PATH");
  };
  if (colon == address.npos || colon + 1 == address.size()) throw bad();
  HostAndPort out{address.substr(0, colon), address.substr(colon + 1)};
  if (!std::all_of(out.port.begin(), out.port.end(), [](char c) { return c >= '0' && c <= '9'; }) ||
      out.port.size() > 5 || std::stol(out.port) > 65535) {
    throw bad();
  }
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != out.host.npos) {
    throw bad();  // IPv6 wants its brackets: what is the port else?
  }
  if (out.host.empty() || out.host == "*") out.host = "0.0.0.0";
  return out;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return fmt::format(fmt::runtime(endpoint.address().is_v6() ? "[{}]:{}" : "{}:{}"), host,
                     endpoint.port());
}
std::string text_of(const Local::endpoint&) {
  return "unix";
}

[[noreturn]] void fail(const std::string& address, const std::string& why) {
  throw Error(ErrorCode::kIo, "[serve] " + address + ": " + why);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const std::string& address, HttpLimits limits, HttpService service)
      : settings_(std::make_shared<HttpSettings>(HttpSettings{io_, limits, std::move(service)})) {
    if (address.starts_with(kUnix)) {
      listen_local(address.substr(kUnix.size()));
    } else {
      listen_tcp(address);
    }
  }

  ~Impl() {
    close_acceptors();
    each_session([](HttpSession& session) { session.close(); });
    work_.reset();
    if (threads_.empty()) io_->run();
    for (std::thread& thread : threads_) thread.join();
    if (!path_.empty()) {
      std::error_code ignored;
      std::filesystem::remove(path_, ignored);
    }
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void run(int n_threads) {
    for (auto& acceptor : tcp_) asio::co_spawn(accepts_, accept_all(acceptor), asio::detached);
    for (auto& acceptor : local_) asio::co_spawn(accepts_, accept_all(acceptor), asio::detached);
    for (int i = 0; i < n_threads; ++i) threads_.emplace_back([io = io_] { io->run(); });
  }

  bool drain(std::chrono::milliseconds patience) {
    close_acceptors();
    each_session([](HttpSession& session) { session.drain(); });
    std::unique_lock lock(mutex_);
    return emptied_.wait_for(lock, patience, [this] { return sessions_.empty(); });
  }

  std::int32_t n_connections() const {
    const std::scoped_lock lock(mutex_);
    return n_served_;
  }

  std::string address_;
  bool public_ = false;

 private:
  void listen_tcp(const std::string& address) {
    const auto [host, port] = split(address);
    boost::system::error_code error;
    const auto found = tcp::resolver(*io_).resolve(host, port, error);
    if (error) fail(address, "the host is not known: " + error.message());
    for (const auto& entry : found) {
      const tcp::endpoint endpoint = entry.endpoint();
      if (port == "0" && !tcp_.empty()) break;
      // A host may be known by the same address twice.
      const auto is_ours = [&](const tcp::acceptor& a) { return a.local_endpoint() == endpoint; };
      if (std::any_of(tcp_.begin(), tcp_.end(), is_ours)) continue;
      tcp::acceptor acceptor(accepts_);
      boost::system::error_code failed;
      acceptor.open(endpoint.protocol(), failed);
      if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
      if (!failed) acceptor.bind(endpoint, failed);
      if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
      if (failed) {
        error = failed;
        if (failed == asio::error::address_in_use) break;
        continue;
      }
      const tcp::endpoint bound = acceptor.local_endpoint();
      if (tcp_.empty()) address_ = text_of(bound);
      public_ = public_ || !bound.address().is_loopback();
      tcp_.push_back(std::move(acceptor));
    }
    if (!tcp_.empty() && error != asio::error::address_in_use) return;
    fail(address, error == asio::error::address_in_use ? "another program listens there already"
                                                       : error.message());
  }

  void listen_local(const std::string& path) {
    const std::string address = std::string(kUnix) + path;
    if (path.empty() || path.size() > 100) fail(address, "a path of 1 to 100 bytes is needed");
    const Local::endpoint endpoint(path);
    std::error_code ignored;
    if (std::filesystem::is_socket(path, ignored)) {
      Local::socket probe(*io_);
      boost::system::error_code error;
      probe.connect(endpoint, error);
      if (!error) fail(address, "another program listens there already");
      std::filesystem::remove(path, ignored);
    }
    Local::acceptor acceptor(accepts_);
    boost::system::error_code failed;
    acceptor.open(Local(), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (failed) fail(address, failed.message());
    path_ = path;
    acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) fail(address, failed.message());
    local_.push_back(std::move(acceptor));
    address_ = address;
  }

  template <class Acceptor>
  asio::awaitable<void> accept_all(Acceptor& acceptor) {
    while (acceptor.is_open()) {
      typename Acceptor::protocol_type::endpoint peer;
      auto [error, socket] = co_await acceptor.async_accept(
          asio::any_io_executor(asio::make_strand(*io_)), peer, kResult);
      if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
      if (error) {
        asio::steady_timer pause(accepts_, kPause);
        co_await pause.async_wait(kResult);
        continue;
      }
      try {
        begin(HttpSession::Protocol::socket(std::move(socket)), text_of(peer));
      } catch (const std::exception& e) {  // that connection alone
        if (settings_->service.fault) settings_->service.fault(e.what());
      }
    }
  }

  void begin(HttpSession::Protocol::socket socket, std::string peer) {
    boost::system::error_code ignored;  // a socket of the file system has no such option
    socket.set_option(tcp::no_delay(true), ignored);
    std::unique_lock lock(mutex_);
    if (closing_) return;
    const bool refused = n_served_ >= settings_->limits.connections;
    if (refused && std::ssize(sessions_) - n_served_ >= kMostRefused) return;  // it is closed
    auto session =
        std::make_shared<HttpSession>(settings_, std::move(socket), std::move(peer), refused);
    const auto place = sessions_.insert(sessions_.end(), session);
    if (!refused) ++n_served_;
    lock.unlock();
    const auto forget = [this, place, refused] {
      const std::scoped_lock held(mutex_);
      sessions_.erase(place);
      if (!refused) --n_served_;
      if (sessions_.empty()) emptied_.notify_all();
    };
    try {
      asio::co_spawn(session->executor(), session->run(),
                     [forget](std::exception_ptr) { forget(); });
    } catch (...) {
      forget();
      throw;
    }
  }

  template <class F>
  void each_session(F f) {
    const std::scoped_lock lock(mutex_);
    for (const auto& session : sessions_) {
      asio::post(session->executor(), [session, f] { f(*session); });
    }
  }

  void close_acceptors() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    asio::post(accepts_, [this] {
      boost::system::error_code ignored;
      for (auto& acceptor : tcp_) acceptor.close(ignored);
      for (auto& acceptor : local_) acceptor.close(ignored);
    });
  }

  std::shared_ptr<asio::io_context> io_ = std::make_shared<asio::io_context>();
  std::shared_ptr<const HttpSettings> settings_;
  asio::strand<asio::io_context::executor_type> accepts_{asio::make_strand(*io_)};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{
      asio::make_work_guard(*io_)};
  std::vector<tcp::acceptor> tcp_;
  std::vector<Local::acceptor> local_;
  std::string path_;  // of a socket to be removed
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  bool closing_ = false;
  std::list<std::shared_ptr<HttpSession>> sessions_;
  std::int32_t n_served_ = 0;  // of them: the others are being told that they are too many
};

HttpServer::HttpServer(const std::string& address, HttpLimits limits, HttpService service)
    : impl_(std::make_unique<Impl>(address, limits, std::move(service))) {}
HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const {
  return impl_->address_;
}

bool HttpServer::is_public() const {
  return impl_->public_;
}

void HttpServer::run(int n_threads) {
  impl_->run(n_threads);
}

bool HttpServer::drain(std::chrono::milliseconds patience) {
  return impl_->drain(patience);
}

std::int32_t HttpServer::n_connections() const {
  return impl_->n_connections();
}

}  // namespace rocmforge::serve
