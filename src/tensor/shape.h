// Extents, outermost first: a matrix of 3 rows and 5 columns is [3, 5], and its rows lie one after
// another. (GGUF and ggml list them innermost first; gguf/ turns them round.)
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace rocmforge {

// The number of rows of a step, known only when a graph is specialised or run.
inline constexpr std::int64_t kRows = -1;

class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims);  // at most kMaxRank, each > 0 or kRows (checked)
  explicit Shape(std::span<const std::int64_t> dims);  // likewise

  int rank() const { return rank_; }
  // i < 0 counts from the innermost: [-1] is the row length.
  std::int64_t operator[](int i) const;
  void set(int i, std::int64_t extent);  // > 0 or kRows (checked)

  // True when an extent is kRows.
  bool is_symbolic() const;
  // Every kRows replaced by n_rows.
  Shape with_rows(std::int64_t n_rows) const;
  // Product of the extents; not of a symbolic shape, within 63 bits (both checked).
  // 1 for rank 0.
  std::int64_t n_elems() const;

  bool operator==(const Shape&) const = default;

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

std::string to_string(const Shape& shape);  // "[rows, 576]", "[3, 5]"

}  // namespace rocmforge
