// What quantizing a file will do, before anything is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gguf/file.h"
#include "quantize/recipe.h"
#include "tensor/dtype.h"

namespace rocmforge::quantize {

struct TensorPlan {
  const gguf::TensorInfo* from;
  DType type;
  std::optional<DType> instead_of;  // as Choice has it
  std::uint64_t offset = 0;         // in the new file
  std::uint64_t n_bytes = 0;        // there

  bool changes() const { return type != from->dtype; }
};

struct Plan {
  std::vector<TensorPlan> tensors;  // in the file's order
  std::vector<std::byte> head;      // the new file's beginning, up to the tensors' data
  std::uint64_t file_bytes = 0;
  std::uint64_t bytes_before = 0, bytes_after = 0;  // of the tensors' data
  std::int64_t n_elems = 0;
  int n_fallbacks = 0;  // tensors with instead_of
};

// `file` must outlive the plan; of a model in several parts it has all tensors (gguf::ModelFiles).
// The new file is one, with the old one's keys and tensors in their order; the keys of split files
// are dropped, general.file_type and general.quantization_version set anew unless it is a copy.
// Errors: kInvalidArgument naming the tensor, where a quantized one would have to change and
// allow_requantize is false; those of choose_types.
Plan make_plan(const gguf::File& file, const Wishes& wishes, bool allow_requantize);

}  // namespace rocmforge::quantize
