// Every op of ir/ops.h: what of the arena it wants beside its operands, and how it is prepared. An
// op without an overload does not compile.
#pragma once

#include "backend/gpu/ops/call.h"

namespace rocmforge::gpu {

// What is known before memory is planned.
struct ScratchSite {
  const ir::Graph& graph;
  const ir::Node& node;
  const ir::StepLimits& limits;
  const ArchInfo& arch;
};

// Bytes; none for ops not named here.
template <class Op>
std::int64_t scratch_bytes(const Op&, const ScratchSite&) {
  return 0;
}
std::int64_t scratch_bytes(const ir::MatMul& op, const ScratchSite& site);
std::int64_t scratch_bytes(const ir::PagedAttention& op, const ScratchSite& site);
std::int64_t scratch_bytes(const ir::Sample& op, const ScratchSite& site);

// Sources and views launch nothing.
inline void prepare(const ir::Input&, const Site&) {}
inline void prepare(const ir::KvState&, const Site&) {}
inline void prepare(const ir::Columns&, const Site&) {}
inline void prepare(const ir::SplitHeads&, const Site&) {}

void prepare(const ir::Embed& op, const Site& site);
void prepare(const ir::MatMul& op, const Site& site);
void prepare(const ir::RmsNorm& op, const Site& site);
void prepare(const ir::Rope& op, const Site& site);
void prepare(const ir::SwiGlu& op, const Site& site);
void prepare(const ir::Add& op, const Site& site);
void prepare(const ir::Scale& op, const Site& site);
void prepare(const ir::Mask& op, const Site& site);
void prepare(const ir::Softmax& op, const Site& site);
void prepare(const ir::Accumulate& op, const Site& site);
void prepare(const ir::PagedAttention& op, const Site& site);
void prepare(const ir::KvWrite& op, const Site& site);
void prepare(const ir::AttentionScores& op, const Site& site);
void prepare(const ir::AttentionValues& op, const Site& site);
void prepare(const ir::EditLogits& op, const Site& site);
void prepare(const ir::TopK& op, const Site& site);
void prepare(const ir::LogSumExp& op, const Site& site);
void prepare(const ir::Sample& op, const Site& site);
void prepare(const ir::Rows& op, const Site& site);
void prepare(const ir::Copy& op, const Site& site);

}  // namespace rocmforge::gpu
