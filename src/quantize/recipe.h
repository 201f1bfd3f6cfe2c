// Which type each tensor of a model gets: llama.cpp's choices (its llama-quant.cpp, August 2026,
// without an importance matrix; its exceptions for Falcon are left out).
#pragma once

#include <optional>
#include <vector>

#include "gguf/file.h"
#include "quantize/file_type.h"
#include "quantize/type_rule.h"
#include "tensor/dtype.h"

namespace rocmforge::quantize {

struct Choice {
  DType type;
  // The type that it would be were the rows whole blocks of that.
  std::optional<DType> instead_of;
};

struct Wishes {
  const FileType* file_type = nullptr;  // null: a copy, of which nothing below counts
  std::vector<TypeRule> rules;          // the first that matches a tensor decides
  bool pure = false;                    // no mixture: the file type's main type everywhere
  bool keep_output = false;             // output.weight stays what it is
};

// Norms, biases and what else has but one dimension, and matrices that are small or of a use that
// does not bear it, stay what they are.
bool may_change(const gguf::TensorInfo& tensor);

// One for each tensor, in the file's order. Errors as of gguf::File's look-ups, of the keys that
// the mixtures depend on.
std::vector<Choice> choose_types(const gguf::File& file, const Wishes& wishes);

}  // namespace rocmforge::quantize
