#include "model/architecture.h"

#include <array>
#include <string>

#include "base/error.h"
#include "model/makers.h"

namespace rocmforge::model {
namespace {

constexpr std::array kArchitectures = {
    ArchitectureRow{"llama", ir::RopeKind::kNorm, make_llama},
    ArchitectureRow{"qwen2", ir::RopeKind::kNeox, make_qwen2},
    ArchitectureRow{"qwen3", ir::RopeKind::kNeox, make_qwen3},
    ArchitectureRow{"chatglm", ir::RopeKind::kNorm, make_chatglm},
    ArchitectureRow{"glm4", ir::RopeKind::kNorm, make_glm4},
};

}  // namespace

std::span<const ArchitectureRow> architectures() {
  return kArchitectures;
}

const ArchitectureRow& find_architecture(const gguf::File& file) {
  const auto name = file.get_string("general.architecture");
  if (!name) {
    throw Error(ErrorCode::kFormat,
                "[model] " + file.path() + ": general.architecture: is missing");
  }
  std::string known;
  for (const ArchitectureRow& row : kArchitectures) {
    if (row.name == *name) return row;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error(ErrorCode::kUnsupported, "[model] " + file.path() + ": general.architecture: \"" +
                                           std::string(*name) +
                                           "\" is not supported; supported are: " + known);
}

}  // namespace rocmforge::model
