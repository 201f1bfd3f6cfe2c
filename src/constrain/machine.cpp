#include "constrain/machine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace rocmforge::constrain {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;

std::size_t mix(std::size_t h, std::uint64_t v) {
  h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
  return h ^ h >> 29;
}

}  // namespace

std::size_t Machine::NodeHash::operator()(const Node& n) const {
  return mix(mix(n.parent, std::uint64_t{n.state} << 32 | n.count), n.depth);
}

std::size_t Machine::SetHash::operator()(const std::vector<std::uint32_t>& stacks) const {
  std::size_t h = stacks.size();
  for (const std::uint32_t s : stacks) h = mix(h, s);
  return h;
}

Machine::Machine(std::shared_ptr<const Grammar> grammar)
    : grammar_(std::move(grammar)), n_classes_(grammar_->n_classes()) {
  nodes_.emplace_back();
  levels_.push_back(0);
  aheads_.push_back(0);
  marks_.push_back(0);
  ++closure_;
  enter(grammar_->root(), kBottom, 0);
  start_ = close();
}

std::size_t Machine::bytes() const {
  constexpr std::size_t kOfNode = 2 * sizeof(Node) + 48, kOfSet = 2 * sizeof(Set) + 64;
  return nodes_.size() * kOfNode + sets_.size() * (kOfSet + n_classes_ * sizeof(StateId)) +
         2 * stack_words_ * sizeof(std::uint32_t);
}

std::uint32_t Machine::node(const Node& n) {
  const auto [found, is_new] = node_ids_.try_emplace(n, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) {
    nodes_.push_back(n);
    levels_.push_back(levels_[n.parent] + 1);
    aheads_.push_back(n.state == Grammar::kHoleState ? n.count : aheads_[n.parent]);
    marks_.push_back(0);
  }
  return found->second;
}

// Something to be looked at in this closure, unless it would end too deep.
void Machine::push(const Node& n) {
  const Grammar::State& s = grammar_->state(n.state);
  if (s.height == kNone) return;
  const bool enough = s.kind == Grammar::Kind::kRepeat && n.count != kFarBelow && n.count >= s.min;
  const std::uint32_t height = enough ? grammar_->state(s.next).height : s.height;
  if (n.depth + height > grammar_->max_depth()) return;
  const std::uint32_t id = node(n);
  if (std::exchange(marks_[id], closure_) != closure_) work_.push_back(id);
}

void Machine::enter(RuleId rule, std::uint32_t parent, std::uint32_t depth) {
  const Grammar::Rule& r = grammar_->rule(rule);
  push({r.start, 0, parent, depth + (r.nests ? 1 : 0)});
}

void Machine::come_back(std::uint32_t parent) {
  const bool hole = parent != kBottom && nodes_[parent].state == Grammar::kHoleState;
  if (parent != kBottom && !hole) {
    push(nodes_[parent]);
  } else if (std::exchange(marks_[parent], closure_) != closure_) {
    tops_.push_back(parent);
  }
}

void Machine::expand(std::uint32_t id) {
  using Kind = Grammar::Kind;
  const Node n = nodes_[id];
  const Grammar::State& s = grammar_->state(n.state);
  const auto below = [&](const Node& where) {  // a call that is a rule's last needs no way back
    return grammar_->state(where.state).final_only ? n.parent : node(where);
  };
  const auto depth_of = [&](std::uint32_t parent) {
    return parent == n.parent ? (parent == kBottom ? 0 : nodes_[parent].depth) : n.depth;
  };
  switch (s.kind) {
    case Kind::kBytes:
      tops_.push_back(id);
      break;
    case Kind::kSplit:
      for (std::uint32_t i = 0; i < s.n; ++i) {
        push({grammar_->targets(s)[i], 0, n.parent, n.depth});
      }
      break;
    case Kind::kCall: {
      const std::uint32_t parent = below({s.next, 0, n.parent, n.depth});
      enter(s.rule, parent, depth_of(parent));
      break;
    }
    case Kind::kRepeat: {
      const bool is_far = n.count == kFarBelow || n.count == kFarWithin;
      if (n.count != kFarBelow && n.count >= s.min) push({s.next, 0, n.parent, n.depth});
      if (!is_far && n.count >= s.max) break;
      Node run = n;
      if (!is_far && (s.max != kUnbounded || n.count < s.min)) ++run.count;
      if (aheads_[n.parent] > 0) run.count = near_count(run, aheads_[n.parent]);
      enter(s.rule, node(run), n.depth);
      break;
    }
    case Kind::kFinal:
      come_back(n.parent);
      break;
    case Kind::kHole:
      break;
  }
}

Machine::StateId Machine::close() {
  for (std::size_t done = 0; done < work_.size(); ++done) {
    if (work_left_ > 0) --work_left_;
    if (done >= kMaxWork || tops_.size() > kMaxStacks || work_left_ == 0) {
      overflowed_ |= work_left_ > 0;
      if (work_left_ == 0) tops_.clear();
      break;  // each stack that was found is one way; so what goes on is of the grammar
    }
    expand(work_[done]);
  }
  work_.clear();
  return set(std::exchange(tops_, {}));
}

Machine::StateId Machine::set(std::vector<std::uint32_t> stacks) {
  if (stacks.empty()) return kDead;
  std::sort(stacks.begin(), stacks.end());
  const auto found = set_ids_.find(stacks);
  if (found != set_ids_.end()) return found->second;
  if (bytes() > kMaxBytes) {
    overflowed_ = true;
    return kDead;
  }
  const auto id = static_cast<StateId>(sets_.size());
  Set set{.stacks = stacks};
  for (const std::uint32_t s : stacks) {
    set.may_end |= s == kBottom;
    set.leaves |= s != kBottom && nodes_[s].state == Grammar::kHoleState;
  }
  stack_words_ += stacks.size();
  sets_.push_back(std::move(set));
  set_ids_.emplace(std::move(stacks), id);
  table_.resize(table_.size() + n_classes_, kUnknown);
  return id;
}

Machine::StateId Machine::step(StateId state, std::uint8_t byte) {
  const std::size_t n_stacks = sets_[at(state)].stacks.size();
  if (work_left_ <= n_stacks) work_left_ = 0;
  if (work_left_ == 0) return kDead;
  work_left_ -= n_stacks;
  ++closure_;
  for (std::size_t i = 0; i < n_stacks; ++i) {
    const std::uint32_t top = sets_[at(state)].stacks[i];
    if (top == kBottom) continue;
    const Node n = nodes_[top];
    const Grammar::State& s = grammar_->state(n.state);
    if (s.kind != Grammar::Kind::kBytes) continue;
    const Grammar::Edge* const edges = grammar_->edges(s);
    for (std::uint32_t e = 0; e < s.n && edges[e].low <= byte; ++e) {
      if (byte <= edges[e].high) push({edges[e].target, 0, n.parent, n.depth});
    }
  }
  const StateId next = close();
  if (work_left_ > 0) table_[index(state, byte)] = next;
  return next;
}

// The highest node that is below all of the tops.
std::uint32_t Machine::common(const std::vector<std::uint32_t>& stacks) const {
  if (stacks[0] == kBottom) return kBottom;
  std::uint32_t cut = nodes_[stacks[0]].parent;
  for (const std::uint32_t s : stacks) {
    std::uint32_t other = s == kBottom ? kBottom : nodes_[s].parent;
    while (cut != other) {
      std::uint32_t& higher = levels_[cut] >= levels_[other] ? cut : other;
      higher = nodes_[higher].parent;
    }
  }
  return cut;
}

// A count that is alike for whoever looks `ahead` runs ahead.
std::uint32_t Machine::near_count(const Node& n, std::uint32_t ahead) const {
  const Grammar::State& s = grammar_->state(n.state);
  if (s.kind != Grammar::Kind::kRepeat || n.count == kFarBelow || n.count == kFarWithin) {
    return n.count;
  }
  if (n.count < s.min) return s.min - n.count > ahead ? kFarBelow : n.count;
  if (s.max == kUnbounded) return kFarWithin;
  return s.max - n.count > ahead ? kFarWithin : n.count;
}

// The node with a hole in place of `cut`.
std::uint32_t Machine::rooted(std::uint32_t id, std::uint32_t cut, std::uint32_t ahead, bool nests,
                              std::unordered_map<std::uint32_t, std::uint32_t>& done) {
  const std::uint32_t depth_below = nodes_[cut].depth;
  std::vector<std::uint32_t> path;
  for (; id != cut && !done.contains(id); id = nodes_[id].parent) path.push_back(id);
  std::uint32_t out = 0;
  if (id == cut) {
    out = node({Grammar::kHoleState, ahead, kBottom, nests ? depth_below : 0});
  } else {
    out = done[id];
  }
  for (; !path.empty(); path.pop_back()) {
    Node n = nodes_[path.back()];
    n.count = near_count(n, ahead);
    if (!nests) n.depth = 0;
    n.parent = out;
    out = node(n);
    done[path.back()] = out;
  }
  return out;
}

Machine::Within Machine::within(StateId state) {
  const auto known = within_.find(state);
  if (known != within_.end()) return known->second;
  const std::vector<std::uint32_t> stacks = sets_[at(state)].stacks;
  std::uint32_t cut = common(stacks);
  // A repetition goes on above the cut: it would leave with each of its runs.
  while (cut != kBottom && grammar_->state(nodes_[cut].state).kind == Grammar::Kind::kRepeat) {
    cut = nodes_[cut].parent;
  }
  bool nests = false;
  for (const std::uint32_t s : stacks) {
    for (std::uint32_t n = s; n != cut && !nests; n = nodes_[n].parent) {
      nests = grammar_->rule(grammar_->rule_of(nodes_[n].state)).calls_nests;
    }
  }
  Within out;
  for (std::size_t i = 0; i < kAhead.size(); ++i) {
    std::unordered_map<std::uint32_t, std::uint32_t> done;
    std::vector<std::uint32_t> tops;
    for (const std::uint32_t s : stacks) tops.push_back(rooted(s, cut, kAhead[i], nests, done));
    std::sort(tops.begin(), tops.end());
    tops.erase(std::unique(tops.begin(), tops.end()), tops.end());
    out.counted[i] = set(std::move(tops));
  }
  ++closure_;
  come_back(cut);
  out.below = close();
  if (out.counted[0] == kDead || out.counted[1] == kDead || out.below == kDead) {
    out = {.counted = {state, state}};  // a limit: the state as it is
  }
  within_.emplace(state, out);
  return out;
}

Machine::Stacks Machine::save(StateId state) const {
  Stacks out;
  for (std::uint32_t top : sets_[at(state)].stacks) {
    std::vector<Frame>& frames = out.emplace_back();
    for (; top != kBottom; top = nodes_[top].parent) {
      frames.push_back({nodes_[top].state, nodes_[top].count, nodes_[top].depth});
    }
    std::reverse(frames.begin(), frames.end());
  }
  return out;
}

Machine::StateId Machine::load(const Stacks& stacks) {
  std::vector<std::uint32_t> tops;
  for (const std::vector<Frame>& frames : stacks) {
    std::uint32_t top = kBottom;
    for (const Frame& f : frames) top = node({f.state, f.count, top, f.depth});
    tops.push_back(top);
  }
  const StateId id = set(std::move(tops));
  check(id != kDead, "a new machine has room for a state of the old one");
  return id;
}

}  // namespace rocmforge::constrain
