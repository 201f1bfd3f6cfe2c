// A compiled grammar: for each rule an automaton over bytes, with calls of other rules. Immutable.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "constrain/expr.h"

namespace rocmforge::constrain {

class Grammar {
 public:
  enum class Kind : std::uint8_t {
    kBytes,   // takes a byte along one of its edges
    kSplit,   // goes on at all of its targets
    kCall,    // runs a rule, then goes on at `next`
    kRepeat,  // runs a rule min to max times, counted, then goes on at `next`
    kFinal,   // the rule's end
    kHole     // stands for whatever called (Machine)
  };
  struct State {
    Kind kind = Kind::kFinal;
    bool final_only = false;         // nothing but the rule's end follows
    std::uint32_t first = 0, n = 0;  // of edges or targets
    RuleId rule = 0;
    std::uint32_t next = 0;
    std::uint32_t min = 0, max = 0;
    std::uint32_t height = 0;  // how deep rules must nest at least, from here to the rule's end
  };
  struct Edge {
    std::uint8_t low, high;
    std::uint32_t target;
  };
  struct Rule {
    std::uint32_t start = 0;
    bool nests = false;        // counts towards the depth
    bool calls_nests = false;  // it, or a rule that it calls, nests
  };
  static constexpr std::uint32_t kHoleState = 0;

  const State& state(std::uint32_t s) const { return states_[s]; }
  const Edge* edges(const State& s) const { return edges_.data() + s.first; }
  const std::uint32_t* targets(const State& s) const { return targets_.data() + s.first; }
  const Rule& rule(RuleId r) const { return rules_[r]; }
  RuleId rule_of(std::uint32_t s) const { return rule_of_[s]; }
  RuleId root() const { return root_; }
  std::uint32_t max_depth() const { return max_depth_; }
  std::size_t n_states() const { return states_.size(); }
  // Bytes that no edge tells apart are of one class.
  std::uint32_t n_classes() const { return n_classes_; }
  std::uint8_t class_of(std::uint8_t byte) const { return classes_[byte]; }

 private:
  friend class Compiler;
  std::vector<State> states_;
  std::vector<RuleId> rule_of_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> targets_;
  std::vector<Rule> rules_;
  RuleId root_ = 0;
  std::uint32_t max_depth_ = 0, n_classes_ = 1;
  std::array<std::uint8_t, 256> classes_{};
};

// The notations. Each throws Error{kInvalidArgument} for what is ill-formed or exceeds a limit, and
// Error{kUnsupported} for what is well-formed and cannot be held to; both name the place.
// Texts are UTF-8.

// A whole text that matches a regular expression (docs/structured-output.md lists what there is).
std::shared_ptr<const Grammar> grammar_of_regex(std::string_view pattern);
// llama.cpp's notation of grammars; the rule `root` is the text.
std::shared_ptr<const Grammar> grammar_of_gbnf(std::string_view text);
// A JSON text that a schema holds of; places are JSON pointers into the schema.
std::shared_ptr<const Grammar> grammar_of_schema(std::string_view schema);
// Any JSON object.
std::shared_ptr<const Grammar> grammar_of_json_object();

}  // namespace rocmforge::constrain
