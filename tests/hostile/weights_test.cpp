// Weights that are no numbers, and tokens that rows are there for but no text.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/log.h"
#include "engine/loader.h"
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

class Finite : public ::testing::TestWithParam<DType> {
 protected:
  DType type_ = GetParam();
  const DTypeInfo& row = info(type_);
};
std::vector<DType> types_of_weights() {
  std::vector<DType> out;
  for (const DType type : kAllDTypes) {
    if (info(type).decode != nullptr) out.push_back(type);
  }
  return out;
}
std::string name_of(const ::testing::TestParamInfo<DType>& type) {
  return std::string(to_string(type.param));
}
INSTANTIATE_TEST_SUITE_P(Type, Finite, ::testing::ValuesIn(types_of_weights()), name_of);

// A block among others that are sound, found at its place.
TEST_P(Finite, FindsABlock) {
  const DType type = type_;
  {
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

// A scale that alone is no number, in each place that blocks of the type have one: a NaN, the
// infinities, and the byte that is NaN as E8M0.
TEST_P(Finite, AgreesWithTheDecoder) {
  int n_bad = 0;
  for (const int scale : {0x7c01, 0x7f80, 0xff80, 0x7c00, 0xfc00, 0x7e00, 0xffff, 0x7bff, 0x0001}) {
    const DType type = type_;
    const auto size = static_cast<std::size_t>(row.block_bytes);
    for (std::size_t at = 0; at + 2 <= size; ++at) {
      Bytes block(size, std::byte{0x11});
      block[at] = static_cast<std::byte>(scale & 0xff);
      block[at + 1] = static_cast<std::byte>(scale >> 8);
      std::vector<float> values(static_cast<std::size_t>(row.block_elems));
      row.decode(block.data(), values.data(), row.block_elems);
      const bool finite =
          std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
      EXPECT_EQ(first_not_finite(type, block), finite ? -1 : 0)
          << row.name << " byte " << at << " " << scale;
      n_bad += finite ? 0 : 1;
    }
  }
  EXPECT_GT(n_bad, 1) << "no scale is where this looks";
}

// A tensor of each type, too large together for the quick look to see each one's end; the file is
// mostly a hole, and all zeros.
class LargeFile : public Weights {
 protected:
  static constexpr std::int64_t kRow = 256, kRows = 256 * 256;
  void write(std::byte scale) {
    gguf::Writer writer;
    writer.add_string("general.architecture", "llama");
    for (const DType type : types_of_weights()) {
      writer.declare_tensor(std::string(to_string(type)) + ".weight", type, Shape{kRows, kRow});
    }
    Bytes head = writer.bytes();
    Counters ignored;
    const gguf::File file = gguf::parse_head(head, writer.file_bytes(), "large", ignored);
    write_file(path_, head);
    std::filesystem::resize_file(path_, writer.file_bytes());
    std::fstream out(path_, std::ios::in | std::ios::out | std::ios::binary);
    for (const gguf::TensorInfo& t : file.tensors()) {
      // The block that three quarters are before, each byte of it: the scales among them.
      const std::int64_t at = bytes_of(t.dtype, kRow * (kRows / 4 * 3));
      out.seekp(static_cast<std::streamoff>(t.offset) + at);
      for (std::int64_t i = 0; i < info(t.dtype).block_bytes; ++i) {
        out.put(static_cast<char>(scale));
      }
    }
  }
};

TEST_F(LargeFile, EveryWeightIsLookedAtWhenAsked) {
  write(std::byte{0xff});
  Counters counters;
  const engine::ModelFile file(path_, counters);
  EXPECT_GT(engine::bytes_to_scan(file.gguf(), engine::Scan::kWhole), 2 * engine::kScannedBytes);
  EXPECT_LE(engine::bytes_to_scan(file.gguf(), engine::Scan::kQuick), engine::kScannedBytes);
  const auto read = [&](const gguf::TensorInfo& t, std::uint64_t offset, std::span<std::byte> to) {
    file.mappings()[0].read_at(t.offset + offset, to);
  };
  EXPECT_TRUE(engine::find_bad_weights(file.gguf(), read).empty());
  std::int64_t last = -1, all = 0;
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    EXPECT_GE(done, last);
    last = done;
    all = total;
    return true;
  };
  const auto bad = engine::find_bad_weights(file.gguf(), read, engine::Scan::kWhole, progress);
  EXPECT_EQ(last, all);
  EXPECT_EQ(static_cast<std::uint64_t>(all),
            engine::bytes_to_scan(file.gguf(), engine::Scan::kWhole));
  const std::vector<DType> types = types_of_weights();
  ASSERT_EQ(bad.size(), types.size());
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(bad[i].tensor, std::string(to_string(types[i])) + ".weight");
    EXPECT_EQ(bad[i].row, kRows / 4 * 3) << bad[i].tensor;
  }
  // As a load does it: refused, and stopped when told.
  try {
    file.check_weights({});
    FAIL() << "nothing is wrong with it";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kFormat);
    EXPECT_EQ(std::string(e.what()),
              "[engine] " + path_ +
                  ": NaN or infinity in F32.weight (row 49152), F16.weight (row 49152), "
                  "BF16.weight (row 49152), Q4_0.weight (row 49152) and " +
                  std::to_string(types.size() - 4) + " tensors more");
  }
  try {
    file.check_weights([](std::int64_t done, std::int64_t) { return done < (1 << 24); });
    FAIL() << "it went on";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kCancelled);
  }
}

TEST_F(LargeFile, OfZerosIsSound) {
  write(std::byte{0});
  Counters counters;
  const engine::ModelFile file(path_, counters);
  std::vector<std::string> said;
  set_log_sink([&](LogLevel, std::string_view text) { said.emplace_back(text); });
  file.check_weights({});
  file.warn_of_bad_weights();
  set_log_sink({});
  ASSERT_EQ(said.size(), 2u);
  EXPECT_NE(said[0].find("every weight is a number"), std::string::npos);
  EXPECT_NE(said[1].find("--check-tensors looks at all"), std::string::npos) << said[1];
}

TEST_F(Weights, AreAllLookedAtWithCheckTensors) {
  const auto checked = [&](const Bytes& bytes) {
    write_file(path_, bytes);
    return run_rocmforge({"generate", "--gguf", path_, "-p", "hi", "-n", "1", "--check-tensors"});
  };
  EXPECT_TRUE(failed(checked(with_weight("blk.0.attn_v.weight", kNan)()),
                     {path_ + ": NaN or infinity in blk.0.attn_v.weight (row 14)"}));
  EXPECT_TRUE(succeeded(checked(valid_bytes())));
}

// Fewer tokens than rows: embeddings are often padded. Their ids have no text, and do no harm.
class Rows : public Weights, public ::testing::WithParamInterface<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(More, Rows, ::testing::Values(6, 512, 513, 5000));

TEST_P(Rows, WithoutTokens) {
  const auto padded = [](gguf::Writer& w) {
    const std::int64_t rows = kTinyVocab + GetParam();
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
  const std::string n = std::to_string(GetParam());
  const bool is_told =
      o.err.find("warning [model] " + path_ +
                 ": the vocabulary has 290 tokens, token_embd.weight " +
                 std::to_string(290 + GetParam()) + " rows: " + n +
                 " have no text; is it this model's vocabulary?") != std::string::npos;
  EXPECT_EQ(is_told, GetParam() > 512) << o.err;
}

}  // namespace
}  // namespace rocmforge::test
