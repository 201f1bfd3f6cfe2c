#include "support/split_model.h"

#include <algorithm>
#include <cstdio>

#include "base/counters.h"
#include "gguf/reader.h"

namespace rocmforge::test {

std::string part_path(const std::string& stem, int number, int count) {
  char end[64];
  std::snprintf(end, sizeof end, "-%05d-of-%05d.gguf", number + 1, count);
  return stem + end;
}

std::string write_split_model(const gguf::Writer& model, const std::string& stem, int count,
                              const std::vector<std::string>& left_out, const EditPart& edit) {
  Counters ignored;
  const std::vector<std::byte> bytes = model.bytes();
  const gguf::File file = gguf::parse(bytes, "model to split", ignored);
  const auto wanted = [&](const char* key) {
    return std::find(left_out.begin(), left_out.end(), key) == left_out.end();
  };
  const auto n_tensors = static_cast<int>(file.tensors().size());
  for (int number = 0; number < count; ++number) {
    gguf::Writer part;
    for (const gguf::KeyValue& kv : file.metadata()) {
      if (number == 0) part.add(kv);
    }
    if (wanted("split.no")) part.add_u32("split.no", static_cast<std::uint32_t>(number));
    if (wanted("split.count")) part.add_u32("split.count", static_cast<std::uint32_t>(count));
    if (wanted("split.tensors.count")) part.add_i32("split.tensors.count", n_tensors);
    for (int i = n_tensors * number / count; i < n_tensors * (number + 1) / count; ++i) {
      const gguf::TensorInfo& t = file.tensors()[static_cast<std::size_t>(i)];
      const auto data = file.data(t);
      part.add_tensor(t.name, t.dtype, t.shape, {data.begin(), data.end()});
    }
    if (edit) edit(part, number);
    part.write(part_path(stem, number, count));
  }
  return part_path(stem, 0, count);
}

}  // namespace rocmforge::test
