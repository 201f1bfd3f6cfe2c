// Takes tensors of a file into a weight table, each checked against the shape that the
// architecture expects, and remembers which were taken.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/file.h"
#include "ir/weight.h"

namespace rocmforge::model {

class Weights {
 public:
  explicit Weights(const gguf::File& file);

  bool has(std::string_view tensor) const { return file_.find_tensor(tensor) != nullptr; }

  // Rows of a matrix; 0 where the file has none of that name.
  std::int64_t rows_of(std::string_view tensor) const;

  // One tensor of a fused matrix: "blk.0.attn_q" stands for ".weight" [rows, cols] and, where the
  // file has it, ".bias" F32 [rows].
  struct Part {
    std::string stem;
    std::int64_t rows = 0;
  };
  ir::WeightId matrix(const std::string& name, std::int64_t cols, const std::vector<Part>& parts);
  ir::WeightId matrix(const Part& part, std::int64_t cols) {
    return matrix(part.stem, cols, {part});
  }
  // "STEM.weight" [rows, cols] alone, whose rows are looked up: a bias stays untaken.
  ir::WeightId table(const Part& part, std::int64_t cols);
  // "STEM.weight", F32 [size].
  ir::WeightId vector(const std::string& stem, std::int64_t size);
  // A tensor that the host uses itself, F32 [size].
  void take_vector(const std::string& tensor, std::int64_t size);

  // Refuses a file with tensors that nothing took: they would be silently ignored arithmetic.
  void refuse_untaken() const;

  std::shared_ptr<const ir::WeightTable> weights() const { return table_; }

 private:
  ir::WeightSegment take_segment(const Part& part, std::int64_t cols);
  const gguf::TensorInfo& take(const std::string& tensor, const Shape& shape);
  const gguf::TensorInfo& take_f32(const std::string& tensor, std::int64_t size);

  const gguf::File& file_;
  std::shared_ptr<ir::WeightTable> table_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace rocmforge::model
