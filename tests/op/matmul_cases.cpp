// Cases of matmul: every weight type, mixed segments, biases, norms and epilogues.
#include <string>
#include <utility>

#include "op/cases.h"
#include "op/maker.h"

namespace rocmforge::optest {
namespace {

using ir::Epilogue;
using ir::Value;

// Of the weights: a product of 256 columns has a standard deviation of 1.6 for normal x.
constexpr float kWeight = 0.1F;

struct Spec {
  std::string name;
  std::int32_t n = 1;
  std::int64_t cols = 256;
  std::vector<SegmentSpec> segments;
  std::vector<float> factors = {1};  // of the rows of x
  Epilogue epilogue = Epilogue::kNone;
  bool norm = false;
  bool view = false;  // x is a view of columns
  bool kept = false;  // the residual is read after the run, so nothing may lie over it
  std::int64_t bucket = 0;
};

std::size_t n_quantized(const Spec& s) {
  std::size_t n = 0;
  for (const SegmentSpec& segment : s.segments) n += info(segment.dtype).is_quantized() ? 1 : 0;
  return n;
}

Problem make(const Spec& s) {
  Maker m(s.name, s.n);
  m.bucket(s.bucket);
  Value x =
      s.view ? m.g().columns(m.data(s.cols + 40, s.factors), 9, s.cols) : m.data(s.cols, s.factors);
  ir::MatMul op{
      .weight = m.weight(s.cols, s.segments, kWeight), .norm = {}, .epilogue = s.epilogue};
  if (s.norm) op.norm = ir::NormSpec{m.gain(s.cols), 1e-5F};
  std::vector<Value> operands = {x};
  if (s.epilogue == Epilogue::kAdd) {
    std::int64_t rows = 0;
    for (const SegmentSpec& segment : s.segments) rows += segment.rows;
    operands.push_back(m.g().scale(m.data(rows, s.factors), 0.5F));
    if (s.kept) m.g().tap(operands[1], "residual");
  }
  return m.finish(m.op(op, operands));
}

Case make_case(Spec s) {
  s.name = "matmul/" + s.name;
  Case c{s.name, [s] { return make(s); }};
  const bool swiglu = s.epilogue == Epilogue::kSwiGlu;
  if (swiglu) c.tolerance *= 3;  // a product of two products
  // Quantized products are the same to the bit everywhere, but behind a norm.
  if (n_quantized(s) == s.segments.size() && !swiglu && !s.norm) c.isa_tolerance = 0;
  c.isa_rounds = s.norm;
  return c;
}

// Rows of x on both sides of every tile's edge, against outputs and columns that fill no tile.
std::vector<Case> edge_cases() {
  using enum DType;
  std::vector<Case> out;
  for (const std::int32_t n :
       {1, 2, 4, 6, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 130, 512}) {
    const std::string size = std::to_string(n);
    for (const DType dtype : {kQ4_0, kQ6_K, kF16}) {
      const std::string name = "edges/" + std::string(to_string(dtype)) + "/" + size;
      const std::int64_t cols = dtype == kQ6_K ? 768 : dtype == kQ4_0 ? 352 : 301;
      out.push_back(make_case({name, n, cols, {{dtype, 133}}, {1, 1e3F}}));
    }
  }
  // Every type by every tile, with each epilogue; wide enough for the largest tile.
  for (const DType dtype : kAllDTypes) {
    if (info(dtype).encode == nullptr) continue;
    const std::string type(to_string(dtype));
    const std::int64_t cols = info(dtype).is_quantized() ? 768 : 523;
    for (const std::int32_t n : {9, 32, 64, 140}) {
      const std::string name = "tiles/" + type + "/" + std::to_string(n);
      out.push_back(make_case({name, n, cols, {{dtype, 100, true}, {dtype, 170}}, {1, 1e5F}}));
      out.push_back(
          make_case({name + "/swiglu", n, cols, {{dtype, 262}}, {1, 10}, Epilogue::kSwiGlu, true}));
      out.push_back(
          make_case({name + "/add", n, cols, {{dtype, 131}}, {1, 1e-4F}, Epilogue::kAdd}));
    }
    // So many tiles that large ones are taken on any card.
    out.push_back(make_case({"tiles/" + type + "/wide_64", 60, 256, {{dtype, 6400}}}));
    out.push_back(make_case({"tiles/" + type + "/wide", 260, 256, {{dtype, 4300}}}));
    // Columns that no workgroup's LDS holds for 8 rows.
    for (const std::int32_t n : {5, 8}) {
      out.push_back(make_case({"slices/" + type + "/" + std::to_string(n),
                               n,
                               14336 + (info(dtype).is_quantized() ? 0 : 8),
                               {{dtype, 77}},
                               {1, 100},
                               n == 5 ? Epilogue::kNone : Epilogue::kAdd,
                               n == 8}));
    }
  }
  // The same for more outputs than a card's waves make at a time.
  out.push_back(make_case({"slices/turns", 8, 4104, {{kF16, 4300}}, {1}, Epilogue::kAdd, true}));
  out.push_back(make_case({"slices/turns/swiglu",
                           7,
                           3328,
                           {{kBF16, 5000, true}, {kQ8_0, 3700}},
                           {1},
                           Epilogue::kSwiGlu}));
  out.push_back(make_case(
      {"tiles/wide/swiglu", 260, 256, {{kQ4_0, 8600}}, {1, 10}, Epilogue::kSwiGlu, true}));
  out.push_back(make_case({"tiles/wide/add", 130, 256, {{kQ4_0, 6500}}, {1}, Epilogue::kAdd}));
  return out;
}

std::vector<Case> type_cases() {
  std::vector<Case> out;
  for (const DType dtype : kAllDTypes) {
    if (info(dtype).encode == nullptr) continue;
    const std::string type(to_string(dtype));
    const std::int64_t odd = info(dtype).is_quantized() ? 0 : 13;
    out.push_back(make_case({type + "/1x1", 1, 256, {{dtype, 1}}}));
    out.back().size = 1.6;  // one result says nothing of its size
    out.push_back(make_case({type + "/1x37", 1, 256 + odd, {{dtype, 37}}}));
    out.push_back(make_case({type + "/5x131", 5, 512 + odd, {{dtype, 131}}}));
    out.push_back(make_case({type + "/67x70", 67, 256 + odd, {{dtype, 70}}, {1, 1e5F, 1e-3F}}));
    // Rows of an odd number of blocks, and segments of odd rows: where padding could be read.
    const std::int64_t blocks = info(dtype).block_elems > 32 ? 3 : 9;
    const std::int64_t odd_cols =
        info(dtype).is_quantized() ? blocks * info(dtype).block_elems : 289;
    for (const std::int32_t n : {1, 3, 19}) {
      out.push_back(make_case({type + "/odd_blocks/" + std::to_string(n),
                               n,
                               odd_cols,
                               {{dtype, 3, true}, {dtype, 1}, {dtype, 71}}}));
    }
    // Enough work to be shared between threads.
    out.push_back(make_case({type + "/1x1000", 1, 1024, {{dtype, 1000}}}));
    // Columns enough to be shared between workgroups.
    out.push_back(make_case({type + "/19x70_long", 19, 2304 + odd, {{dtype, 70, true}}}));
    out.push_back(make_case({type + "/bias", 3, 256, {{dtype, 50, true}}, {1e5F, 1}}));
    out.push_back(make_case(
        {type + "/norm", 3, 256, {{dtype, 50}}, {1e5F, 1, 1e-3F}, Epilogue::kNone, true}));
    out.push_back(make_case({type + "/swiglu", 3, 256, {{dtype, 34}}, {1, 20}, Epilogue::kSwiGlu}));
    for (const std::int32_t n : {1, 2}) {
      out.push_back(make_case({type + "/swiglu_" + std::to_string(n),
                               n,
                               512 + odd,
                               {{dtype, 33, true}, {dtype, 33}},
                               {3, 0.1F},
                               Epilogue::kSwiGlu,
                               true}));
    }
    out.push_back(make_case({type + "/add", 3, 256, {{dtype, 35}}, {1, 1e4F}, Epilogue::kAdd}));
  }
  return out;
}

}  // namespace

std::vector<Case> matmul_cases() {
  using enum DType;
  std::vector<Case> out = type_cases();
  for (Case& c : edge_cases()) out.push_back(std::move(c));
  const std::vector<SegmentSpec> mixed = {
      {kQ4_0, 33, true}, {kF16, 20}, {kQ6_K, 7, true}, {kF32, 40, true}};
  // As llama-quantize mixes them within a layer's queries, keys and values; and all others.
  const std::vector<SegmentSpec> k_mix = {{kQ4_K, 128}, {kQ5_K, 32}, {kQ6_K, 32, true}};
  const std::vector<SegmentSpec> small_mix = {{kQ2_K, 30},       {kQ3_K, 33},     {kIQ4_XS, 9},
                                              {kIQ4_NL, 5},      {kQ5_0, 3},      {kQ5_1, 20},
                                              {kMXFP6_E3M2, 11}, {kMXFP6_E2M3, 2}};
  // The halves of a SwiGLU begin and end within segments of other types.
  const std::vector<SegmentSpec> halves = {{kQ4_1, 40}, {kBF16, 25, true}, {kQ8_0, 65}};
  for (const std::int32_t n : {1, 2, 4, 8, 12, 66, 150}) {
    const std::string size = std::to_string(n);
    out.push_back(make_case({"mixed/" + size, n, 256, mixed, {1, 30}}));
    out.push_back(
        make_case({"mixed_norm/" + size, n, 256, mixed, {1, 1e5F}, Epilogue::kNone, true}));
    out.push_back(
        make_case({"mixed_view/" + size, n, 256, mixed, {1}, Epilogue::kNone, false, true}));
    out.push_back(make_case({"mixed_add/" + size, n, 256, mixed, {1, 1e3F}, Epilogue::kAdd}));
    out.push_back(make_case(
        {"mixed_add_kept/" + size, n, 256, mixed, {1}, Epilogue::kAdd, true, true, true}));
    out.push_back(make_case({"mixed_quant/" + size,
                             n,
                             768,
                             {{kQ8_0, 21, true}, {kQ6_K, 20}, {kMXFP4, 34, true}},
                             {1, 30}}));
    out.push_back(make_case({"k_mix/" + size, n, 512, k_mix, {1, 30}}));
    out.push_back(make_case({"small_mix/" + size, n, 256, small_mix, {1, 30}}));
    out.push_back(make_case({"halves/" + size, n, 256, halves, {1, 10}, Epilogue::kSwiGlu}));
    out.push_back(
        make_case({"halves_norm/" + size, n, 256, halves, {1, 1e5F}, Epilogue::kSwiGlu, true}));
    out.push_back(make_case({"swiglu_plain/" + size,
                             n,
                             77,
                             {{kF16, 300}, {kF32, 300}},
                             {1, 50},
                             Epilogue::kSwiGlu,
                             true}));
    out.push_back(make_case(
        {"add_plain/" + size, n, 300, {{kF32, 520}}, {1, 1e5F}, Epilogue::kAdd, false, true}));
  }
  out.push_back(
      make_case({"large_bucket", 3, 256, mixed, {1}, Epilogue::kAdd, true, false, false, 16}));
  return out;
}

}  // namespace rocmforge::optest
