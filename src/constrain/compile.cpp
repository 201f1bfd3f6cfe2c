// Expressions -> automata: each is compiled towards the state that follows it.
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "constrain/grammar.h"
#include "constrain/machine.h"

namespace rocmforge::constrain {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
// Repetitions are written out up to so many states; longer ones are counted.
constexpr std::size_t kMostCopied = 32, kMostCopiedOfEmpty = 2000;

}  // namespace

class Compiler {
 public:
  explicit Compiler(const Builder& from) : from_(from), out_(std::make_shared<Grammar>()) {}

  std::shared_ptr<const Grammar> compile(RuleId root) {
    find_nullable();
    refuse_left_recursion();
    out_->states_.push_back({.kind = Grammar::Kind::kHole});
    out_->rule_of_.push_back(root);
    out_->rules_.resize(from_.rules_.size());
    for (RuleId r = 0; r < from_.rules_.size(); ++r) {
      if (!from_.rules_[r].defined) fail(r, "is not defined");
      compile_rule(r, from_.rules_[r].expr, from_.rules_[r].nests);
    }
    // Bodies of counted repetitions, which may hold others.
    for (std::size_t i = 0; i < bodies_.size(); ++i) {
      compile_rule(bodies_[i].first, bodies_[i].second, false);
    }
    out_->root_ = root;
    out_->max_depth_ = from_.limits_.max_depth;
    find_heights();
    const std::uint32_t height = out_->states_[out_->rules_[root].start].height;
    if (height == kNone) fail(root, "can never end: no text is of it");
    if (height + (out_->rules_[root].nests ? 1 : 0) > out_->max_depth_) {
      fail(root, "nests deeper than " + std::to_string(out_->max_depth_));
    }
    find_nesting();
    find_classes();
    return out_;
  }

 private:
  using Kind = Grammar::Kind;
  using Node = Builder::Kind;

  [[noreturn]] void fail(RuleId r, const std::string& what,
                         ErrorCode code = ErrorCode::kInvalidArgument) const {
    const std::string& name = from_.rules_[std::min<std::size_t>(r, from_.rules_.size() - 1)].name;
    throw Error(code, "[constrain] " + from_.place_ + ": " + name + ": " + what);
  }

  // --- what may be empty

  bool nullable(Expr e) const {
    const Builder::Node& n = from_.nodes_[e];
    switch (n.kind) {
      case Node::kEmpty:
        return true;
      case Node::kNever:
      case Node::kLiteral:
      case Node::kChars:
        return false;
      case Node::kSeq:
        return std::all_of(parts(n), parts(n) + n.b, [&](Expr p) { return empty_[p]; });
      case Node::kAlt:
        return std::any_of(parts(n), parts(n) + n.b, [&](Expr p) { return empty_[p]; });
      case Node::kRepeat:
        return n.b == 0 || empty_[n.a];
      case Node::kCall:
        return empty_[from_.rules_[n.a].expr];
    }
    return false;
  }

  // An expression is looked at again when one that it depends on has turned out to be empty.
  void find_nullable() {
    const std::size_t n = from_.nodes_.size();
    empty_.assign(n, false);
    std::vector<std::vector<Expr>> users(n);
    std::vector<Expr> todo(n);
    for (Expr e = 0; e < n; ++e) {
      todo[n - 1 - e] = e;
      const Builder::Node& node = from_.nodes_[e];
      if (node.kind == Node::kCall) users[from_.rules_[node.a].expr].push_back(e);
      if (node.kind == Node::kRepeat) users[node.a].push_back(e);
      if (node.kind != Node::kSeq && node.kind != Node::kAlt) continue;
      for (std::uint32_t i = 0; i < node.b; ++i) users[parts(node)[i]].push_back(e);
    }
    while (!todo.empty()) {
      const Expr e = todo.back();
      todo.pop_back();
      if (empty_[e] || !nullable(e)) continue;
      empty_[e] = true;
      todo.insert(todo.end(), users[e].begin(), users[e].end());
    }
  }

  const Expr* parts(const Builder::Node& n) const { return from_.parts_.data() + n.a; }

  // --- left recursion: a rule that may call itself before it has taken a byte

  // The rules that an expression may call at its beginning.
  void first_calls(Expr root, std::vector<RuleId>& out) const {
    std::vector<Expr> todo = {root};
    while (!todo.empty()) {
      const Builder::Node& n = from_.nodes_[todo.back()];
      todo.pop_back();
      if (n.kind == Node::kCall) out.push_back(n.a);
      if (n.kind == Node::kRepeat) todo.push_back(n.a);
      if (n.kind == Node::kAlt) todo.insert(todo.end(), parts(n), parts(n) + n.b);
      if (n.kind != Node::kSeq) continue;
      for (std::uint32_t i = 0; i < n.b; ++i) {
        todo.push_back(parts(n)[i]);
        if (!empty_[parts(n)[i]]) break;
      }
    }
  }

  void refuse_left_recursion() const {
    enum class Mark : std::uint8_t { kNew, kOpen, kDone };
    const std::size_t n_rules = from_.rules_.size();
    std::vector<std::vector<RuleId>> calls(n_rules);
    for (RuleId r = 0; r < n_rules; ++r) first_calls(from_.rules_[r].expr, calls[r]);
    std::vector<Mark> marks(n_rules, Mark::kNew);
    std::vector<std::pair<RuleId, std::size_t>> path;
    for (RuleId r = 0; r < n_rules; ++r) {
      if (marks[r] != Mark::kNew) continue;
      path = {{r, 0}};
      marks[r] = Mark::kOpen;
      while (!path.empty()) {
        auto& [at, i] = path.back();
        if (i == calls[at].size()) {
          marks[at] = Mark::kDone;
          path.pop_back();
          continue;
        }
        const RuleId next = calls[at][i++];
        if (marks[next] == Mark::kOpen) fail(next, "is left recursive: it begins with itself");
        if (marks[next] == Mark::kDone) continue;
        marks[next] = Mark::kOpen;
        path.emplace_back(next, 0);
      }
    }
  }

  // --- states

  std::uint32_t add(const Grammar::State& state) {
    if (out_->states_.size() >= from_.limits_.max_states ||
        out_->edges_.size() >= from_.limits_.max_edges) {
      fail(rule_,
           "is too large: more than " + std::to_string(from_.limits_.max_states) + " states");
    }
    out_->states_.push_back(state);
    out_->rule_of_.push_back(rule_);
    return static_cast<std::uint32_t>(out_->states_.size() - 1);
  }

  void compile_rule(RuleId r, Expr e, bool nests) {
    rule_ = r;
    const std::uint32_t end = add({.kind = Kind::kFinal, .final_only = true});
    const std::uint32_t start = compile(e, end);
    out_->rules_[r].start = start;
    out_->rules_[r].nests = nests;
  }

  std::uint32_t bytes(std::vector<Grammar::Edge> edges) {
    const auto first = static_cast<std::uint32_t>(out_->edges_.size());
    const auto n = static_cast<std::uint32_t>(edges.size());
    const std::uint32_t s = add({.kind = Kind::kBytes, .first = first, .n = n});
    out_->edges_.insert(out_->edges_.end(), edges.begin(), edges.end());
    return s;
  }

  std::uint32_t split(const std::vector<std::uint32_t>& targets) {
    const auto first = static_cast<std::uint32_t>(out_->targets_.size());
    const bool final_only =
        !targets.empty() && std::all_of(targets.begin(), targets.end(), [&](std::uint32_t t) {
          return out_->states_[t].final_only;
        });
    const std::uint32_t s = add({.kind = Kind::kSplit,
                                 .final_only = final_only,
                                 .first = first,
                                 .n = static_cast<std::uint32_t>(targets.size())});
    out_->targets_.insert(out_->targets_.end(), targets.begin(), targets.end());
    return s;
  }

  std::uint32_t compile(Expr e, std::uint32_t next) {
    const Builder::Node& n = from_.nodes_[e];
    switch (n.kind) {
      case Node::kEmpty:
        return next;
      case Node::kNever:
        return split({});
      case Node::kLiteral: {
        const std::string& text = from_.literals_[n.a];
        for (auto c = text.rbegin(); c != text.rend(); ++c) {
          const auto byte = static_cast<std::uint8_t>(*c);
          next = bytes({{byte, byte, next}});
        }
        return next;
      }
      case Node::kChars:
        return characters(n.a, next);
      case Node::kSeq:
        for (std::uint32_t i = n.b; i-- > 0;) next = compile(parts(n)[i], next);
        return next;
      case Node::kAlt: {
        std::vector<std::uint32_t> targets;
        std::vector<std::string_view> texts;  // which are one way, however many they are
        for (std::uint32_t i = 0; i < n.b; ++i) {
          const Builder::Node& part = from_.nodes_[parts(n)[i]];
          if (part.kind == Node::kLiteral) {
            texts.push_back(from_.literals_[part.a]);
          } else {
            targets.push_back(compile(parts(n)[i], next));
          }
        }
        std::sort(texts.begin(), texts.end());
        texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
        if (!texts.empty()) targets.push_back(one_of(texts, 0, next));
        return targets.size() == 1 ? targets[0] : split(targets);
      }
      case Node::kRepeat:
        return repeat(n.a, n.b, n.c, next);
      case Node::kCall:
        return add({.kind = Kind::kCall, .rule = n.a, .next = next});
    }
    return next;
  }

  // Texts, sorted and different, that have their first `at` bytes in common. Not empty.
  std::uint32_t one_of(std::span<const std::string_view> texts, std::size_t at,
                       std::uint32_t next) {
    const std::string_view first = texts.front(), last = texts.back();
    const auto differ = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
    const auto common = static_cast<std::size_t>(differ.first - first.begin());
    std::uint32_t state = next;
    if (texts.size() > 1) {
      const bool ends = first.size() == common;
      if (ends) texts = texts.subspan(1);
      std::vector<Grammar::Edge> edges;
      while (!texts.empty()) {
        const auto byte = static_cast<std::uint8_t>(texts.front()[common]);
        std::size_t n = 1;
        while (n < texts.size() && static_cast<std::uint8_t>(texts[n][common]) == byte) ++n;
        edges.push_back({byte, byte, one_of(texts.first(n), common + 1, next)});
        texts = texts.subspan(n);
      }
      state = bytes(std::move(edges));
      if (ends) state = split({next, state});
    }
    for (std::size_t i = common; i > at; --i) {
      const auto byte = static_cast<std::uint8_t>(first[i - 1]);
      state = bytes({{byte, byte, state}});
    }
    return state;
  }

  std::uint32_t characters(std::uint32_t set, std::uint32_t next) {
    auto [at, is_new] = sequences_.try_emplace(set);
    if (is_new) at->second = utf8_sequences(from_.sets_[set]);
    const std::vector<Utf8Sequence>& all = at->second;
    std::map<std::vector<std::uint16_t>, std::uint32_t> tails;  // equal ones are shared
    return bytes(edges_of(all.data(), all.data() + all.size(), 0, next, tails));
  }

  std::vector<Grammar::Edge> edges_of(const Utf8Sequence* begin, const Utf8Sequence* end,
                                      std::size_t at, std::uint32_t next,
                                      std::map<std::vector<std::uint16_t>, std::uint32_t>& tails) {
    std::vector<Grammar::Edge> edges;
    while (begin != end) {
      const auto range = begin->bytes[at];
      const Utf8Sequence* last = begin;
      while (last != end && last->bytes[at] == range) ++last;
      std::uint32_t target = next;
      if (static_cast<std::size_t>(begin->size) > at + 1) {
        std::vector<std::uint16_t> key;
        for (const Utf8Sequence* s = begin; s != last; ++s) {
          for (std::size_t i = at + 1; i < static_cast<std::size_t>(s->size); ++i) {
            key.push_back(static_cast<std::uint16_t>(s->bytes[i].first << 8 | s->bytes[i].second));
          }
        }
        const auto found = tails.find(key);
        target = found != tails.end() ? found->second
                                      : bytes(edges_of(begin, last, at + 1, next, tails));
        tails.emplace(std::move(key), target);
      }
      if (!edges.empty() && edges.back().target == target && edges.back().high + 1 == range.first) {
        edges.back().high = range.second;
      } else {
        edges.push_back({range.first, range.second, target});
      }
      begin = last;
    }
    return edges;
  }

  // States that a copy would take, about; more than `most` is as good as any number.
  std::size_t size(Expr e, std::size_t most) const {
    const Builder::Node& n = from_.nodes_[e];
    std::size_t sum = 1;
    switch (n.kind) {
      case Node::kLiteral:
        return from_.literals_[n.a].size();
      case Node::kChars:
        return from_.sets_[n.a].ranges().size();
      case Node::kSeq:
      case Node::kAlt:
        for (std::uint32_t i = 0; i < n.b && sum <= most; ++i) sum += size(parts(n)[i], most);
        return sum;
      case Node::kRepeat:
        return 1 + size(n.a, most) * (n.c == kUnbounded ? 1 : std::min<std::size_t>(n.c, most));
      default:
        return 1;
    }
  }

  std::uint32_t repeat(Expr body, std::uint32_t min, std::uint32_t max, std::uint32_t next) {
    const bool empty = empty_[body];
    if (max == kUnbounded && (min <= 1 || empty)) {
      const std::uint32_t loop = split({0, next});  // 0: filled in below
      const std::uint32_t start = compile(body, loop);
      out_->targets_[out_->states_[loop].first] = start;
      return min == 0 || empty ? loop : start;
    }
    const std::size_t most = empty ? kMostCopiedOfEmpty : kMostCopied;
    if (max != kUnbounded && max <= most && size(body, most) * max <= most) {
      const std::uint32_t end = next;
      for (std::uint32_t i = max; i-- > 0;) {
        next = compile(body, next);
        if (i >= min) next = split({next, end});
      }
      return next;
    }
    if (empty) {
      fail(rule_, "a repetition of what may be empty is counted up to " + std::to_string(max),
           ErrorCode::kUnsupported);
    }
    const auto rule = static_cast<RuleId>(out_->rules_.size());
    out_->rules_.emplace_back();
    bodies_.emplace_back(rule, body);
    return add({.kind = Kind::kRepeat, .rule = rule, .next = next, .min = min, .max = max});
  }

  // --- what is known of the whole

  std::uint32_t height_of(const Grammar::State& s) const {
    const auto called = [&] {
      const Grammar::Rule& rule = out_->rules_[s.rule];
      const std::uint32_t h = out_->states_[rule.start].height;
      return h == kNone ? kNone : h + (rule.nests ? 1 : 0);
    };
    switch (s.kind) {
      case Kind::kBytes:
      case Kind::kSplit: {
        std::uint32_t least = kNone;
        for (std::uint32_t i = s.first; i < s.first + s.n; ++i) {
          const std::uint32_t t =
              s.kind == Kind::kSplit ? out_->targets_[i] : out_->edges_[i].target;
          least = std::min(least, out_->states_[t].height);
        }
        return least;
      }
      case Kind::kCall:
        return std::max(called(), out_->states_[s.next].height);
      case Kind::kRepeat:
        return s.min == 0 ? out_->states_[s.next].height
                          : std::max(called(), out_->states_[s.next].height);
      case Kind::kFinal:
      case Kind::kHole:
        return 0;
    }
    return kNone;
  }

  // The least fixed point, from "never" downwards: a state is looked at again when one that it
  // depends on has come down.
  void find_heights() {
    auto& states = out_->states_;
    std::vector<std::vector<std::uint32_t>> users(states.size());
    for (std::uint32_t s = 0; s < states.size(); ++s) {
      const Grammar::State& state = states[s];
      states[s].height = kNone;
      for (std::uint32_t i = state.first; i < state.first + state.n; ++i) {
        const bool splits = state.kind == Kind::kSplit;
        users[splits ? out_->targets_[i] : out_->edges_[i].target].push_back(s);
      }
      if (state.kind != Kind::kCall && state.kind != Kind::kRepeat) continue;
      users[state.next].push_back(s);
      users[out_->rules_[state.rule].start].push_back(s);
    }
    std::vector<std::uint32_t> todo(states.size());
    for (std::uint32_t s = 0; s < states.size(); ++s) {
      todo[states.size() - 1 - s] = s;  // those that come last in a text are first
    }
    while (!todo.empty()) {
      const std::uint32_t s = todo.back();
      todo.pop_back();
      const std::uint32_t height = height_of(states[s]);
      if (height >= states[s].height) continue;
      states[s].height = height;
      todo.insert(todo.end(), users[s].begin(), users[s].end());
    }
  }

  void find_nesting() {
    std::set<std::pair<RuleId, RuleId>> calls;  // called, caller
    std::vector<RuleId> todo;
    for (std::uint32_t s = 1; s < out_->states_.size(); ++s) {
      const Grammar::State& state = out_->states_[s];
      if (state.kind == Kind::kCall || state.kind == Kind::kRepeat) {
        calls.emplace(state.rule, out_->rule_of_[s]);
      }
    }
    for (RuleId r = 0; r < out_->rules_.size(); ++r) {
      if (out_->rules_[r].nests) todo.push_back(r);
    }
    while (!todo.empty()) {
      const RuleId r = todo.back();
      todo.pop_back();
      if (std::exchange(out_->rules_[r].calls_nests, true)) continue;
      for (auto at = calls.lower_bound({r, 0}); at != calls.end() && at->first == r; ++at) {
        todo.push_back(at->second);
      }
    }
  }

  void find_classes() {
    std::array<bool, 257> begins{};
    for (const Grammar::Edge& edge : out_->edges_) {
      begins[edge.low] = begins[edge.high + 1U] = true;
    }
    std::uint32_t n = 0;
    for (std::size_t b = 0; b < 256; ++b) {
      if (b > 0 && begins[b]) ++n;
      out_->classes_[b] = static_cast<std::uint8_t>(n);
    }
    out_->n_classes_ = n + 1;
  }

  const Builder& from_;
  std::shared_ptr<Grammar> out_;
  std::vector<bool> empty_;
  RuleId rule_ = 0;
  std::vector<std::pair<RuleId, Expr>> bodies_;
  std::map<std::uint32_t, std::vector<Utf8Sequence>> sequences_;
};

std::shared_ptr<const Grammar> Builder::build(RuleId root) const {
  std::shared_ptr<const Grammar> out = Compiler(*this).compile(root);
  if (Machine(out).overflowed()) {
    throw Error(ErrorCode::kInvalidArgument, "[constrain] " + place_ + ": " + rules_[root].name +
                                                 ": has too many ways to begin: more than " +
                                                 std::to_string(Machine::kMaxStacks) + " at once");
  }
  return out;
}

}  // namespace rocmforge::constrain
