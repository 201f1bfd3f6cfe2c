// This test program refuses single allocations of more than 64 MiB, so that a reader which believes
// a count in a hostile file fails with std::bad_alloc instead of an Error.
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
constexpr std::size_t kLimit = std::size_t{64} << 20;
}

void* operator new(std::size_t n) {
  if (n > kLimit) throw std::bad_alloc();
  if (void* memory = std::malloc(n == 0 ? 1 : n)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
