// Cases of the sampling ops: rows of the hidden slot are the logits.
#include <cmath>
#include <limits>
#include <string>

#include "op/cases.h"
#include "op/maker.h"

namespace rocmforge::optest {
namespace {

using ir::LogitEdit;
using ir::SampleMode;
using ir::SampleParams;
using ir::Value;

constexpr float kInf = std::numeric_limits<float>::infinity();

SampleParams base(std::uint32_t i) {
  return {.temperature = 1,
          .log_min_p = -kInf,
          .seed_low = 77 + i,
          .seed_high = i % 2,
          .position = 5 * i};
}
SampleParams greedy() {
  SampleParams p = base(0);
  p.mode = SampleMode::kAll;
  p.temperature = 0;
  return p;
}
SampleParams all(std::uint32_t i, float temperature) {
  SampleParams p = base(i);
  p.mode = SampleMode::kAll;
  p.temperature = temperature;
  return p;
}
SampleParams best(std::uint32_t i, std::int32_t top_k, float top_p, float min_p,
                  float temperature = 1) {
  SampleParams p = base(i);
  p.mode = SampleMode::kCandidates;
  p.top_k = top_k;
  p.top_p = top_p;
  p.log_min_p = std::log(min_p);
  p.temperature = temperature;
  return p;
}

// Every kind of choice that there is, for `n` rows in turn.
std::vector<SampleParams> every_kind(std::int32_t n) {
  std::vector<SampleParams> out;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(n); ++i) {
    switch (i % 10) {
      case 0:
        out.push_back(greedy());
        break;
      case 1:
        out.push_back(best(i, 50, 0.9F, 0));
        break;
      case 2:
        out.push_back(all(i, 1));
        break;
      case 3:
        out.push_back(best(i, 256, 1, 0.01F, 0.7F));
        break;
      case 4:
        out.push_back(best(i, 0, 0.8F, 0, 1.5F));
        break;
      case 5:
        out.push_back({});
        break;
      case 6:
        out.push_back(best(i, 1, 0.5F, 0.5F));
        break;
      case 7:
        out.push_back(best(i, 0, 1, 0.2F, 2));
        break;
      case 8:
        out.push_back(all(i, 0.01F));
        break;
      default:
        out.push_back(best(i, 40, 0.95F, 0.05F, 100));
    }
  }
  return out;
}

// Some edits for each row, and a mask for every third.
void edit_rows(Maker& m, std::vector<SampleParams>& samples, std::int64_t vocab) {
  std::vector<LogitEdit> edits;
  std::vector<std::vector<std::uint32_t>> masks;
  const auto step = static_cast<std::int32_t>(vocab / 9 + 1);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].edits_begin = static_cast<std::int32_t>(edits.size());
    for (auto t = static_cast<std::int32_t>(i % 5); t < vocab; t += step) {
      const float kinds[3][2] = {{1.3F, 0}, {1, -2.5F}, {0.5F, 4}};
      edits.push_back({.token = t, .penalty = kinds[t % 3][0], .bias = kinds[t % 3][1]});
    }
    edits.push_back({.token = static_cast<std::int32_t>(vocab) + 3, .penalty = 1, .bias = 1e9F});
    samples[i].n_edits = static_cast<std::int32_t>(edits.size()) - samples[i].edits_begin;
    if (i % 3 != 0) continue;
    samples[i].mask = static_cast<std::int32_t>(masks.size());
    auto& mask = masks.emplace_back(static_cast<std::size_t>((vocab + 31) / 32));
    for (auto& word : mask) word = static_cast<std::uint32_t>(m.random().bits());
  }
  m.edits(std::move(edits));
  m.masks(std::move(masks));
}

// NaN, infinities and equal logits, which no sum of them may meet.
void spoil(Maker& m, std::int64_t vocab) {
  std::vector<float>& x = m.hidden();
  const auto cols = static_cast<std::size_t>(vocab);
  for (std::size_t i = 0; i < x.size(); i += 7) x[i] = std::nanf("");
  for (std::size_t i = 3; i < x.size(); i += 11) x[i] = -kInf;
  for (std::size_t row = 0; row * cols < x.size(); ++row) {
    float* at = x.data() + row * cols;
    if (row % 4 == 1) std::fill(at, at + cols, -kInf);
    if (row % 4 == 2) at[cols / 2] = at[cols - 1] = kInf;
    if (row % 4 == 3) std::fill(at, at + cols, 2.5F);
  }
}

struct Shape {
  std::int32_t n;
  std::int64_t vocab;
  float magnitude;
};

std::string shape_name(const std::string& op, const Shape& s) {
  return op + "/" + std::to_string(s.n) + "x" + std::to_string(s.vocab);
}

std::vector<Case> part_cases() {
  std::vector<Case> out;
  const Shape shapes[] = {{1, 5, 1}, {3, 300, 4}, {2, 2048, 1}, {4, 20011, 3}};
  for (const Shape& s : shapes) {
    const std::string edit = shape_name("edit_logits", s), top = shape_name("top_k", s),
                      sum = shape_name("log_sum_exp", s);
    out.push_back({edit, [=] {
                     Maker m(edit);
                     m.logits(s.vocab, s.n, s.magnitude);
                     std::vector<SampleParams> samples = every_kind(s.n);
                     edit_rows(m, samples, s.vocab);
                     m.samples(samples);
                     return m.finish(m.op(ir::EditLogits{}, {m.logits()}));
                   }});
    for (const std::int32_t k : {1, 40, 256}) {
      const std::string name = top + "k" + std::to_string(k);
      out.push_back({name,
                     [=] {
                       Maker m(name);
                       m.logits(s.vocab, s.n, s.magnitude);
                       const auto results = m.g().append(ir::TopK{k}, {m.logits()});
                       m.g().tap(results[1], "ids");
                       return m.finish(results[0]);
                     },
                     0, 0});
    }
    out.push_back({sum,
                   [=] {
                     Maker m(sum);
                     m.logits(s.vocab, s.n, s.magnitude);
                     return m.finish(m.op(ir::LogSumExp{}, {m.logits()}));
                   },
                   2e-5, 2e-5, 1});
  }
  return out;
}

// Plain, as --no-fuse runs it, or in one op.
Case sample_case(std::string name, bool fused, std::function<Maker(const std::string&)> make) {
  name += fused ? "/fused" : "/plain";
  return {name,
          [=] {
            Maker m = make(name);
            const Value x = m.logits();
            return m.finish(fused ? m.op(ir::Sample{.fused = true}, {x}) : m.g().sample(x));
          },
          0, 0};
}

std::vector<Case> sample_cases() {
  std::vector<Case> out;
  const Shape shapes[] = {{1, 7, 1},        {10, 256, 3},   {10, 300, 1},  {20, 2047, 2},
                          {11, 5000, 0.1F}, {30, 20011, 3}, {3, 151936, 4}};
  for (const bool fused : {false, true}) {
    for (const Shape& s : shapes) {
      out.push_back(sample_case(shape_name("sample", s), fused, [=](const std::string& name) {
        Maker m(name);
        m.logits(s.vocab, s.n, s.magnitude);
        m.samples(every_kind(s.n));
        return m;
      }));
      out.push_back(
          sample_case(shape_name("sample_edited", s), fused, [=](const std::string& name) {
            Maker m(name);
            m.logits(s.vocab, s.n, s.magnitude);
            std::vector<SampleParams> samples = every_kind(s.n);
            edit_rows(m, samples, s.vocab);
            m.samples(samples);
            return m;
          }));
      out.push_back(
          sample_case(shape_name("sample_spoilt", s), fused, [=](const std::string& name) {
            Maker m(name);
            m.logits(s.vocab, s.n, s.magnitude);
            m.samples(every_kind(s.n));
            spoil(m, s.vocab);
            return m;
          }));
    }
    out.push_back(sample_case("sample_bucket", fused, [](const std::string& name) {
      Maker m(name);
      m.bucket(16);
      m.logits(4099, 9, 2);
      m.samples(every_kind(9));
      return m;
    }));
  }
  return out;
}

// Tokens that stand for what the last head run chose.
std::vector<Case> fed_back_cases() {
  std::vector<Case> out;
  out.push_back({"embed/sampled",
                 [] {
                   Maker m("embed/sampled", 6);
                   m.sampled({4, ir::kNoSample, 10, ir::kUndecided});
                   m.tokens({-1, 3, -3, -2, -4, -1});
                   const Value sampled = m.g().input(ir::Slot::kSampled);
                   const Value tokens = m.g().input(ir::Slot::kTokens);
                   return m.finish(
                       m.op(ir::Embed{m.weight(256, {{DType::kQ8_0, 6}, {DType::kF16, 5}})},
                            {tokens, sampled}));
                 },
                 0, 0});
  return out;
}

}  // namespace

std::vector<Case> sampling_cases() {
  std::vector<Case> out;
  for (const auto& part : {part_cases(), sample_cases(), fed_back_cases()}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace rocmforge::optest
