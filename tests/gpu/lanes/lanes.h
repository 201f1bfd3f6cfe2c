// Runs a workgroup's lanes on the host, each in a context of its own, so that device code that is
// written against an Arch can be tested without a card: barriers, exchanges between lanes, and
// matrix units as the architectures' layouts have them. What it does not show: races, time,
// the compiler's code for the card.
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

namespace rocmforge::lanes {

[[noreturn]] inline void fail(const char* why) {
  std::fprintf(stderr, "lanes: %s\n", why);
  std::exit(1);
}

// What a lane gives to an exchange.
struct Offer {
  std::uint32_t words[24] = {};
};

class Workgroup {
 public:
  Workgroup(int n_threads, int wave) : wave_(wave), lanes_(static_cast<std::size_t>(n_threads)) {
    waves_.resize(static_cast<std::size_t>(n_threads / wave));
    for (Wave& w : waves_) w.offers[0].resize(static_cast<std::size_t>(wave));
    for (Wave& w : waves_) w.offers[1].resize(static_cast<std::size_t>(wave));
    for (Lane& l : lanes_) l.stack.reset(new char[kStack]);
  }

  // Every lane runs `body` to its end.
  void run(int group, const std::function<void()>& body) {
    group_ = group;
    body_ = &body;
    current() = this;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Lane& l = lanes_[i];
      l.done = false;
      getcontext(&l.context);
      l.context.uc_stack.ss_sp = l.stack.get();
      l.context.uc_stack.ss_size = kStack;
      l.context.uc_link = &main_;
      makecontext(&l.context, &Workgroup::enter, 0);
    }
    for (bool left = true; left;) {
      left = false;
      progress_ = false;
      for (at_ = 0; at_ < lanes_.size(); ++at_) {
        if (lanes_[at_].done) continue;
        swapcontext(&main_, &lanes_[at_].context);
        left = left || !lanes_[at_].done;
      }
      if (left && !progress_) fail("lanes wait for each other in different places");
    }
  }

  static Workgroup*& current() {
    static Workgroup* workgroup = nullptr;
    return workgroup;
  }
  int thread() const { return static_cast<int>(at_); }
  int lane() const { return thread() % wave_; }
  int group() const { return group_; }

  void barrier() {
    Lane& l = lanes_[at_];
    const std::uint64_t mine = ++l.barriers;
    ++arrived_;
    if (arrived_ % lanes_.size() == 0) progress_ = true;
    while (arrived_ < mine * lanes_.size()) yield();
    progress_ = true;
  }

  // Every lane of the wave offers, and sees what all offered. `kind` names the place.
  const std::vector<Offer>& exchange(const Offer& offer, int kind) {
    Lane& l = lanes_[at_];
    Wave& w = waves_[at_ / static_cast<std::size_t>(wave_)];
    const std::uint64_t mine = ++l.exchanges;
    if (w.arrived % static_cast<std::size_t>(wave_) == 0) w.kind = kind;
    if (w.kind != kind) fail("lanes of a wave are at different exchanges");
    auto& offers = w.offers[mine % 2];
    offers[static_cast<std::size_t>(lane())] = offer;
    ++w.arrived;
    while (w.arrived < mine * static_cast<std::size_t>(wave_)) yield();
    progress_ = true;
    return offers;
  }

 private:
  static constexpr std::size_t kStack = 256 << 10;
  struct Lane {
    ucontext_t context{};
    std::unique_ptr<char[]> stack;
    bool done = false;
    std::uint64_t barriers = 0, exchanges = 0;
  };
  struct Wave {
    std::vector<Offer> offers[2];
    std::size_t arrived = 0;
    int kind = 0;
  };

  static void enter() {
    Workgroup& g = *current();
    (*g.body_)();
    g.progress_ = true;
    g.lanes_[g.at_].done = true;
  }
  void yield() { swapcontext(&lanes_[at_].context, &main_); }

  int wave_;
  std::vector<Lane> lanes_;
  std::vector<Wave> waves_;
  ucontext_t main_{};
  const std::function<void()>* body_ = nullptr;
  std::size_t at_ = 0, arrived_ = 0;
  int group_ = 0;
  bool progress_ = false;
};

}  // namespace rocmforge::lanes
