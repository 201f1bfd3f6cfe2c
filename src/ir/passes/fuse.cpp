#include "ir/passes/fusions.h"
#include "ir/passes/passes.h"

namespace rocmforge::ir {

Graph fuse(const Graph& graph) {
  return fuse_sample(fuse_head_norms(fuse_rope(fuse_norm(fuse_residual(fuse_swiglu(graph))))));
}

}  // namespace rocmforge::ir
