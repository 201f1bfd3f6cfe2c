#include "quantize/plan.h"

#include <string>
#include <string_view>

#include "base/counters.h"
#include "base/error.h"
#include "gguf/names.h"
#include "gguf/reader.h"
#include "gguf/writer.h"

namespace rocmforge::quantize {
namespace {

constexpr std::string_view kFileType = "general.file_type";
constexpr std::string_view kVersion = "general.quantization_version";
constexpr std::uint32_t kQuantizationVersion = 2;  // ggml's GGML_QNT_VERSION: of the block layouts
constexpr std::string_view kSplit = "split.";

// Keys and tensor table of the new file. `type` is null for a copy.
gguf::Writer outline(const gguf::File& file, const FileType* type,
                     const std::vector<Choice>& choices) {
  gguf::Writer out;
  for (const gguf::KeyValue& kv : file.metadata()) {
    const bool is_anew = type != nullptr && (kv.key == kFileType || kv.key == kVersion);
    if (!is_anew && !kv.key.starts_with(kSplit)) out.add(kv);
  }
  if (type != nullptr) out.add_u32(kVersion, kQuantizationVersion);
  if (type != nullptr && type->number) out.add_u32(kFileType, *type->number);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const gguf::TensorInfo& tensor = file.tensors()[i];
    out.declare_tensor(tensor.name, choices[i].type, tensor.shape);
  }
  return out;
}

void refuse_requantizing(const gguf::File& file, const gguf::TensorInfo& tensor) {
  throw Error(ErrorCode::kInvalidArgument,
              "[quantize] " + file.path() + ": " + gguf::printable(tensor.name) + ": is " +
                  std::string(to_string(tensor.dtype)) +
                  ", quantized already; --allow-requantize changes it all the same, at a loss");
}

}  // namespace

Plan make_plan(const gguf::File& file, const Wishes& wishes, bool allow_requantize) {
  const std::vector<Choice> choices = choose_types(file, wishes);
  const gguf::Writer writer = outline(file, wishes.file_type, choices);
  Plan out;
  out.head = writer.bytes();
  out.file_bytes = writer.file_bytes();
  Counters counters;
  const gguf::File written = gguf::parse_head(out.head, out.file_bytes, file.path(), counters);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const gguf::TensorInfo& from = file.tensors()[i];
    const gguf::TensorInfo& to = written.tensors()[i];
    out.tensors.push_back({.from = &from,
                           .type = to.dtype,
                           .instead_of = choices[i].instead_of,
                           .offset = to.offset,
                           .n_bytes = to.n_bytes});
    if (out.tensors.back().changes() && info(from.dtype).is_quantized() && !allow_requantize) {
      refuse_requantizing(file, from);
    }
    out.bytes_before += from.n_bytes;
    out.bytes_after += to.n_bytes;
    out.n_elems += from.shape.n_elems();
    if (choices[i].instead_of) ++out.n_fallbacks;
  }
  return out;
}

}  // namespace rocmforge::quantize
