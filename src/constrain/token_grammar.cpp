#include "constrain/token_grammar.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/check.h"

namespace rocmforge::constrain {
namespace {

using Mask = std::vector<std::uint32_t>;
using StateId = Machine::StateId;

void allow(std::span<std::uint32_t> mask, text::TokenId token) {
  mask[static_cast<std::size_t>(token) / 32] |= std::uint32_t{1} << (token % 32);
}

void forbid(std::span<std::uint32_t> mask, text::TokenId token) {
  mask[static_cast<std::size_t>(token) / 32] &= ~(std::uint32_t{1} << (token % 32));
}

}  // namespace

static_assert(TokenTable::kLengths[0] == Machine::kAhead[0] &&
              TokenTable::kLengths[1] == Machine::kAhead[1]);

// All that is found on the way. A matcher that holds an old one moves to the new one.
struct TokenGrammar::Kept {
  // Short pieces in a state of Machine::within(), and the nodes where it leaves.
  struct Local {
    Mask mask;  // empty where they are few:
    std::vector<text::TokenId> tokens;
    std::vector<std::uint32_t> leaves;
  };

  // Where a state goes by any of these kinds of characters; by which it goes nowhere.
  struct Onward {
    Kinds kinds, dead;
    StateId next = Machine::kDead;
    bool is_known = false;
  };
  static constexpr std::uint32_t kFewNodes = 4;     // below which a node is not asked for at once
  static constexpr std::uint32_t kFewTokens = 512;  // are a list, and no mask

  Kept(std::shared_ptr<const Grammar> grammar, const TokenTable& tokens)
      : machine(std::move(grammar)), table(tokens) {}

  // Sets the tokens at nodes [begin, end) of the tree that the automaton takes, from `state` before
  // the first of them; `leaves`: where it may leave.
  void walk(const TokenTrie& trie, std::uint32_t begin, std::uint32_t end, StateId state,
            std::span<std::uint32_t> mask, std::vector<std::uint32_t>* leaves) {
    if (begin >= end) return;
    find(trie, begin, end, state, leaves, /*at_once=*/false);
    for (const auto& [first, last] : found) {
      for (std::uint32_t r = first; r < last; ++r) allow(mask, trie.tokens()[r]);
    }
  }

  // Of the whole tree. Where most are taken, the others are struck out.
  Local walk_all(const TokenTrie& trie, StateId state) {
    Local out;
    const auto n_nodes = static_cast<std::uint32_t>(trie.nodes().size());
    find(trie, 0, n_nodes, state, &out.leaves, /*at_once=*/true);
    const auto n_all = static_cast<std::uint32_t>(trie.tokens().size());
    std::uint32_t n = 0;
    for (const auto& [first, last] : found) n += last - first;
    if (n <= kFewTokens) {
      for (const auto& [first, last] : found) {
        out.tokens.insert(out.tokens.end(), trie.tokens().begin() + first,
                          trie.tokens().begin() + last);
      }
      return out;
    }
    const bool most = n > n_all / 2;
    out.mask = most ? trie.all() : Mask(table.mask_words());
    std::uint32_t done = 0;
    found.emplace_back(n_all, n_all);
    for (const auto& [first, last] : found) {
      for (std::uint32_t r = done; r < first && most; ++r) forbid(out.mask, trie.tokens()[r]);
      for (std::uint32_t r = first; r < last && !most; ++r) allow(out.mask, trie.tokens()[r]);
      done = last;
    }
    return out;
  }

  // Puts the ranks of the tokens into `found`. `at_once`: what goes on whatever it is is not looked
  // at in detail; for states of Machine::within(), which are few.
  void find(const TokenTrie& trie, std::uint32_t begin, std::uint32_t end, StateId state,
            std::vector<std::uint32_t>* leaves, bool at_once) {
    found.clear();
    if (begin >= end) return;
    const std::vector<TokenTrie::Node>& nodes = trie.nodes();
    const std::size_t base = nodes[begin].depth - std::size_t{1};
    path.resize(std::max(path.size(), trie.max_depth() + 1));
    path[base] = state;
    for (std::uint32_t i = begin; i < end;) {
      const TokenTrie::Node& node = nodes[i];
      const StateId next = machine.next(path[node.depth - std::size_t{1}], node.byte);
      if (next == Machine::kDead) {
        i = node.end;
        continue;
      }
      path[node.depth] = next;
      if (leaves != nullptr && machine.leaves(next)) leaves->push_back(i);
      ++n_visited;
      std::uint32_t behind = i + 1;
      add_found(node.rank, trie.rank(behind));
      if (at_once && node.end - i > kFewNodes) {
        const int n = takes(trie.below(i), next);
        if (n >= 0) {
          behind = node.end;
          add_short(trie, i, n);
        }
      }
      i = behind;
    }
  }

  // What stands below a node, of at most `n` characters more.
  void add_short(const TokenTrie& trie, std::uint32_t node, int n) {
    const TokenTrie::Below& below = trie.below(node);
    const std::uint32_t first = trie.rank(node + 1), last = trie.rank(trie.nodes()[node].end);
    if (n >= below.height) return add_found(first, last);
    for (std::uint32_t r = first; r < last; ++r) {
      if (trie.n_characters()[r] - below.n_before <= n) add_found(r, r + 1);
    }
  }

  void add_found(std::uint32_t first, std::uint32_t last) {
    if (first == last) return;
    if (!found.empty() && found.back().second == first) {
      found.back().second = last;
    } else {
      found.emplace_back(first, last);
    }
  }

  // Of what stands below a node, how many characters the automaton takes from `state`, whatever
  // they are, and leaves nowhere: at least `height` where it takes all; -1 where it depends.
  int takes(const TokenTrie::Below& below, StateId state) {
    if (!below.is_boundary) return -1;
    for (int n = 0; n < below.height; ++n) {
      const Onward& onward = onward_from(state);
      if (!below.kinds.within(onward.kinds)) return below.kinds.within(onward.dead) ? n : -1;
      if (onward.next == state) break;
      state = onward.next;
    }
    return below.height;
  }

  const Onward& onward_from(StateId state) {
    const auto at = static_cast<std::size_t>(state);
    if (at < onwards.size() && onwards[at].is_known) return onwards[at];
    Onward out;
    for (const char c : {'e', 'E', '5', ' '}) {  // by which most texts go on
      out.next = machine.next(state, static_cast<std::uint8_t>(c));
      if (out.next != Machine::kDead) break;
    }
    if (out.next == Machine::kDead || !machine.leaves(out.next)) {
      out.kinds = kinds_to(state, out.next);
      out.dead = out.next == Machine::kDead ? out.kinds : kinds_to(state, Machine::kDead);
      if (out.next == Machine::kDead) out.kinds = {};
    }
    out.is_known = machine.has_work_left();
    if (at >= onwards.size()) onwards.resize(2 * at + 16);
    return onwards[at] = out;
  }

  Kinds kinds_to(StateId state, StateId next) {
    Kinds out;
    bool controls = true;
    for (std::uint8_t byte = 0; byte < 0x80; ++byte) {
      const bool same = machine.next(state, byte) == next;
      const std::uint8_t kind = Kinds::of_ascii(byte);
      if (kind == Kinds::kControl) controls = controls && same;
      if (kind != Kinds::kControl && same) out.add(kind);
    }
    if (controls) out.add(Kinds::kControl);
    static const std::vector<Utf8Sequence> wide = utf8_sequences({{0x80, kLastCodePoint}});
    if (std::all_of(wide.begin(), wide.end(), [&](const Utf8Sequence& sequence) {
          return leads(sequence, 0, state, next);
        })) {
      out.add(Kinds::kWide);
    }
    return out;
  }

  // Whether all that a sequence spells leads from one state to the other.
  bool leads(const Utf8Sequence& sequence, int at, StateId from, StateId to) {
    if (at == sequence.size) return from == to;
    const auto [low, high] = sequence.bytes[static_cast<std::size_t>(at)];
    for (unsigned b = low; b <= high; ++b) {
      const auto byte = static_cast<std::uint8_t>(b);
      if (b > low && machine.like_last(byte)) continue;
      const StateId next = machine.next(from, byte);
      if (next == Machine::kDead ? to != next : !leads(sequence, at + 1, next, to)) return false;
    }
    return true;
  }

  // Of the tree that looks so far ahead.
  const Local& local(std::size_t ahead, StateId state) {
    const auto known = locals[ahead].find(state);
    if (known != locals[ahead].end()) return known->second;
    Local out = walk_all(table.tries()[ahead], state);
    mask_bytes += (out.mask.size() + out.tokens.size() + out.leaves.size()) * 4 + sizeof(Local);
    if (!machine.has_work_left()) return unfinished = std::move(out);
    return locals[ahead].emplace(state, std::move(out)).first->second;
  }

  const Mask& mask(StateId state) {
    const auto known = masks.find(state);
    if (known != masks.end()) return known->second;
    if (mask_bytes > kMostMasks) {
      masks.clear();
      for (auto& some : locals) some.clear();
      mask_bytes = 0;
    }
    machine.allow_work(kMostWork);
    const Machine::Within within = machine.within(state);
    Mask out(table.mask_words());
    for (std::size_t ahead = 0; ahead < locals.size(); ++ahead) {
      const Local& inner = local(ahead, within.counted[ahead]);
      for (std::size_t i = 0; i < inner.mask.size(); ++i) out[i] |= inner.mask[i];
      for (const text::TokenId token : inner.tokens) allow(out, token);
      if (within.below == Machine::kDead || machine.must_end(within.below)) continue;
      const TokenTrie& trie = table.tries()[ahead];
      for (const std::uint32_t node : inner.leaves) {
        walk(trie, node + 1, trie.nodes()[node].end, within.below, out, nullptr);
      }
    }
    const TokenTrie& rest = table.tries().back();
    walk(rest, 0, static_cast<std::uint32_t>(rest.nodes().size()), state, out, nullptr);
    if (machine.may_end(state)) {
      for (const text::TokenId token : table.ends()) allow(out, token);
    }
    if (!machine.has_work_left()) {
      was_limited = true;
      return unfinished_mask = std::move(out);
    }
    mask_bytes += out.size() * 4;
    return masks.emplace(state, std::move(out)).first->second;
  }

  bool is_limited() const { return was_limited || machine.overflowed(); }

  // What the states nearest to the beginning need, before an answer waits for it; bounded in work.
  void prepare() {
    machine.allow_work(kMostWork);
    std::vector<StateId> todo = {machine.start()};
    std::unordered_set<StateId> seen(todo.begin(), todo.end());
    for (std::size_t i = 0; i < std::min(todo.size(), kMostPrepared); ++i) {
      const Machine::Within within = machine.within(todo[i]);
      for (std::size_t ahead = 0; ahead < locals.size(); ++ahead) {
        local(ahead, within.counted[ahead]);
      }
      if (n_visited > kMostVisited || !machine.has_work_left()) break;
      for (int b = 0; b < 256; ++b) {
        const auto byte = static_cast<std::uint8_t>(b);
        if (b > 0 && machine.like_last(byte)) continue;
        const StateId next = machine.next(todo[i], byte);
        if (next != Machine::kDead && seen.insert(next).second) todo.push_back(next);
      }
    }
  }
  static constexpr std::size_t kMostWork = 40'000;        // of a mask that is new, or of all: 10 ms
  static constexpr std::size_t kMostPrepared = 256;       // states
  static constexpr std::size_t kMostVisited = 1'000'000;  // nodes of the trees

  Machine machine;
  const TokenTable& table;
  std::array<std::unordered_map<StateId, Local>, Machine::kAhead.size()> locals;
  std::unordered_map<StateId, Mask> masks;
  Local unfinished;  // for want of work: not kept
  Mask unfinished_mask;
  bool was_limited = false;
  std::size_t mask_bytes = 0, n_visited = 0;
  std::vector<Onward> onwards;  // by state
  // Of a walk: states by depth, and ranks of tokens, from the first to behind the last.
  std::vector<StateId> path;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
};

TokenGrammar::TokenGrammar(std::shared_ptr<const Grammar> grammar,
                           std::shared_ptr<const TokenTable> table)
    : grammar_(std::move(grammar)), table_(std::move(table)), kept_(fresh()) {
  kept_->prepare();
}

TokenGrammar::~TokenGrammar() = default;

std::shared_ptr<TokenGrammar::Kept> TokenGrammar::fresh() const {
  return std::make_shared<Kept>(grammar_, *table_);
}

std::size_t TokenGrammar::kept_bytes() const {
  const std::lock_guard lock(mutex_);
  return kept_->machine.bytes() + kept_->mask_bytes;
}

Matcher::Matcher(std::shared_ptr<const TokenGrammar> grammar, bool drops_space)
    : grammar_(std::move(grammar)), drops_space_(drops_space) {
  const std::lock_guard lock(grammar_->mutex_);
  kept_ = grammar_->kept_;
  state_ = kept_->machine.start();
  check(state_ != Machine::kDead, "a grammar has a text");
}

// With the lock held: to the newest tables, and to new ones when these have grown too large.
void Matcher::catch_up() {
  if (kept_ == grammar_->kept_) {
    if (kept_->machine.bytes() < TokenGrammar::kMostStates) return;
    grammar_->kept_ = grammar_->fresh();
    grammar_->kept_->was_limited = kept_->is_limited();
  }
  const std::shared_ptr<Kept> old = std::exchange(kept_, grammar_->kept_);
  state_ = kept_->machine.load(old->machine.save(state_));
}

bool Matcher::mask(std::span<std::uint32_t> out) {
  check(out.size() == grammar_->mask_words(), "a mask has a bit for each token");
  const std::lock_guard lock(grammar_->mutex_);
  catch_up();
  if (drops_space_) {
    first_mask(out);
  } else {
    const Mask& found = kept_->mask(state_);
    std::copy(found.begin(), found.end(), out.begin());
  }
  return std::any_of(out.begin(), out.end(), [](std::uint32_t word) { return word != 0; });
}

// Pieces count without their leading space. One that is nothing but the space shows nothing, and is
// left out, so that no step goes without progress.
void Matcher::first_mask(std::span<std::uint32_t> out) {
  const Mask& found = kept_->mask(state_);
  std::copy(found.begin(), found.end(), out.begin());
  for (const TokenTrie& trie : grammar_->table_->tries()) {
    const std::vector<TokenTrie::Node>& nodes = trie.nodes();
    std::uint32_t at = 0;
    while (at < nodes.size() && nodes[at].byte != ' ') at = nodes[at].end;
    if (at >= nodes.size()) continue;
    for (std::uint32_t r = nodes[at].rank; r < trie.rank(nodes[at].end); ++r) {
      forbid(out, trie.tokens()[r]);
    }
    kept_->walk(trie, at + 1, nodes[at].end, state_, out, nullptr);
  }
}

bool Matcher::step(std::string_view bytes) {
  kept_->machine.allow_work(static_cast<std::size_t>(-1));
  StateId state = state_;
  for (const char c : bytes) {
    state = kept_->machine.next(state, static_cast<std::uint8_t>(c));
    if (state == Machine::kDead) return false;
  }
  state_ = state;
  return true;
}

bool Matcher::accept(text::TokenId token) {
  const text::Tokenizer& tokenizer = grammar_->table_->tokenizer();
  const std::lock_guard lock(grammar_->mutex_);
  catch_up();
  if (tokenizer.is_end_of_generation(token)) return kept_->machine.may_end(state_);
  if (token < 0 || tokenizer.is_control(token)) return false;
  std::string_view piece = tokenizer.piece_view(token, false);
  if (drops_space_ && piece.starts_with(' ')) piece.remove_prefix(1);
  if (piece.empty() || !step(piece)) return false;
  drops_space_ = false;
  return true;
}

bool Matcher::accept(std::string_view bytes) {
  const std::lock_guard lock(grammar_->mutex_);
  catch_up();
  if (!step(bytes)) return false;
  drops_space_ = drops_space_ && bytes.empty();
  return true;
}

bool Matcher::may_end() {
  const std::lock_guard lock(grammar_->mutex_);
  return kept_->machine.may_end(state_);
}

bool Matcher::must_end() {
  const std::lock_guard lock(grammar_->mutex_);
  return kept_->machine.must_end(state_);
}

bool Matcher::limited() {
  const std::lock_guard lock(grammar_->mutex_);
  return kept_->is_limited();
}

}  // namespace rocmforge::constrain
