// Cases of attention: GQA ratios, KV types, rope, work lists of every shape; and its plain form.
#include <cmath>
#include <string>

#include "ir/passes/passes.h"
#include "op/cases.h"
#include "op/maker.h"

namespace rocmforge::optest {
namespace {

using ir::Value;

// A key that rounds the other way in F16 moves a score by |q k| * 2^-11 of one dimension.
constexpr double kF16 = 2e-3;
// With an F16 KV memory, matrix units take queries and weights rounded to F16 too: each dimension
// of a query moves a score by up to |q k| * 2^-11, and so the more, the larger the scores are.
constexpr double kGpuF16 = 4e-3;

struct Spec {
  std::string name;
  std::vector<SequenceSpec> sequences;
  std::int32_t n_heads = 4;
  KvSpec kv = {};
  std::int32_t n_rot = 0;
  ir::RopeKind rope = ir::RopeKind::kNorm;
  bool fused_rope = false;
  float magnitude = 1;  // of queries, keys and values
  std::int64_t bucket = 0;
  float query_magnitude = 0;  // above 0: of queries
  bool head_norms = false;    // fused
};

std::int64_t context(const Spec& s) {
  std::int64_t n = 0;
  for (const SequenceSpec& q : s.sequences) n = std::max<std::int64_t>(n, q.past + q.n_new);
  return n;
}

struct Parts {
  ir::AttentionSpec spec;
  Value q, k, v, kv;
};

// q, k and v as a model has them: views of one projection's columns.
Parts start(Maker& m, const Spec& s) {
  m.bucket(s.bucket);
  if (s.n_rot > 0) m.rope(s.n_rot);
  const std::int64_t d = s.kv.head_dim, q_cols = s.n_heads * d, kv_cols = s.kv.n_kv_heads * d;
  Parts p;
  p.spec = {s.n_heads, s.kv.n_kv_heads, s.kv.head_dim,
            1 / std::sqrt(static_cast<float>(s.kv.head_dim))};
  std::tie(p.q, p.k, p.v) =
      m.g().split(m.data(q_cols + 2 * kv_cols, s.magnitude), q_cols, kv_cols, kv_cols);
  if (s.query_magnitude > 0) p.q = m.data(q_cols, s.query_magnitude);
  p.kv = m.g().kv_state(1);
  return p;
}

Value attend(Maker& m, const Spec& s, Parts& p) {
  const ir::RopeSpec rope{s.kv.head_dim, s.n_rot, s.rope};
  ir::PagedAttention op{.attention = p.spec};
  if (s.head_norms) {
    op.norms = ir::HeadNorms{{m.gain(s.kv.head_dim), 1e-6F}, {m.gain(s.kv.head_dim), 1e-5F}};
  }
  if (s.n_rot > 0 && s.fused_rope) {
    op.rope = rope;
    return m.op(op, {p.q, p.k, p.v, p.kv, m.g().input(ir::Slot::kRopeRows)});
  }
  if (s.n_rot > 0) {
    p.q = m.g().rope(p.q, m.g().input(ir::Slot::kRopeRows), rope);
    p.k = m.g().rope(p.k, m.g().input(ir::Slot::kRopeRows), rope);
  }
  return m.op(op, {p.q, p.k, p.v, p.kv});
}

Problem make(const Spec& s) {
  Maker m(s.name);
  m.sequences(s.sequences, s.kv);
  Parts p = start(m, s);
  return m.finish(attend(m, s, p));
}

Case make_case(Spec s) {
  const bool f16 = s.kv.dtype == DType::kF16;
  s.name = std::string("paged_attention/") + (f16 ? "f16/" : "f32/") + s.name;
  const double tolerance = f16 ? kF16 : 2e-5 * std::max(1.0, static_cast<double>(s.magnitude));
  return {.name = s.name,
          .make = [s] { return make(s); },
          .tolerance = tolerance,
          .isa_tolerance = tolerance,
          .gpu_tolerance = f16 ? kGpuF16 * std::max(1.0, static_cast<double>(s.magnitude)) : 0};
}

// The head dimensions and groups of real models, and rows around the sizes of tiles.
template <class Kv>
std::vector<Case> group_cases(const Kv& kv) {
  using enum ir::RopeKind;
  std::vector<Case> out;
  const std::vector<SequenceSpec> mixed = {{40, 1}, {19, 33}, {63, 1}, {100, 2}, {0, 5}};
  for (const std::int32_t group : {1, 2, 3, 4, 7, 8, 16}) {
    const std::string name = std::string("groups_of_").append(std::to_string(group));
    for (const std::int32_t dim : {64, 96, 128}) {
      const std::string at = std::string("/").append(std::to_string(dim));
      out.push_back(make_case({name + at, mixed, 2 * group, kv(2, dim, 18, 3)}));
    }
    out.push_back(make_case({name + "/decode", {{130, 1}}, 2 * group, kv(2, 128, 1, 5)}));
  }
  for (const std::int32_t rows : {2, 3, 5, 8, 9, 15, 16, 17, 33, 63, 64, 65, 130}) {
    const std::string name = std::string("rows_").append(std::to_string(rows));
    out.push_back(make_case({name, {{21, rows}}, 8, kv(2, 128, 32), 128, kNeox, true}));
    out.push_back(make_case({name + "/splits", {{21, rows}}, 6, kv(2, 64, 40, 2, true)}));
  }
  out.push_back(make_case({"decode_far", {{2100, 1}}, 8, kv(2, 128, 1, 13), 128, kNorm, true}));
  out.push_back(make_case(
      {"decode_many",
       {{700, 1}, {3, 1}, {411, 1}, {64, 1}, {65, 1}, {0, 1}, {255, 1}, {256, 1}, {90, 1}, {91, 1}},
       8,
       kv(2, 128, 1, 6),
       128,
       kNorm,
       true}));
  out.push_back(make_case({"prompt_far", {{1500, 40}}, 4, kv(1, 128, 32), 128, kNorm, true}));
  Spec large{"large_queries", {{33, 12}, {64, 2}}, 4, kv(2, 64)};
  large.query_magnitude = 1e5F;
  out.push_back(make_case(std::move(large)));
  return out;
}

// Queries and keys normalised by heads, as qwen3 has it: with and without rope, few rows and many.
template <class Kv>
std::vector<Case> norm_cases(const Kv& kv) {
  using enum ir::RopeKind;
  const std::vector<SequenceSpec> ragged = {{17, 1}, {0, 33}, {15, 1}, {64, 7}, {200, 2}};
  std::vector<Case> out;
  const auto add = [&](Spec s) {
    s.head_norms = true;
    out.push_back(make_case(std::move(s)));
  };
  for (const std::int32_t dim : {19, 64, 96, 128, 200}) {
    const std::string at = std::string("/").append(std::to_string(dim));
    const std::int32_t n_rot = dim / 2 * 2;
    add({"head_norms/decode" + at, {{100, 1}}, 6, kv(2, dim), n_rot, kNeox, true});
    add({"head_norms/ragged" + at, ragged, 4, kv(2, dim, 16, 2), n_rot, kNeox, true});
  }
  add({"head_norms/pairs", ragged, 6, kv(3, 64), 64, kNorm, true});
  add({"head_norms/partial", {{9, 5}, {70, 2}}, 4, kv(2, 64), 24, kNorm, true});
  add({"head_norms/no_rope", ragged, 6, kv(3, 64)});
  add({"head_norms/eight_rows", {{30, 8}}, 8, kv(2, 128), 128, kNeox, true});
  add({"head_norms/one_kv_head", {{3, 12}}, 8, kv(1, 40), 40, kNeox, true});
  add({"head_norms/large", ragged, 6, kv(2, 64), 64, kNeox, true, 8e3F});
  add({"head_norms/tiny", ragged, 6, kv(2, 64), 64, kNeox, true, 1e-3F});
  return out;
}

std::vector<Case> paged_cases(DType dtype) {
  const std::vector<SequenceSpec> decode = {{0, 1}}, later = {{100, 1}}, prompt = {{0, 40}};
  const std::vector<SequenceSpec> ragged = {{17, 1}, {0, 33}, {15, 1}, {64, 7}, {200, 2}};
  const auto kv = [dtype](std::int32_t heads, std::int32_t dim, std::int32_t item_rows = 64,
                          std::int32_t n_splits = 1, bool within = false) {
    return KvSpec{heads, dim, dtype, item_rows, n_splits, within};
  };
  using enum ir::RopeKind;
  std::vector<Case> out;
  out.push_back(make_case({"first_token", decode, 2, kv(2, 8)}));
  out.push_back(make_case({"decode", later, 9, kv(3, 64)}));
  out.push_back(make_case({"decode_block_edge", {{15, 1}}, 4, kv(2, 32)}));
  out.push_back(make_case({"decode_block_start", {{16, 1}}, 4, kv(2, 32)}));
  out.push_back(make_case({"prompt", prompt, 6, kv(2, 64)}));
  out.push_back(make_case({"prompt_small_items", prompt, 6, kv(2, 64, 7)}));
  out.push_back(make_case({"long_prompt", {{3, 150}}, 8, kv(2, 48, 100)}));
  out.push_back(make_case({"all_heads_alike", ragged, 5, kv(5, 16)}));
  out.push_back(make_case({"one_kv_head", ragged, 8, kv(1, 40)}));
  out.push_back(make_case({"wide_group", {{20, 3}}, 71, kv(1, 16)}));
  out.push_back(make_case({"wide_heads", {{5, 9}}, 2, kv(1, 1024)}));
  out.push_back(make_case({"heads_of_200", ragged, 4, kv(2, 200, 16, 3), 200, kNeox, true}));
  out.push_back(make_case({"odd_dim", ragged, 4, kv(2, 19)}));
  out.push_back(make_case({"ragged", ragged, 6, kv(2, 64, 16)}));
  out.push_back(make_case({"splits", ragged, 6, kv(2, 64, 16, 3)}));
  out.push_back(make_case({"splits_within_blocks", ragged, 6, kv(2, 64, 5, 4, true)}));
  out.push_back(make_case({"many_splits", {{300, 1}}, 9, kv(3, 64, 1, 19)}));
  // Early rows of an item see nothing of its later splits.
  out.push_back(make_case({"splits_of_prompt", prompt, 4, kv(2, 32, 40, 3)}));
  out.push_back(make_case({"rope_fused_norm", ragged, 6, kv(2, 64), 64, kNorm, true}));
  out.push_back(make_case({"rope_fused_neox", ragged, 6, kv(2, 64), 64, kNeox, true}));
  out.push_back(make_case({"rope_fused_partial", ragged, 4, kv(4, 48, 16, 2), 20, kNeox, true}));
  out.push_back(make_case({"rope_apart", ragged, 6, kv(2, 64), 64, kNorm, false}));
  out.push_back(make_case({"large_scores", ragged, 6, kv(2, 64), 0, kNorm, false, 30}));
  out.push_back(
      make_case({"large_bucket", {{30, 3}, {5, 1}}, 6, kv(2, 64, 2, 2), 64, kNeox, true, 1, 16}));
  for (Case& c : group_cases(kv)) out.push_back(std::move(c));
  for (Case& c : norm_cases(kv)) out.push_back(std::move(c));
  return out;
}

std::vector<Case> plain_cases(DType dtype) {
  const std::string type = dtype == DType::kF16 ? "f16" : "f32";
  Spec s;
  s.sequences = {{17, 1}, {0, 20}, {40, 3}};
  s.n_heads = 6;
  s.kv = {2, 32, dtype};
  std::vector<Case> out;
  const auto add = [&](const std::string& name, auto finish) {
    out.push_back({name + type,
                   [=] {
                     Spec spec = s;
                     spec.name = name + type;
                     Maker m(spec.name);
                     m.sequences(spec.sequences, spec.kv);
                     Parts p = start(m, spec);
                     return finish(m, spec, p);
                   },
                   dtype == DType::kF16 ? kF16 : 2e-5, dtype == DType::kF16 ? kF16 : 2e-5});
  };
  add("kv_write/", [](Maker& m, const Spec&, Parts& p) {
    const Value kv = m.op(ir::KvWrite{p.spec}, {p.k, p.v, p.kv});
    return m.finish(m.op(ir::AttentionScores{p.spec, 70}, {p.q, kv}));
  });
  add("attention_scores/", [](Maker& m, const Spec& spec, Parts& p) {
    const Value kv = m.op(ir::KvWrite{p.spec}, {p.k, p.v, p.kv});
    return m.finish(m.op(ir::AttentionScores{p.spec, context(spec)}, {p.q, kv}));
  });
  add("attention_values/", [](Maker& m, const Spec& spec, Parts& p) {
    const Value kv = m.op(ir::KvWrite{p.spec}, {p.k, p.v, p.kv});
    const std::int64_t columns = context(spec) + 5;
    const Value w = m.g().split_heads(m.data(spec.n_heads * columns), spec.n_heads);
    return m.finish(m.op(ir::AttentionValues{p.spec}, {w, kv}));
  });
  for (const bool fused : {false, true}) {
    add(fused ? "expanded_fused_rope/" : "expanded/",
        [fused](Maker& m, const Spec& spec, Parts& p) {
          Spec with = spec;
          with.fused_rope = fused;
          Problem problem = m.finish(attend(m, with, p));
          problem.graph = ir::expand_attention(problem.graph, context(spec) + 9);
          return problem;
        });
  }
  return out;
}

}  // namespace

std::vector<Case> attention_cases() {
  std::vector<Case> out;
  for (const DType dtype : {DType::kF16, DType::kF32}) {
    for (const auto& part : {paged_cases(dtype), plain_cases(dtype)}) {
      out.insert(out.end(), part.begin(), part.end());
    }
  }
  return out;
}

}  // namespace rocmforge::optest
