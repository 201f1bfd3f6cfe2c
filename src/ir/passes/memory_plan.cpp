#include "ir/passes/memory_plan.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "ir/analysis.h"
#include "ir/passes/arena.h"

namespace rocmforge::ir {
namespace {

std::int64_t aligned(std::int64_t bytes) {
  return (bytes + kArenaAlign - 1) / kArenaAlign * kArenaAlign;
}

// Values that lie in the same memory: a value, its views, and what is written over it.
struct Group {
  Value owner;                 // the first of them; the others lie within it
  std::int32_t last_use = -1;  // last node that reads one of them
  bool kept = false;           // one of them is read after the run
  bool temporary = false;      // lies in the arena's free part
  std::int64_t offset = -1;    // set when placed
};

class Planner {
 public:
  Planner(const Graph& graph, const StepLayout& step, const Regions& regions,
          const ScratchBytes& scratch)
      : graph_(graph),
        step_(step),
        regions_(regions),
        scratch_(scratch),
        uses_(count_uses(graph)),
        group_of_(graph.values.size()),
        shift_(graph.values.size()),
        arena_(regions.bytes, kArenaAlign) {}

  MemoryPlan run() {
    plan_.values.resize(graph_.values.size());
    plan_.scratch.resize(graph_.nodes.size());
    plan_.scratch_bytes.resize(graph_.nodes.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) group(i);
    for (const Output& output : graph_.outputs) place_output(output);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) place(i);
    plan_.arena_bytes = arena_.bytes();
    return std::move(plan_);
  }

 private:
  // ---- who lies with whom

  void group(std::size_t i) {
    const Node& node = graph_.nodes[i];
    for (const Value v : node.outputs) {
      if (graph_.info(v).is_state || is_source(node.op)) {
        place_source(node, v);
      } else if (is_view(node.op)) {
        join(v, node.inputs[0], view_shift(node.op));
      } else if (std::holds_alternative<Accumulate>(node.op)) {
        join(v, node.inputs[0], 0);
      } else if (adds_in_place(i)) {
        join(v, node.inputs[1], 0);
      } else {
        open(v).temporary = true;
      }
    }
  }

  Group& open(Value v) {
    group_of_[index(v)] = groups_.size();
    groups_.push_back({.owner = v});
    use(groups_.back(), v);
    return groups_.back();
  }
  void join(Value v, Value with, std::int64_t shift) {
    group_of_[index(v)] = group_of_[index(with)];
    shift_[index(v)] = shift_[index(with)] + shift;
    use(group_of(v), v);
  }
  void use(Group& group, Value v) {
    group.last_use = std::max({group.last_use, uses_[index(v)].last_read, graph_.info(v).producer});
    group.kept = group.kept || uses_[index(v)].kept;
  }
  Group& group_of(Value v) { return groups_[group_of_[index(v)]]; }

  static std::int64_t view_shift(const Op& op) {
    const auto* columns = std::get_if<Columns>(&op);
    return columns == nullptr ? 0 : columns->begin * static_cast<std::int64_t>(sizeof(float));
  }

  // A matmul may write over its residual when this is the last that is read of it, and no row of x
  // lies there.
  bool adds_in_place(std::size_t i) {
    const Node& node = graph_.nodes[i];
    const auto* matmul = std::get_if<MatMul>(&node.op);
    if (matmul == nullptr || matmul->epilogue != Epilogue::kAdd) return false;
    const Value residual = node.inputs[1];
    const auto producer = static_cast<std::size_t>(graph_.info(residual).producer);
    if (is_view(graph_.nodes[producer].op)) return false;
    if (group_of_[index(residual)] == group_of_[index(node.inputs[0])]) return false;
    const Group& group = group_of(residual);
    return group.temporary && !group.kept && group.last_use <= static_cast<std::int32_t>(i);
  }

  // ---- fixed places

  void place_source(const Node& node, Value v) {
    Placement& place = plan_.values[index(v)];
    if (const auto* state = std::get_if<KvState>(&node.op)) {
      place = {Space::kKvState, state->layer};
    } else if (const auto* input = std::get_if<Input>(&node.op)) {
      place = {is_in_arena(input->slot) ? Space::kArena : Space::kStep,
               input_offset(input->slot, v)};
      open(v).offset = place.offset;
    } else {
      // A state lies where the one lies that it replaces.
      place = plan_.values[index(node.inputs[static_cast<std::size_t>(state_operand(node.op))])];
    }
  }

  std::int64_t input_offset(Slot slot, Value v) const {
    const Shape& shape = graph_.desc(v).shape;
    if (is_in_arena(slot)) return region(slot, graph_.desc(v).bytes());
    const StepLimits& limits = step_.limits;
    const bool head = slot == Slot::kHeadRows;
    check(shape[0] <= (head ? limits.max_head_rows : limits.max_rows),
          "graph " + graph_.name + " has more rows than the step buffer");
    switch (slot) {
      case Slot::kTokens:
        return step_.tokens;
      case Slot::kPositions:
        return step_.positions;
      case Slot::kHeadRows:
        return step_.head_rows;
      case Slot::kRopeRows:
        check(shape[1] == limits.rope_dims,
              "graph " + graph_.name + ": rope rows are not the step buffer's");
        return step_.rope_rows;
      case Slot::kHidden:
      case Slot::kIncoming:
      case Slot::kLogits:
      case Slot::kSampled:
        break;
    }
    check(false, "graph " + graph_.name + ": a slot that is no input");
    return -1;
  }

  // The whole chain of values that end as this output lies at its region: the regions are in
  // nobody else's way, since no graph both reads and writes one.
  void place_output(const Output& output) {
    const std::int64_t at = region(output.slot, graph_.desc(output.value).bytes());
    Group& group = group_of(output.value);
    check(group.temporary, "graph " + graph_.name + ": an output lies at an input's place");
    group.temporary = false;
    group.offset = at;
  }

  // Where the slot's region begins; it has room for `bytes`.
  std::int64_t region(Slot slot, std::int64_t bytes) const {
    std::int64_t begin = regions_.hidden, end = regions_.logits;
    if (slot == Slot::kLogits) begin = regions_.logits, end = regions_.sampled;
    if (slot == Slot::kSampled) begin = regions_.sampled, end = regions_.incoming;
    if (slot == Slot::kIncoming) begin = regions_.incoming, end = regions_.bytes;
    const std::int64_t room = end - begin;
    check(bytes <= room, "graph " + graph_.name + ": " + std::string(name(slot)) + " wants " +
                             std::to_string(bytes) + " bytes of a region of " +
                             std::to_string(room));
    return begin;
  }

  // ---- the free part

  void place(std::size_t i) {
    const Node& node = graph_.nodes[i];
    for (const Value v : node.outputs) {
      if (graph_.info(v).is_state) continue;
      Group& group = group_of(v);
      if (group.offset < 0) group.offset = arena_.take(bytes_of(group));
      if (!is_source(node.op)) plan_.values[index(v)] = within(v);
    }
    const std::int64_t scratch = scratch_ ? scratch_(graph_, node) : 0;
    if (scratch > 0) {
      plan_.scratch[i] = arena_.take(scratch);
      plan_.scratch_bytes[i] = scratch;
      arena_.give_back(plan_.scratch[i], scratch);
    }
    for (Group& group : groups_) {
      if (!group.temporary || group.kept || group.last_use != static_cast<std::int32_t>(i))
        continue;
      arena_.give_back(group.offset, bytes_of(group));
    }
  }

  Placement within(Value v) const {
    const Group& group = groups_[group_of_[index(v)]];
    Placement place = plan_.values[index(group.owner)];  // its space; its offset unless temporary
    place.offset = group.offset + shift_[index(v)];
    return place;
  }

  std::int64_t bytes_of(const Group& group) const { return graph_.desc(group.owner).bytes(); }

  const Graph& graph_;
  const StepLayout& step_;
  const Regions& regions_;
  const ScratchBytes& scratch_;
  std::vector<Uses> uses_;
  std::vector<Group> groups_;
  std::vector<std::size_t> group_of_;  // by Value::id; none for states
  std::vector<std::int64_t> shift_;    // by Value::id: bytes from its group's offset
  Arena arena_;
  MemoryPlan plan_;
};

}  // namespace

Regions plan_regions(const StepLimits& limits, std::int64_t dim, std::int64_t vocab,
                     bool incoming) {
  check(dim > 0 && vocab >= 0, "regions of no columns");
  constexpr std::int64_t kBytes = sizeof(float);
  Regions regions;
  regions.logits = aligned(limits.max_rows * dim * kBytes);
  regions.sampled = regions.logits + aligned(limits.max_head_rows * vocab * kBytes);
  regions.incoming = regions.sampled + aligned(limits.max_head_rows * kBytes);
  regions.bytes = regions.incoming + (incoming ? aligned(limits.max_rows * dim * kBytes) : 0);
  return regions;
}

MemoryPlan plan_memory(const Graph& graph, const StepLayout& step, const Regions& regions,
                       const ScratchBytes& scratch) {
  verify(graph);
  for (const ValueInfo& value : graph.values) {
    check(!value.desc.shape.is_symbolic(),
          "graph " + graph.name + ": memory is planned before its rows are known");
  }
  return Planner(graph, step, regions, scratch).run();
}

}  // namespace rocmforge::ir
