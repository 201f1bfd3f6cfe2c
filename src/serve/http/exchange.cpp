#include "serve/http/exchange.h"

#include <utility>

#include "base/check.h"

namespace rocmforge::serve {

void Exchange::send(HttpResponse response) {
  {
    const std::scoped_lock lock(mutex_);
    check(!answered_, "a request is answered twice");
    answered_ = ended_ = true;
    news_.begun = news_.ended = true;
    news_.head = std::move(response);
  }
  wake();
}

void Exchange::begin(HttpResponse head, std::string keep_alive) {
  {
    const std::scoped_lock lock(mutex_);
    check(!answered_, "a request is answered twice");
    answered_ = true;
    news_.begun = news_.streams = true;
    news_.head = std::move(head);
    news_.keep_alive = std::move(keep_alive);
  }
  wake();
}

void Exchange::write(std::string_view text) {
  {
    std::unique_lock lock(mutex_);
    check(answered_ && !ended_, "a stream is written before its head, or after its end");
    if (gone_) {
      news_.cut = true;  // it will not be whole
      return;
    }
    // One piece is taken whatever its size: nobody has been slow yet.
    if (!news_.text.empty() && news_.text.size() + text.size() > kMostWaiting) {
      news_.cut = news_.ended = true;
      leave(lock);
    } else {
      news_.text += text;
    }
  }
  wake();
}

void Exchange::end() {
  {
    const std::scoped_lock lock(mutex_);
    check(answered_ && !ended_, "a stream ends before its head, or twice");
    ended_ = news_.ended = true;
  }
  wake();
}

void Exchange::abandon() {
  {
    const std::scoped_lock lock(mutex_);
    on_gone_ = nullptr;
    if (ended_) return;
    if (answered_) {
      news_.cut = true;
    } else {
      news_.begun = news_.failed = true;
    }
    answered_ = ended_ = news_.ended = true;
  }
  wake();
}

bool Exchange::answered() const {
  const std::scoped_lock lock(mutex_);
  return answered_;
}

bool Exchange::gone() const {
  const std::scoped_lock lock(mutex_);
  return gone_;
}

void Exchange::on_gone(std::function<void()> gone) {
  {
    const std::scoped_lock lock(mutex_);
    if (!gone_) {
      on_gone_ = std::move(gone);
      return;
    }
  }
  gone();
}

Exchange::News Exchange::take() {
  const std::scoped_lock lock(mutex_);
  News out = std::move(news_);
  news_ = {};
  news_.streams = out.streams;
  news_.cut = out.cut;
  return out;
}

void Exchange::client_left() {
  std::unique_lock lock(mutex_);
  leave(lock);
}

// Unlocks it.
void Exchange::leave(std::unique_lock<std::mutex>& lock) {
  if (gone_) return;
  gone_ = true;
  const std::function<void()> told = std::exchange(on_gone_, nullptr);
  lock.unlock();
  if (told) told();
}

}  // namespace rocmforge::serve
