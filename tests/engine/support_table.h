// Which types run on which architectures, as the tests find it: the tables of docs/support.md.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/golden_case.h"
#include "engine/sequence.h"
#include "model/architecture.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace rocmforge::test {

inline std::vector<DType> weight_types() {
  std::vector<DType> out;
  for (const DType type : kAllDTypes) {
    if (type != DType::kI32) out.push_back(type);
  }
  return out;
}

// A model of one type whose rows are whole blocks of every type.
inline gguf::Writer model_of(std::string_view architecture, DType type) {
  TinyModel shape = tiny_shape(std::string(architecture));
  shape.dim = 256;
  shape.n_ff = 256;
  shape.matrix = type;
  if (shape.head_dim > 0) {
    shape.n_heads = 8;
    shape.head_dim = 64;
  }
  if (shape.n_rot > 0) shape.n_rot = 32;
  return tiny_model(shape);
}

// The same values, each matrix in F32.
inline gguf::Writer widened(const gguf::Writer& model) {
  Counters ignored;
  const std::vector<std::byte> bytes = model.bytes();
  const gguf::File file = gguf::parse(bytes, "model to widen", ignored);
  gguf::Writer out;
  for (const gguf::KeyValue& kv : file.metadata()) {
    if (kv.key != gguf::kMxTypesKey) out.add(kv);
  }
  for (const gguf::TensorInfo& t : file.tensors()) {
    const auto data = file.data(t);
    std::vector<float> values(static_cast<std::size_t>(t.shape.n_elems()));
    info(t.dtype).decode(data.data(), values.data(), t.shape.n_elems());
    const auto wide = std::as_bytes(std::span(values));
    out.add_tensor(t.name, DType::kF32, t.shape, {wide.begin(), wide.end()});
  }
  return out;
}

// Logits of a prompt's 20 positions, and of three tokens one by one.
inline std::vector<float> logits_of(const std::string& path, const MakeDevice& make) {
  Opened opened(path, make, DType::kF32);
  engine::Sequence sequence(opened.engine.runner());
  std::vector<float> out;
  const auto keep = [&](std::int32_t, std::span<const float> row) {
    out.insert(out.end(), row.begin(), row.end());
  };
  std::vector<text::TokenId> prompt;
  for (text::TokenId i = 0; i < 20; ++i) prompt.push_back((i * 37 + 5) % kTinyVocab);
  EXPECT_TRUE(sequence.append(prompt, 0, keep));
  for (const text::TokenId token : {7, 200, 31}) {
    EXPECT_TRUE(sequence.append(std::vector<text::TokenId>{token}, 0, keep));
  }
  return out;
}

// Root mean square of the difference over that of the truth; NaN where any value is.
inline double relative_error(std::span<const float> got, std::span<const float> truth) {
  if (got.size() != truth.size() || truth.empty()) return std::nan("");
  double error = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = double{got[i]} - double{truth[i]};
    error += d * d;
    size += double{truth[i]} * double{truth[i]};
  }
  return std::sqrt(error / size);
}

// What stays between a type's own product and that of its widened values: the activations, which a
// quantized product rounds to int8 (near 0.5 % a matrix), and F16's range.
inline double allowed_error(DType type) {
  return info(type).is_quantized() ? 0.03 : type == DType::kF32 ? 1e-5 : 0.005;
}

// Whether the type on that architecture gives, on each device, what its widened values give.
inline bool runs(std::string_view architecture, DType type, const std::vector<MakeDevice>& devices,
                 const MakeDevice& reference) {
  const TempDir dir;
  const gguf::Writer model = model_of(architecture, type);
  model.write(dir.file("model.gguf"));
  widened(model).write(dir.file("widened.gguf"));
  const std::vector<float> truth = logits_of(dir.file("widened.gguf"), reference);
  bool all = true;
  for (const MakeDevice& make : devices) {
    const double error = relative_error(logits_of(dir.file("model.gguf"), make), truth);
    EXPECT_LE(error, allowed_error(type))
        << architecture << " " << to_string(type) << ", device " << &make - devices.data();
    all = all && error <= allowed_error(type);
  }
  return all;
}

// The type of most of a file's matrices: Q4_K in a file of Q4_K_M.
inline DType main_type(const gguf::File& file) {
  std::map<DType, std::int64_t> sizes;
  for (const gguf::TensorInfo& t : file.tensors()) {
    if (t.shape.rank() == 2) sizes[t.dtype] += t.shape.n_elems();
  }
  const auto less = [](const auto& x, const auto& y) { return x.second < y.second; };
  const auto most = std::max_element(sizes.begin(), sizes.end(), less);
  return most == sizes.end() ? DType::kF32 : most->first;
}

// Architecture and type, as the files say, of the models that the golden tests hold against the
// recording of another implementation that lies there. Empty: there is no such data here.
inline std::set<std::pair<std::string, DType>> recorded() {
  std::set<std::pair<std::string, DType>> out;
  for (const std::string& name : golden_models()) {
    const std::string path = model_path(name);
    if (path.empty() || data_file("golden/" + name + ".json").empty()) continue;
    Counters ignored;
    const MappedFile mapped(path);
    const gguf::File file = gguf::parse(mapped.bytes(), path, ignored);
    out.emplace(file.get_string("general.architecture").value_or(""), main_type(file));
  }
  return out;
}

// A table of docs/support.md, between the comments "support: NAME" and "end of support".
template <class Runs>
std::string support_table(const Runs& runs) {
  const std::set<std::pair<std::string, DType>> has_recording = recorded();
  std::string head = "| type |", rule = "|---|", rows;
  for (const auto& a : model::architectures()) {
    head.append(" ").append(a.name).append(" |");
    rule += "---|";
  }
  for (const DType type : weight_types()) {
    rows.append("| ").append(to_string(type)).append(" |");
    for (const auto& a : model::architectures()) {
      const bool ok = runs(a.name, type);
      const bool is_recorded = has_recording.contains({std::string(a.name), type});
      rows += !ok ? " FAILS |" : is_recorded ? " yes, recorded |" : " yes |";
    }
    rows += "\n";
  }
  return head + "\n" + rule + "\n" + rows;
}

// Without the recordings there is nothing to hold that word against.
inline std::string without_recorded(std::string table) {
  constexpr std::string_view kWord = ", recorded";
  for (std::size_t at; (at = table.find(kWord)) != table.npos;) table.erase(at, kWord.size());
  return table;
}

// ROCMFORGE_UPDATE_GOLDEN=1 writes it anew; the test still fails where it differed.
inline void expect_documented(const std::string& name, const std::string& table) {
  const std::string path = ROCMFORGE_SUPPORT_TABLE;
  const std::string text = read_file(path), open = "<!-- support: " + name + " -->\n";
  const std::size_t begin = text.find(open);
  ASSERT_NE(begin, std::string::npos) << path << " has no table " << name;
  const std::size_t from = begin + open.size(), end = text.find("<!-- end of support -->", from);
  ASSERT_NE(end, std::string::npos) << path << ": the table " << name << " has no end";
  const std::string documented = text.substr(from, end - from);
  if (recorded().empty()) {
    EXPECT_EQ(without_recorded(documented), table) << path << " is not what the test found";
    return;
  }
  if (std::getenv("ROCMFORGE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text.substr(0, from) << table << text.substr(end);
  }
  EXPECT_EQ(documented, table)
      << path << " is not what the test found; ROCMFORGE_UPDATE_GOLDEN=1 writes it anew";
}

}  // namespace rocmforge::test
