// A grammar at work: deterministic over bytes, made as it is needed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "constrain/grammar.h"

namespace rocmforge::constrain {

// A state is a set of stacks: all that the text so far may be within. Stacks share their lower
// parts, and equal ones are one; so are equal sets, and a state is its number. Not for several
// threads at once.
class Machine {
 public:
  using StateId = std::int32_t;
  static constexpr StateId kDead = -1;

  explicit Machine(std::shared_ptr<const Grammar> grammar);

  StateId start() const { return start_; }
  // kDead: no text goes on so. (Nor where the machine would pass kMaxBytes; of more than
  // kMaxStacks stacks some are left out: see overflowed().)
  StateId next(StateId state, std::uint8_t byte) {
    const StateId known = table_[index(state, byte)];
    return known != kUnknown ? known : step(state, byte);
  }
  // No state tells the byte from the one before it.
  bool like_last(std::uint8_t byte) const {
    return grammar_->class_of(byte) == grammar_->class_of(byte - 1);
  }
  bool may_end(StateId state) const { return sets_[at(state)].may_end; }
  bool must_end(StateId state) const {
    return may_end(state) && sets_[at(state)].stacks.size() == 1;
  }
  // Of a state from within(): what it was cut from may go on below it.
  bool leaves(StateId state) const { return sets_[at(state)].leaves; }

  // A state without what all of its stacks have in common: what happens above that is the same
  // wherever it is.
  // `counted`: where, besides, counts that are further than kAhead[i] from their bounds are alike,
  // and stay so: for texts of at most kAhead[i] bytes.
  static constexpr std::array<std::uint32_t, 2> kAhead = {16, 48};
  struct Within {
    std::array<StateId, kAhead.size()> counted{kDead, kDead};
    StateId below = kDead;  // where it goes on when it leaves; kDead where it cannot
  };
  Within within(StateId state);

  static constexpr std::size_t kMaxStacks = 1024, kMaxWork = 4096;
  // Work that may be done from now on, in the unit of kMaxWork (some 50 ns); what would need more
  // is taken for dead, but not for good.
  void allow_work(std::size_t most) { work_left_ = most; }
  bool has_work_left() const { return work_left_ > 0; }
  static constexpr std::size_t kMaxBytes = std::size_t{192} << 20;
  // Something was left out because of a limit.
  bool overflowed() const { return overflowed_; }
  std::size_t bytes() const;

  // A state apart from this machine, for another one of the same grammar.
  struct Frame {
    std::uint32_t state, count, depth;
  };
  using Stacks = std::vector<std::vector<Frame>>;  // each from the bottom
  Stacks save(StateId state) const;
  StateId load(const Stacks& stacks);

 private:
  static constexpr StateId kUnknown = -2;
  // Counts that are far from their bounds: short of the least, and beyond it.
  static constexpr std::uint32_t kFarBelow = 0xfffffffe, kFarWithin = 0xfffffffd;
  // The bottom of all, on which nothing is: a text that has ended.
  static constexpr std::uint32_t kBottom = 0;
  struct Node {
    std::uint32_t state = 0;  // of the grammar; on the top of a stack it waits for a byte, below it
                              // is where the call above it returns to
    std::uint32_t count = 0;  // of a repetition, the runs so far with the one above; of a hole,
                              // of kAhead, what stands on it
    std::uint32_t parent = 0;  // the node below
    std::uint32_t depth = 0;   // rules that nest, up to and with this node's
    bool operator==(const Node&) const = default;
  };
  struct NodeHash {
    std::size_t operator()(const Node& n) const;
  };
  struct SetHash {
    std::size_t operator()(const std::vector<std::uint32_t>& stacks) const;
  };
  struct Set {
    std::vector<std::uint32_t> stacks;  // top nodes, sorted
    bool may_end = false, leaves = false;
  };

  static std::size_t at(StateId s) { return static_cast<std::size_t>(s); }
  std::size_t index(StateId s, std::uint8_t byte) const {
    return at(s) * n_classes_ + grammar_->class_of(byte);
  }
  StateId step(StateId state, std::uint8_t byte);
  std::uint32_t node(const Node& node);
  void push(const Node& node);
  void enter(RuleId rule, std::uint32_t parent, std::uint32_t depth);
  void expand(std::uint32_t id);
  void come_back(std::uint32_t parent);
  StateId close();
  StateId set(std::vector<std::uint32_t> stacks);
  std::uint32_t common(const std::vector<std::uint32_t>& stacks) const;
  std::uint32_t rooted(std::uint32_t id, std::uint32_t cut, std::uint32_t ahead, bool nests,
                       std::unordered_map<std::uint32_t, std::uint32_t>& done);
  std::uint32_t near_count(const Node& node, std::uint32_t ahead) const;

  std::shared_ptr<const Grammar> grammar_;
  std::size_t n_classes_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> levels_;  // of nodes: how many are below
  std::vector<std::uint32_t> aheads_;  // of nodes: of kAhead, which they stand for; 0: exact
  std::unordered_map<Node, std::uint32_t, NodeHash> node_ids_;
  std::vector<Set> sets_;
  std::unordered_map<std::vector<std::uint32_t>, StateId, SetHash> set_ids_;
  std::size_t stack_words_ = 0;
  std::vector<StateId> table_;  // [state][class of the byte]
  std::unordered_map<StateId, Within> within_;
  StateId start_ = kDead;
  bool overflowed_ = false;

  // Of a closure under way.
  std::vector<std::uint32_t> work_, tops_;
  std::vector<std::uint32_t> marks_;  // of nodes: the closure that has seen it
  std::uint32_t closure_ = 0;
  std::size_t work_left_ = static_cast<std::size_t>(-1);
};

}  // namespace rocmforge::constrain
