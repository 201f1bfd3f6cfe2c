// One overload an op. prepare() gives null for ops that launch nothing; an op without an overload
// does not compile (executor.cpp visits the variant).
#pragma once

#include <cstdint>

#include "backend/cpu/ops/call.h"
#include "ir/ops.h"

namespace rocmforge::cpu {

CallPtr prepare(const ir::Embed& op, const Site& site);
CallPtr prepare(const ir::MatMul& op, const Site& site);
CallPtr prepare(const ir::RmsNorm& op, const Site& site);
CallPtr prepare(const ir::Rope& op, const Site& site);
CallPtr prepare(const ir::SwiGlu& op, const Site& site);
CallPtr prepare(const ir::Add& op, const Site& site);
CallPtr prepare(const ir::Scale& op, const Site& site);
CallPtr prepare(const ir::Mask& op, const Site& site);
CallPtr prepare(const ir::Softmax& op, const Site& site);
CallPtr prepare(const ir::Accumulate& op, const Site& site);
CallPtr prepare(const ir::PagedAttention& op, const Site& site);
CallPtr prepare(const ir::KvWrite& op, const Site& site);
CallPtr prepare(const ir::AttentionScores& op, const Site& site);
CallPtr prepare(const ir::AttentionValues& op, const Site& site);
CallPtr prepare(const ir::EditLogits& op, const Site& site);
CallPtr prepare(const ir::TopK& op, const Site& site);
CallPtr prepare(const ir::LogSumExp& op, const Site& site);
CallPtr prepare(const ir::Sample& op, const Site& site);
CallPtr prepare(const ir::Rows& op, const Site& site);
CallPtr prepare(const ir::Copy& op, const Site& site);
inline CallPtr prepare(const ir::Input&, const Site&) {
  return nullptr;
}
inline CallPtr prepare(const ir::KvState&, const Site&) {
  return nullptr;
}
inline CallPtr prepare(const ir::Columns&, const Site&) {
  return nullptr;
}
inline CallPtr prepare(const ir::SplitHeads&, const Site&) {
  return nullptr;
}

// Scratch of the ops that want some.
struct ScratchSite {
  const ir::Graph& graph;
  const ir::Node& node;
  const ir::StepLimits& limits;
  int n_workers;
};
template <class Op>
std::int64_t scratch_bytes(const Op&, const ScratchSite&) {
  return 0;
}
std::int64_t scratch_bytes(const ir::MatMul& op, const ScratchSite& site);
std::int64_t scratch_bytes(const ir::PagedAttention& op, const ScratchSite& site);
std::int64_t scratch_bytes(const ir::TopK& op, const ScratchSite& site);
std::int64_t scratch_bytes(const ir::LogSumExp& op, const ScratchSite& site);
std::int64_t scratch_bytes(const ir::Sample& op, const ScratchSite& site);

}  // namespace rocmforge::cpu
