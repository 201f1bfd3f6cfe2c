#include <algorithm>
#include <string>

#include "ir/analysis.h"
#include "ir/passes/memory_plan.h"
#include "ir/text.h"

namespace rocmforge::ir {
namespace {

std::string where(const Placement& place) {
  switch (place.space) {
    case Space::kArena:
      return text("arena ", place.offset);
    case Space::kStep:
      return text("step ", place.offset);
    case Space::kKvState:
      return text("kv layer ", place.offset);
  }
  return "nowhere";
}

// A view's rows end before the last stride does.
std::int64_t end_of(const Placement& place, const TensorDesc& desc) {
  const std::int64_t elems = (desc.n_rows() - 1) * desc.row_stride + desc.shape[-1];
  return place.offset + bytes_of(desc.dtype, elems);
}

}  // namespace

std::string print(const Graph& graph, const MemoryPlan& plan) {
  const std::vector<Uses> uses = count_uses(graph);
  std::string out = text("plan ", graph.name, ", arena of ", plan.arena_bytes, " bytes\n");
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    for (const Value v : node.outputs) {
      const Placement& place = plan.values.at(index(v));
      out += text(v, " ", name(node.op), ": ", where(place));
      if (place.space == Space::kArena) out += text(" to ", end_of(place, graph.desc(v)));
      const Uses& u = uses[index(v)];
      out += text(", nodes ", i, " to ");
      out += u.kept ? "end" : text(std::max(u.last_read, static_cast<std::int32_t>(i)));
      out += "\n";
    }
    if (plan.scratch_bytes.at(i) > 0) {
      out += text("scratch of node ", i, ": arena ", plan.scratch.at(i), " to ",
                  plan.scratch.at(i) + plan.scratch_bytes.at(i), "\n");
    }
  }
  return out;
}

}  // namespace rocmforge::ir
