// A GGUF file to another of other types.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/mapped_file.h"
#include "base/thread_pool.h"
#include "quantize/plan.h"

namespace rocmforge::quantize {

// How far a tensor's new values are from its old ones.
struct Loss {
  double rms = 0;       // of the differences
  double relative = 0;  // to the old values' RMS; 0 where that is 0
};

struct Reports {
  // A tensor is written, the index-th of the plan; in order. Loss is zero where it was copied.
  std::function<void(std::size_t index, const Loss&)> tensor;
  // Bytes of the input that are done, of plan.bytes_before.
  std::function<void(std::int64_t done, std::int64_t total)> progress;
};

// The file that `out` names (output_target of base). Error{kUsage} when it, or its partial name, is
// the input or a part of it; kIo.
std::string output_of(std::span<const MappedFile> in, const std::string& out);

// Writes `plan` to `target`, of output_of, as a PartialFile (base), and returns the loss over all
// tensors that change. `in` is the file that the plan is of, or its parts by TensorInfo::part; they
// are read past their mappings. The same bytes and the same losses for any number of threads. Both
// reports come from the calling thread; either may be empty. Errors: kIo naming a file; kFormat
// naming the tensor and the element where a value to be converted is not finite, or does not fit
// the new type.
Loss write_quantized(std::span<const MappedFile> in, const Plan& plan, const std::string& target,
                     ThreadPool& pool, const Reports& reports);

}  // namespace rocmforge::quantize
