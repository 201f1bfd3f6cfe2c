// What one rendering may use, so that a hostile template ends soon and small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace rocmforge::text::jinja {

// A template that fails while it runs; the interpreter adds name and line.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(const std::string& message);

struct Limits {
  std::int64_t steps = 10'000'000;        // expressions, iterations and 64 bytes of text count one
  std::size_t memory_bytes = 192u << 20;  // of values alive at once
  std::size_t string_bytes = 32u << 20;   // of one text, the output included
  int recursion = 1200;                   // statements and expressions within one another
};

// While it lives, what this thread computes is counted against `limits`.
class Budget {
 public:
  explicit Budget(const Limits& limits);
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

 private:
  friend void charge_steps(std::size_t n);
  friend std::size_t charge_memory(std::size_t bytes);
  friend void refund_memory(std::size_t bytes) noexcept;
  friend void check_length(std::size_t bytes);
  friend class Nesting;
  Limits limits_;
  std::int64_t steps_ = 0;
  std::size_t memory_ = 0;
  int depth_ = 0;
  Budget* outer_;
};

// Each fails when the limit that it names is passed; without a budget they allow everything.
void charge_steps(std::size_t n);
std::size_t charge_memory(std::size_t bytes);  // returns what is to be given back
void refund_memory(std::size_t bytes) noexcept;
void check_length(std::size_t bytes);  // of a text, before or while it is made

// One level of recursion.
class Nesting {
 public:
  Nesting();
  ~Nesting();
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
};

}  // namespace rocmforge::text::jinja
