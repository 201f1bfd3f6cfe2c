// The line that shows how far a load is, and what Ctrl-C does to it.
#include "cli/load_bar.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "cli/interrupt.h"

namespace rocmforge::cli {
namespace {

using namespace std::chrono_literals;

// A terminal, and what was written to it.
class Terminal {
 public:
  Terminal() { EXPECT_EQ(::openpty(&ours_, &theirs_, nullptr, nullptr, nullptr), 0); }
  ~Terminal() {
    ::close(ours_);
    if (theirs_ >= 0) ::close(theirs_);
  }
  int descriptor() const { return theirs_; }
  std::string all() {
    ::close(theirs_);
    theirs_ = -1;
    std::string out;
    std::array<char, 4096> part{};
    for (ssize_t n = 0; (n = ::read(ours_, part.data(), part.size())) > 0;) {
      out.append(part.data(), static_cast<std::size_t>(n));
    }
    return out;
  }

 private:
  int ours_ = -1, theirs_ = -1;
};

TEST(LoadBar, SaysHowMuchAndHowFast) {
  constexpr std::int64_t kGib = std::int64_t{1} << 30;
  EXPECT_EQ(load_line(0, 4 * kGib, 0), "loading   0 %, 0.00 of 4.00 GiB, 0.00 GiB/s");
  EXPECT_EQ(load_line(3 * kGib, 4 * kGib, 2), "loading  75 %, 3.00 of 4.00 GiB, 1.50 GiB/s");
  EXPECT_EQ(check_line(kGib, 4 * kGib, 2),
            "checking the weights  25 %, 1.00 of 4.00 GiB, 0.50 GiB/s");
  EXPECT_EQ(load_line(0, 0, 1), "loading 100 %, 0.00 of 0.00 GiB, 0.00 GiB/s");
  EXPECT_EQ(load_line(100 * kGib, 100 * kGib, 10),
            "loading 100 %, 100.00 of 100.00 GiB, 10.00 GiB/s");
}

TEST(LoadBar, IsRewrittenNowAndThenAndErased) {
  Terminal terminal;
  {
    LoadBar bar(terminal.descriptor(), 0ms);
    for (int i = 0; i < 100; ++i) bar.show(i, 100);
  }
  EXPECT_EQ(terminal.all(), "\r\x1b[Kloading   0 %, 0.00 of 0.00 GiB, 0.00 GiB/s\r\x1b[K");
}

TEST(LoadBar, CountsTokensToo) {
  EXPECT_EQ(fill_line(6912, 16384, 4.5),
            "filling the context  42 %, 6912 of 16384 tokens, 1536 tokens/s");
  EXPECT_EQ(fill_line(0, 0, 0), "filling the context 100 %, 0 of 0 tokens, 0 tokens/s");
  Terminal terminal;
  {
    LoadBar bar(terminal.descriptor(), 0ms, fill_line);
    bar.show(0, 100);
  }
  EXPECT_EQ(terminal.all(),
            "\r\x1b[Kfilling the context   0 %, 0 of 100 tokens, 0 tokens/s\r\x1b[K");
}

TEST(LoadBar, ShowsNothingOfAShortLoad) {
  Terminal terminal;
  {
    LoadBar bar(terminal.descriptor());
    for (int i = 0; i < 100; ++i) bar.show(i, 100);
  }
  EXPECT_EQ(terminal.all(), "");
}

TEST(LoadBar, ShowsNothingWhereThereIsNoTerminal) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  {
    LoadBar bar(pipe[1], 0ms);
    bar.show(1, 2);
  }
  ::close(pipe[1]);
  char c = 0;
  EXPECT_EQ(::read(pipe[0], &c, 1), 0);
  ::close(pipe[0]);
}

using InterruptDeathTest = testing::Test;

TEST_F(InterruptDeathTest, OfALoadIsHeardAndThenObeyed) {
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        std::raise(SIGINT);
        if (!interrupt.requested().load()) ::_exit(3);
        interrupt.obey();
        ::_exit(4);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST_F(InterruptDeathTest, OfALoadThatDoesNotHearItKillsSoon) {
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        std::raise(SIGINT);
        const auto end = std::chrono::steady_clock::now() + 5s;
        while (std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(10ms);
        ::_exit(5);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST_F(InterruptDeathTest, WithoutOneNothingIsObeyed) {
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        interrupt.obey();
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rocmforge::cli
