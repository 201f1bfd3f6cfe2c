#include "report/line_set.h"

#include <array>
#include <bit>
#include <cstddef>
#include <mutex>

namespace rocmforge::emu {
namespace {

constexpr std::uint64_t kPageBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kPageLines = kPageBytes / kLineBytes;

}  // namespace

struct LineSet::Page {
  std::array<std::atomic<std::uint64_t>, kPageLines / 64> words{};
};

LineSet::LineSet() = default;
LineSet::~LineSet() = default;

LineSet::Page* LineSet::page(std::uint64_t number) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = pages_.find(number); found != pages_.end()) return found->second.get();
  }
  const std::unique_lock lock(mutex_);
  std::unique_ptr<Page>& made = pages_[number];
  if (made == nullptr) made = std::make_unique<Page>();
  return made.get();
}

void LineSet::Cursor::add(std::uint64_t address, std::uint64_t bytes) {
  if (bytes == 0) return;
  const std::uint64_t generation = set_->generation_.load(std::memory_order_relaxed);
  const std::uint64_t last = (address + bytes - 1) / kLineBytes;
  for (std::uint64_t line = address / kLineBytes; line <= last; ++line) {
    const std::uint64_t number = line / kPageLines;
    if (number != page_number_ || generation != generation_) {
      page_ = set_->page(number);
      page_number_ = number;
      generation_ = generation;
    }
    const std::uint64_t bit = std::uint64_t{1} << (line % 64);
    std::atomic<std::uint64_t>& word = page_->words[line % kPageLines / 64];
    if ((word.load(std::memory_order_relaxed) & bit) == 0) {
      word.fetch_or(bit, std::memory_order_relaxed);
    }
  }
}

std::uint64_t LineSet::size() const {
  const std::shared_lock lock(mutex_);
  std::uint64_t n = 0;
  for (const auto& [number, page] : pages_) {
    for (const auto& word : page->words) {
      n += static_cast<std::uint64_t>(std::popcount(word.load(std::memory_order_relaxed)));
    }
  }
  return n;
}

void LineSet::clear() {
  const std::unique_lock lock(mutex_);
  pages_.clear();
  ++generation_;
}

}  // namespace rocmforge::emu
