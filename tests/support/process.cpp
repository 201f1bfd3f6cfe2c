#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace rocmforge::test {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

struct Pipe {
  Pipe() {
    int ends[2];
    require(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
    read = ends[0];
    write = ends[1];
  }
  int read, write;
};

void close_end(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

std::vector<std::string> environment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) out.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) out.push_back(name + "=" + value);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

std::string to_string(const Outcome& o) {
  std::string out =
      o.signal != 0 ? "signal " + std::to_string(o.signal) : "exit " + std::to_string(o.exit_code);
  if (o.timed_out) out += " (out of time)";
  return out + "\nstdout: " + o.out + "\nstderr: " + o.err;
}

Process::Process(const Command& command)
    : input_(command.input), deadline_(Clock::now() + command.timeout) {
  ::signal(SIGPIPE, SIG_IGN);  // a child may leave its input unread
  // All memory is taken before the fork: the child calls nothing but what is safe there.
  std::vector<std::string> args = command.argv, variables = environment(command.env);
  const std::vector<char*> argv = pointers(args), env = pointers(variables);
  Pipe in, out, err;
  if (command.unread_stdout) close_end(out.read);
  int out_fd = out.write;
  if (!command.stdout_path.empty()) {
    out_fd = ::open(command.stdout_path.c_str(), O_WRONLY | O_CLOEXEC);
    require(out_fd >= 0, command.stdout_path.c_str());
  }
  pid_ = ::fork();
  require(pid_ >= 0, "fork");
  if (pid_ == 0) {
    ::dup2(in.read, STDIN_FILENO);
    ::dup2(out_fd, STDOUT_FILENO);
    ::dup2(err.write, STDERR_FILENO);
    if (command.without_stdout) ::close(STDOUT_FILENO);
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_DFL);
    ::execve(argv[0], argv.data(), env.data());
    ::_exit(127);
  }
  if (out_fd != out.write) ::close(out_fd);
  close_end(in.read);
  close_end(out.write);
  close_end(err.write);
  in_ = in.write;
  out_ = out.read;
  err_ = err.read;
  for (const int fd : {in_, out_, err_}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (input_.empty()) close_end(in_);
}

Process::~Process() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    reap(true);
  }
  close_end(in_);
  close_end(out_);
  close_end(err_);
}

bool Process::reap(bool block) {
  if (ended_) return true;
  int status = 0;
  rusage usage{};
  if (::wait4(pid_, &status, block ? 0 : WNOHANG, &usage) != pid_) return false;
  ended_ = true;
  if (WIFEXITED(status)) outcome_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
  outcome_.max_rss_kib = usage.ru_maxrss;
  outcome_.cpu_seconds =
      static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
      1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  return true;
}

void Process::feed() {
  const ssize_t n = ::write(in_, input_.data(), input_.size());
  if (n > 0) input_.erase(0, static_cast<std::size_t>(n));
  if (input_.empty() || (n < 0 && errno != EAGAIN && errno != EINTR)) close_end(in_);
}

bool Process::pump() {
  pollfd fds[3] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {in_, POLLOUT, 0}};
  if (out_ < 0 && err_ < 0) return false;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
  if (left <= 0) return false;
  if (::poll(fds, 3, static_cast<int>(left)) <= 0) return errno == EINTR;
  const auto take = [](int& fd, std::string& to) {
    char part[4096];
    const ssize_t n = ::read(fd, part, sizeof part);
    if (n > 0) to.append(part, static_cast<std::size_t>(n));
    if (n == 0) close_end(fd);
  };
  if (fds[0].revents != 0) take(out_, outcome_.out);
  if (fds[1].revents != 0) take(err_, outcome_.err);
  if (fds[2].revents != 0) feed();
  return true;
}

bool Process::wait_until(const std::function<bool(const Outcome&)>& enough) {
  while (!enough(outcome_)) {
    if (!pump()) return false;
  }
  return true;
}

void Process::send(int signal) const {
  ::kill(pid_, signal);
}

void Process::close_output() {
  close_end(out_);
}

Outcome Process::wait() {
  while (pump()) {
  }
  while (!reap(false)) {
    if (Clock::now() >= deadline_) {
      outcome_.timed_out = true;
      ::kill(pid_, SIGKILL);
      reap(true);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return outcome_;
}

Outcome run(const Command& command) {
  return Process(command).wait();
}

}  // namespace rocmforge::test
