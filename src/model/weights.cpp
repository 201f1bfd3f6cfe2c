#include "model/weights.h"

#include "base/error.h"

namespace rocmforge::model {

Weights::Weights(const gguf::File& file)
    : file_(file), table_(std::make_shared<ir::WeightTable>()) {}

std::int64_t Weights::rows_of(std::string_view tensor) const {
  const gguf::TensorInfo* info = file_.find_tensor(tensor);
  return info != nullptr && info->shape.rank() == 2 ? info->shape[0] : 0;
}

const gguf::TensorInfo& Weights::take(const std::string& tensor, const Shape& shape) {
  const gguf::TensorInfo* info = file_.find_tensor(tensor);
  if (info == nullptr) {
    throw Error(ErrorCode::kFormat, "[model] " + file_.path() + ": " + tensor +
                                        ": tensor is missing, " + to_string(shape) + " wanted");
  }
  if (!(info->shape == shape)) {
    throw Error(ErrorCode::kFormat, "[model] " + file_.path() + ": " + tensor + ": has shape " +
                                        to_string(info->shape) + ", " + to_string(shape) +
                                        " wanted");
  }
  taken_.insert(tensor);
  return *info;
}

const gguf::TensorInfo& Weights::take_f32(const std::string& tensor, std::int64_t size) {
  const gguf::TensorInfo& info = take(tensor, Shape{size});
  if (info.dtype != DType::kF32) {
    throw Error(ErrorCode::kUnsupported, "[model] " + file_.path() + ": " + tensor + ": has type " +
                                             std::string(to_string(info.dtype)) +
                                             "; a vector must be F32");
  }
  return info;
}

ir::WeightSegment Weights::take_segment(const Part& part, std::int64_t cols) {
  const gguf::TensorInfo& info = take(part.stem + ".weight", Shape{part.rows, cols});
  if (info.dtype == DType::kI32) {
    throw Error(ErrorCode::kUnsupported, "[model] " + file_.path() + ": " + part.stem +
                                             ".weight: has type I32, which is no weight type");
  }
  return {.tensor = part.stem + ".weight", .dtype = info.dtype, .rows = part.rows, .bias = ""};
}

ir::WeightId Weights::table(const Part& part, std::int64_t cols) {
  return table_->add({.name = part.stem, .cols = cols, .segments = {take_segment(part, cols)}});
}

ir::WeightId Weights::matrix(const std::string& name, std::int64_t cols,
                             const std::vector<Part>& parts) {
  ir::Weight weight{.name = name, .cols = cols, .segments = {}};
  for (const Part& part : parts) {
    ir::WeightSegment segment = take_segment(part, cols);
    if (has(part.stem + ".bias")) {
      segment.bias = part.stem + ".bias";
      take_f32(segment.bias, part.rows);
    }
    weight.segments.push_back(std::move(segment));
  }
  return table_->add(std::move(weight));
}

ir::WeightId Weights::vector(const std::string& stem, std::int64_t size) {
  take_f32(stem + ".weight", size);
  return table_->add(
      {.name = stem,
       .cols = size,
       .segments = {{.tensor = stem + ".weight", .dtype = DType::kF32, .rows = 1, .bias = ""}}});
}

void Weights::take_vector(const std::string& tensor, std::int64_t size) {
  take_f32(tensor, size);
}

void Weights::refuse_untaken() const {
  for (const gguf::TensorInfo& info : file_.tensors()) {
    if (taken_.contains(info.name)) continue;
    throw Error(ErrorCode::kUnsupported,
                "[model] " + file_.path() + ": " + std::string(info.name) +
                    ": this architecture has no such tensor, and ignoring it would change what the "
                    "model says");
  }
}

}  // namespace rocmforge::model
