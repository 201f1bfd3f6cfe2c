#include "text/jinja/budget.h"

namespace rocmforge::text::jinja {
namespace {

thread_local Budget* current = nullptr;

}  // namespace

void fail(const std::string& message) {
  throw Failure(message);
}

Budget::Budget(const Limits& limits) : limits_(limits), outer_(current) {
  current = this;
}

Budget::~Budget() {
  current = outer_;
}

void charge_steps(std::size_t n) {
  if (current == nullptr) return;
  // Saturates: a single charge may be as large as a size.
  const auto room = static_cast<std::size_t>(current->limits_.steps - current->steps_);
  if (n > room) {
    fail("takes more than " + std::to_string(current->limits_.steps) + " steps");
  }
  current->steps_ += static_cast<std::int64_t>(n);
}

std::size_t charge_memory(std::size_t bytes) {
  if (current == nullptr) return 0;
  if (bytes > current->limits_.memory_bytes - current->memory_) {
    fail("needs more than " + std::to_string(current->limits_.memory_bytes) +
         " bytes of memory for its values");
  }
  current->memory_ += bytes;
  return bytes;
}

void refund_memory(std::size_t bytes) noexcept {
  if (current != nullptr && bytes <= current->memory_) current->memory_ -= bytes;
}

void check_length(std::size_t bytes) {
  if (current == nullptr) return;
  if (bytes > current->limits_.string_bytes) {
    fail("makes a text of more than " + std::to_string(current->limits_.string_bytes) + " bytes");
  }
}

Nesting::Nesting() {
  if (current == nullptr) return;
  if (current->depth_ >= current->limits_.recursion) {
    fail("recursion is deeper than " + std::to_string(current->limits_.recursion) + " levels");
  }
  ++current->depth_;
}

Nesting::~Nesting() {
  if (current != nullptr) --current->depth_;
}

}  // namespace rocmforge::text::jinja
