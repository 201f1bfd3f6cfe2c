// A whole small model cut at every byte, and damaged at random: loaded in this process, and never
// more than an Error that names the file.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "backend/cpu/device.h"
#include "base/error.h"
#include "engine/engine.h"
#include "gguf/reader.h"
#include "hostile/cases.h"
#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

void expect_named(const Error& e, const std::string& path) {
  const std::string what = e.what();
  ASSERT_NE(what.find(path), std::string::npos) << what;
  ASSERT_LT(what.size(), 500u);
  ASSERT_NE(e.code(), ErrorCode::kInternal) << what;
}

TEST(Sweep, CutAtEveryByte) {
  const TempDir dir;
  const std::string path = dir.file("cut.gguf");
  const Bytes bytes =
      tiny_model(
          {.n_layers = 1, .dim = 16, .n_heads = 1, .n_kv_heads = 1, .n_ff = 16, .tied = true})
          .bytes();
  Counters counters;
  write_file(path, bytes);
  const gguf::File whole = gguf::parse(bytes, path, counters);
  std::uint64_t end = 0;
  for (const gguf::TensorInfo& t : whole.tensors()) end = std::max(end, t.offset + t.n_bytes);
  for (std::size_t cut = end; cut-- > 0;) {
    std::filesystem::resize_file(path, cut);
    try {
      const engine::ModelFile file(path, counters);
      FAIL() << "cut at byte " << cut << " was accepted";
    } catch (const Error& e) {
      ASSERT_EQ(e.code(), ErrorCode::kFormat) << e.what();
      expect_named(e, path);
    }
  }
}

// Up to the end of the table: what is behind is weights, of which any bytes are some.
TEST(Sweep, BytesOfTheHeaderChanged) {
  const TempDir dir;
  const std::string path = dir.file("damaged.gguf");
  const Bytes valid = valid_bytes();
  Counters counters;
  const gguf::File whole = gguf::parse(valid, path, counters);
  std::uint64_t header = valid.size();
  for (const gguf::TensorInfo& t : whole.tensors()) header = std::min(header, t.offset);
  const auto device = cpu::make_device({.n_threads = 1, .isa = cpu::best_isa()}, counters);
  std::mt19937_64 bits(7);
  int n_refused = 0;
  constexpr int kTimes = 800;
  for (int i = 0; i < kTimes; ++i) {
    Bytes bytes = valid;
    const std::uint64_t n_changes = 1 + bits() % 4;
    for (std::uint64_t c = 0; c < n_changes; ++c) {
      bytes[bits() % header] = static_cast<std::byte>(bits() % 3 == 0 ? 0xff : bits() & 0xff);
    }
    write_file(path, bytes);
    try {
      const engine::Engine engine({.path = path, .n_ctx = 32}, *device, counters);
    } catch (const Error& e) {
      ++n_refused;
      expect_named(e, path);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(n_refused, kTimes / 10);
  EXPECT_LT(n_refused, kTimes);
}

}  // namespace
}  // namespace rocmforge::test
