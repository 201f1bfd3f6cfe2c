// The set of 128-byte lines of memory that something touched; filled by several threads at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "machine/counters.h"

namespace rocmforge::emu {

class LineSet {
  struct Page;

 public:
  // A thread's way in: remembers the page that it was in last.
  class Cursor {
   public:
    explicit Cursor(LineSet& set) : set_(&set) {}
    void add(std::uint64_t address, std::uint64_t bytes);

   private:
    LineSet* set_;
    std::uint64_t page_number_ = ~std::uint64_t{0};
    std::uint64_t generation_ = 0;
    Page* page_ = nullptr;
  };

  LineSet();
  ~LineSet();
  std::uint64_t size() const;  // lines; not while others add
  void clear();                // the same

 private:
  Page* page(std::uint64_t number);

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  std::atomic<std::uint64_t> generation_ = 1;
};

}  // namespace rocmforge::emu
