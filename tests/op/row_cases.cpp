// Cases of the ops that work row by row, or move rows.
#include <string>

#include "op/cases.h"
#include "op/maker.h"

namespace rocmforge::optest {
namespace {

using ir::Value;

// Rows of very different size, up to what real models' outlier channels reach.
const std::vector<float> kMixed = {1, 1e5F, 1e-3F, 300};

std::vector<Case> embed_cases() {
  std::vector<Case> out;
  for (const DType dtype : kAllDTypes) {
    if (info(dtype).encode == nullptr) continue;
    const std::string name = "embed/" + std::string(to_string(dtype));
    out.push_back({name,
                   [=] {
                     Maker m(name, 5);
                     m.tokens({7, 0, 10, 10, 3});
                     return m.finish(m.op(ir::Embed{m.weight(256, {{dtype, 11}})},
                                          {m.g().input(ir::Slot::kTokens)}));
                   },
                   0, 0});
  }
  // Rows of an odd number of blocks; every bit of a weight is seen in the result.
  for (const DType dtype : kAllDTypes) {
    if (info(dtype).encode == nullptr) continue;
    const std::string name = "embed/odd_blocks/" + std::string(to_string(dtype));
    const std::int64_t block = info(dtype).block_elems;
    const std::int64_t cols = block == 1 ? 301 : block * (block > 32 ? 3 : 9);
    out.push_back({name,
                   [=] {
                     Maker m(name, 40);
                     std::vector<std::int32_t> tokens(40);
                     for (std::int32_t i = 0; i < 40; ++i) tokens[static_cast<std::size_t>(i)] = i;
                     m.tokens(tokens);
                     const auto table = m.weight(cols, {{dtype, 3}, {dtype, 37}});
                     return m.finish(m.op(ir::Embed{table}, {m.g().input(ir::Slot::kTokens)}));
                   },
                   0, 0});
  }
  out.push_back({"embed/mixed",
                 [] {
                   Maker m("embed/mixed", 4);
                   m.tokens({4, 3, 8, 9});
                   const auto table =
                       m.weight(256, {{DType::kQ6_K, 4}, {DType::kF16, 5}, {DType::kQ4_1, 1}});
                   return m.finish(m.op(ir::Embed{table}, {m.g().input(ir::Slot::kTokens)}));
                 },
                 0, 0});
  out.push_back({"embed/many_rows",
                 [] {
                   Maker m("embed/many_rows", 200);
                   return m.finish(m.data(333));
                 },
                 0, 0});
  return out;
}

struct NormShape {
  std::int32_t n;
  std::int64_t cols, gain;
};

std::vector<Case> norm_cases() {
  std::vector<Case> out;
  const NormShape shapes[] = {{1, 1, 1},    {3, 37, 37},    {5, 576, 576},
                              {4, 192, 64}, {300, 100, 20}, {3, 2500, 1250}};
  for (const NormShape& s : shapes) {
    const std::string name = "rms_norm/" + std::to_string(s.n) + "x" + std::to_string(s.cols) +
                             "by" + std::to_string(s.gain);
    out.push_back({name, [=] {
                     Maker m(name, s.n);
                     const ir::NormSpec norm{m.gain(s.gain), 1e-5F};
                     return m.finish(m.op(ir::RmsNorm{norm}, {m.data(s.cols, kMixed)}));
                   }});
  }
  out.push_back({"rms_norm/view", [] {
                   Maker m("rms_norm/view", 6);
                   const Value x = m.g().columns(m.data(100), 13, 50);
                   const ir::NormSpec norm{m.gain(25, DType::kF16), 1e-6F};
                   return m.finish(m.op(ir::RmsNorm{norm}, {x}));
                 }});
  out.push_back({"rms_norm/tiny_values", [] {
                   Maker m("rms_norm/tiny_values", 2);  // eps is most of the root
                   return m.finish(m.op(ir::RmsNorm{{m.gain(48), 1e-5F}}, {m.data(48, 1e-4F)}));
                 }});
  return out;
}

struct RopeShape {
  ir::RopeKind kind;
  std::int32_t head_dim, n_rot, heads;
  bool view;
};

std::vector<Case> rope_cases() {
  std::vector<Case> out;
  using enum ir::RopeKind;
  const RopeShape shapes[] = {{kNorm, 64, 64, 3, false}, {kNeox, 64, 64, 3, false},
                              {kNorm, 48, 20, 2, false}, {kNeox, 48, 20, 2, false},
                              {kNorm, 6, 6, 1, true},    {kNeox, 128, 64, 2, true}};
  for (const RopeShape& s : shapes) {
    const std::string name = std::string("rope/") + (s.kind == kNorm ? "norm" : "neox") +
                             std::to_string(s.head_dim) + "rot" + std::to_string(s.n_rot) +
                             (s.view ? "view" : "");
    out.push_back({name, [=] {
                     Maker m(name, 7);
                     m.rope(s.n_rot);
                     const std::int64_t cols = s.heads * s.head_dim;
                     Value x = m.data(cols + (s.view ? 10 : 0), kMixed);
                     if (s.view) x = m.g().columns(x, 3, cols);
                     const ir::RopeSpec spec{s.head_dim, s.n_rot, s.kind};
                     const Value rows = m.g().input(ir::Slot::kRopeRows);
                     return m.finish(m.op(ir::Rope{spec}, {x, rows}));
                   }});
  }
  return out;
}

std::vector<Case> arithmetic_cases() {
  std::vector<Case> out;
  for (const std::int64_t f : {1, 7, 16, 1000}) {
    const std::string name = "swiglu/" + std::to_string(f);
    out.push_back({name, [=] {
                     Maker m(name, f == 1000 ? 40 : 4);
                     return m.finish(m.op(ir::SwiGlu{}, {m.data(2 * f, kMixed)}));
                   }});
  }
  for (const std::int32_t n : {1, 3, 90}) {
    const std::string size = std::to_string(n);
    out.push_back({"add/" + size, [=] {
                     Maker m("add/" + size, n);
                     const Value a = m.g().columns(m.data(400), 100, 299);
                     const Value b = m.data(299, kMixed);
                     return m.finish(m.op(ir::Add{}, {a, b}));
                   }});
    out.push_back({"scale/" + size, [=] {
                     Maker m("scale/" + size, n);
                     const Value x = m.g().columns(m.data(400, kMixed), 7, 333);
                     return m.finish(m.op(ir::Scale{-0.3F}, {x}));
                   }});
    out.push_back({"accumulate/" + size, [=] {
                     Maker m("accumulate/" + size, n);
                     const Value a = m.g().scale(m.data(257), 2);
                     return m.finish(m.op(ir::Accumulate{}, {a, m.data(257, kMixed)}));
                   }});
    out.push_back({"copy/" + size,
                   [=] {
                     Maker m("copy/" + size, n);
                     const Value x = m.g().columns(m.data(260), 1, 211);
                     return m.finish(m.op(ir::Copy{}, {x}));
                   },
                   0, 0});
    out.push_back({"mask/" + size, [=] {
                     Maker m("mask/" + size, n);
                     const Value scores = m.g().split_heads(m.data(3 * 50), 3);
                     const Value positions = m.g().input(ir::Slot::kPositions);
                     return m.finish(m.op(ir::Mask{}, {scores, positions}));
                   }});
    out.push_back({"softmax/" + size, [=] {
                     Maker m("softmax/" + size, n);
                     const Value scores = m.g().split_heads(m.data(4 * 77, {1, 50, 1e5F}), 4);
                     const Value positions = m.g().input(ir::Slot::kPositions);
                     const Value masked = m.g().mask(scores, positions);
                     return m.finish(m.g().split_heads(m.op(ir::Softmax{}, {masked}), 1));
                   }});
  }
  return out;
}

std::vector<Case> move_cases() {
  std::vector<Case> out;
  out.push_back({"rows/of_hidden",
                 [] {
                   Maker m("rows/of_hidden");
                   m.head(65, 12, {11, 0, 5, 5});
                   const Value ids = m.g().input(ir::Slot::kHeadRows);
                   return m.finish(m.op(ir::Rows{}, {m.g().input(ir::Slot::kHidden), ids}));
                 },
                 0, 0});
  // A head graph: all of the hidden rows are normalised, then few are taken.
  out.push_back({"rows/head_graph", [] {
                   Maker m("rows/head_graph");
                   m.head(64, 9, {8, 2});
                   m.bucket(4);
                   const Value x =
                       m.g().rms_norm(m.g().input(ir::Slot::kHidden), m.gain(64), 1e-5F);
                   const Value y = m.g().rows(x, m.g().input(ir::Slot::kHeadRows));
                   return m.finish(m.g().scale(y, 3));
                 }});
  return out;
}

}  // namespace

std::vector<Case> row_cases() {
  std::vector<Case> out;
  for (const auto& part :
       {embed_cases(), norm_cases(), rope_cases(), arithmetic_cases(), move_cases()}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace rocmforge::optest
