// Weights that are no numbers, and tokens that rows are there for but no text.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/log.h"
#include "engine/weight_scan.h"
#include "gguf/reader.h"
#include "hostile/cases.h"
#include "hostile/child.h"
#include "tensor/finite.h"

namespace rocmforge::test {
namespace {

constexpr std::uint32_t kNan = 0x7fc00000, kInfinity = 0xff800000;

// Of a tensor's data, a float of the last row but one.
std::function<Bytes()> with_weight(const std::string& tensor, std::uint32_t value) {
  return [=] {
    Bytes bytes = valid_bytes();
    Counters ignored;
    const gguf::File file = gguf::parse(bytes, "valid", ignored);
    const gguf::TensorInfo& t = *file.find_tensor(tensor);
    const std::int64_t row = t.shape.rank() == 2 ? t.shape[0] - 2 : 0;
    poke(bytes, t.offset + static_cast<std::uint64_t>(row * t.shape[-1] + 3) * 4, value);
    return bytes;
  };
}

class Weights : public ::testing::Test {
 protected:
  Outcome load(const Bytes& bytes) {
    write_file(path_, bytes);
    return test::load(path_);
  }
  // One warning, in these words.
  ::testing::AssertionResult warns(const Outcome& o, const std::string& tensor, int row) const {
    const std::string words = "warning [engine] " + path_ + ": " + tensor + ": row " +
                              std::to_string(row) +
                              " holds a NaN or an infinity; what the model says may mean nothing\n";
    const std::size_t at = o.err.find(words);
    if (at != std::string::npos && o.err.find("warning", at + 1) == std::string::npos) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << to_string(o);
  }
  TempDir dir_;
  std::string path_ = dir_.file("m.gguf");
};

TEST_F(Weights, ThatAreNoNumbersAreWarnedOfByName) {
  // A row of the embedding that no token of the prompt asks for.
  const Outcome row = load(with_weight("token_embd.weight", kNan)());
  EXPECT_TRUE(warns(row, "token_embd.weight", 288));
  EXPECT_EQ(row.exit_code, 0);
  const Outcome norm = load(with_weight("blk.0.ffn_norm.weight", kInfinity)());
  EXPECT_TRUE(warns(norm, "blk.0.ffn_norm.weight", 0));
  const Outcome matrix = load(with_weight("blk.0.attn_v.weight", kNan)());
  EXPECT_TRUE(warns(matrix, "blk.0.attn_v.weight", 14));
  // The one position that there is sees it in every channel.
  EXPECT_EQ(matrix.exit_code, 1);
  EXPECT_NE(matrix.err.find("no finite logit"), std::string::npos) << matrix.err;
}

TEST_F(Weights, ThatAreNumbersAreNot) {
  EXPECT_EQ(load(valid_bytes()).err.find("warning"), std::string::npos);
}

TEST_F(Weights, OnlyTheFirstFewAreNamed) {
  const std::vector<engine::BadWeight> bad(7, {.tensor = "w", .row = 1});
  std::vector<std::string> said;
  set_log_sink([&](LogLevel, std::string_view text) { said.emplace_back(text); });
  engine::warn_of(bad, "m.gguf");
  set_log_sink({});
  ASSERT_EQ(said.size(), 5u);
  EXPECT_EQ(said.back(), "[engine] m.gguf: and 3 tensors more");
}

// Of every type, a block among others that are sound, found at its place.
TEST(Finite, FindsABlockOfEveryType) {
  for (const DType type : kAllDTypes) {
    const DTypeInfo& row = info(type);
    if (row.decode == nullptr) continue;
    const std::int64_t n = 5 * row.block_elems;
    std::vector<float> values(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i % 13) / 4 - 1;
    }
    Bytes blocks(static_cast<std::size_t>(bytes_of(type, n)));
    row.encode(values.data(), blocks.data(), n);
    EXPECT_EQ(first_not_finite(type, blocks), -1) << row.name;
    // Every byte of block 3 set: the scales among them.
    const auto size = static_cast<std::size_t>(row.block_bytes);
    std::memset(blocks.data() + 3 * size, 0xff, size);
    EXPECT_EQ(first_not_finite(type, blocks), 3) << row.name;
    // What decodes to numbers is called one, whatever its bits.
    std::vector<float> decoded(values.size());
    row.decode(blocks.data(), decoded.data(), n);
    EXPECT_FALSE(std::isfinite(decoded[static_cast<std::size_t>(3 * row.block_elems)])) << row.name;
  }
}

// A scale that alone is no number, in each place that blocks of the type have one.
TEST(Finite, AgreesWithTheDecoder) {
  for (const DType type : kAllDTypes) {
    const DTypeInfo& row = info(type);
    if (row.decode == nullptr || !row.is_quantized()) continue;
    const auto size = static_cast<std::size_t>(row.block_bytes);
    for (std::size_t at = 0; at + 2 <= size; ++at) {
      Bytes block(size, std::byte{0x11});
      block[at] = std::byte{0x01};
      block[at + 1] = std::byte{0x7c};  // as F16: a NaN
      std::vector<float> values(static_cast<std::size_t>(row.block_elems));
      row.decode(block.data(), values.data(), row.block_elems);
      const bool finite =
          std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
      EXPECT_EQ(first_not_finite(type, block), finite ? -1 : 0) << row.name << " byte " << at;
    }
  }
}

// Fewer tokens than rows: embeddings are often padded. Their ids have no text, and do no harm.
TEST_F(Weights, RowsWithoutTokens) {
  const auto padded = [](gguf::Writer& w) {
    const std::int64_t rows = kTinyVocab + 6;
    std::vector<float> values(static_cast<std::size_t>(rows) * 32, 0.01f);
    Bytes data(values.size() * sizeof(float));
    std::memcpy(data.data(), values.data(), data.size());
    w.add_tensor("token_embd.weight", DType::kF32, Shape{rows, 32}, data);
    // One of the last rows' logits is the highest: the model says a token that is none.
    for (std::size_t i = 0; i < 32; ++i) {
      values[values.size() - 64 + i] = 9;
      values[values.size() - 32 + i] = -9;
    }
    std::memcpy(data.data(), values.data(), data.size());
    w.add_tensor("output.weight", DType::kF32, Shape{rows, 32}, data);
  };
  const Outcome o = load(changed({"token_embd.weight", "output.weight"}, padded)());
  EXPECT_EQ(o.signal, 0);
  EXPECT_EQ(o.exit_code, 0) << o.err;
  EXPECT_NE(o.out.find("text:\n\n"), std::string::npos) << o.out;
}

}  // namespace
}  // namespace rocmforge::test
