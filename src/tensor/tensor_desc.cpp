#include "tensor/tensor_desc.h"

namespace rocmforge {

std::string to_string(const TensorDesc& desc) {
  std::string text = std::string(to_string(desc.dtype)) + to_string(desc.shape);
  if (desc.shape.rank() > 0 && !desc.is_dense()) {
    text += " stride " + std::to_string(desc.row_stride);
  }
  return text;
}

}  // namespace rocmforge
