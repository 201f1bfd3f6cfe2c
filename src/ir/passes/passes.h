// Graph -> graph, each keeping the meaning: the same outputs, taps and state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace rocmforge::ir {

// Joins what one kernel can do: norm into the matmul that alone reads it; gate+up matmul with
// SwiGLU; a residual add into the matmul before it; rope into the attention that writes K; edits,
// candidates and log-sum-exp into the choice of a token. Values
// with a tap, or with other readers, stay.
Graph fuse(const Graph& graph);

// The plain form of attention, op by op: write, scores, scale, mask, softmax, values. Its score
// matrices have a whole context of `columns`; for --no-fuse and for tests.
Graph expand_attention(const Graph& graph, std::int64_t columns);

// Drops nodes whose results nothing reads (outputs, taps and states count as read).
Graph remove_dead(const Graph& graph);

// A run of layers as a body of its own.
struct Segment {
  Graph graph;
  std::int32_t first_layer = 0, n_layers = 0;
};

// Cuts a body before the layers named in `cuts`, which rise and lie in (0, number of layers); the
// first segment keeps what comes before layer 0, the last what comes after the last layer. Each but
// the last gives kHidden, which is the next one's kIncoming; each numbers its KV states from 0 and
// its weight table holds only the weights that it reads. Runs before the other passes.
std::vector<Segment> partition(const Graph& body, std::span<const std::int32_t> cuts);

// Taps the result of every op behind the value tapped as `after` (the graph's beginning where there
// is none) up to the one tapped as `until`, named by a number and what print says of the op, but
// for views, states, and what is written over later; `until` itself is renamed. Nothing where the
// graph has no `until`. Runs after the other passes.
Graph tap_ops(const Graph& graph, const std::string& after, const std::string& until);

// The weights that any of these graphs reads, of the table that all of them share.
WeightTable weights_in_use(std::span<const Graph* const> graphs);

}  // namespace rocmforge::ir
