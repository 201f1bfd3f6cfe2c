// Graph -> graph, each keeping the meaning: the same outputs, taps and state.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace rocmforge::ir {

// Joins what one kernel can do: norm into the matmul that alone reads it; gate+up matmul with
// SwiGLU; a residual add into the matmul before it; rope into the attention that writes K. Values
// with a tap, or with other readers, stay.
Graph fuse(const Graph& graph);

// The plain form of attention, op by op: write, scores, scale, mask, softmax, values. Its score
// matrices have a whole context of `columns`; for --no-fuse and for tests.
Graph expand_attention(const Graph& graph, std::int64_t columns);

// Drops nodes whose results nothing reads (outputs, taps and states count as read).
Graph remove_dead(const Graph& graph);

}  // namespace rocmforge::ir
