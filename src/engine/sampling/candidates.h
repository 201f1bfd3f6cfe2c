// The tokens that a chain of samplers has left, with their logits.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "text/vocab.h"

namespace rocmforge::engine {

struct Candidate {
  float logit;
  text::TokenId id;
};
// Whether `a` comes before `b`: the greater logit, of equal ones the lower id.
constexpr bool better(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

// exp(logit - best) of each candidate, in their order, and the sum of it, in double precision.
struct Weights {
  std::vector<double> weight;
  double total = 0;
  double share(std::size_t i) const { return weight[i] / total; }
};

// Never empty between samplers, and every logit is finite. The first n_sorted are the best of all,
// best first; the others come in any order, but in the same one for the same input.
struct Candidates {
  std::vector<Candidate> list;
  std::size_t n_sorted = 0;
  // What samplers work with, kept from token to token so that they allocate nothing.
  struct Ranked {
    double rank;
    std::size_t at;  // of the list
  };
  struct Scratch {
    Weights weights;
    std::vector<Ranked> order;
  } scratch = {};

  std::size_t size() const { return list.size(); }
  // The greatest logit.
  float best() const;
  // Makes the first n (or all) sorted.
  void sort(std::size_t n);
  void sort() { sort(list.size()); }
  // Keeps the n best: 1 to all of them.
  void keep_best(std::size_t n);
  // Keeps those that `keep(candidate)` is true for; the order stays.
  template <class Keep>
  void filter(Keep keep);
  // The logits were changed: no order holds any more. What left a float's range comes back to its
  // end.
  void changed();
};

// In c's scratch: valid until the next call.
const Weights& weights_of(Candidates& c);
// -sum p ln p, in nats.
double entropy_of(const Weights& w);

template <class Keep>
void Candidates::filter(Keep keep) {
  std::size_t kept = 0, kept_sorted = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!keep(list[i])) continue;
    list[kept++] = list[i];
    if (i < n_sorted) ++kept_sorted;
  }
  list.resize(kept);
  n_sorted = kept_sorted;
}

}  // namespace rocmforge::engine
