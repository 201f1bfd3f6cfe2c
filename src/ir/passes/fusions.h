// The single fusions that fuse() is made of.
#pragma once

#include "ir/graph.h"

namespace rocmforge::ir {

// swiglu(matmul(x)) -> matmul(x) swiglu.
Graph fuse_swiglu(const Graph& graph);

// add(r, matmul(x)), in either order -> matmul(x, r) add. r is defined before the matmul.
Graph fuse_residual(const Graph& graph);

// matmul(rms_norm(x)) -> matmul(x) norm, where the norm spans the row.
Graph fuse_norm(const Graph& graph);

// paged_attention(rope(q), rope(k), v, kv) -> paged_attention(q, k, v, kv) rope.
Graph fuse_rope(const Graph& graph);

// paged_attention(rms_norm(q), rms_norm(k), v, kv) -> paged_attention(q, k, v, kv) norms, where the
// norms span single heads; after fuse_rope, since the norms come before the rotation.
Graph fuse_head_norms(const Graph& graph);

// sample(edit_logits(x), top_k, log_sum_exp of that) -> sample(x) fused.
Graph fuse_sample(const Graph& graph);

}  // namespace rocmforge::ir
