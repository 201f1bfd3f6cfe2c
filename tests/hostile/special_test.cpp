// What is no ordinary file, and files much larger than they look.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "hostile/cases.h"
#include "hostile/child.h"

namespace rocmforge::test {
namespace {

constexpr off_t kTerabyte = off_t{1} << 40;

class Special : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(path_, valid_bytes());
    valid_ = load(path_);
    ASSERT_TRUE(succeeded(valid_));
  }
  // False where the file system has no files of that size.
  bool grow(off_t bytes) const { return ::truncate(path_.c_str(), bytes) == 0; }

  TempDir dir_;
  std::string path_ = dir_.file("m.gguf");
  Outcome valid_;
};

TEST_F(Special, ADirectory) {
  expect_refused(load(dir_.path()), valid_, dir_.path(), "[file] @: is a directory, not a file");
}

TEST_F(Special, NotThere) {
  const std::string none = dir_.file("none.gguf");
  expect_refused(load(none), valid_, none, "[file] @: cannot open: No such file or directory");
}

TEST_F(Special, DevicesAndPipes) {
  const std::string pipe = dir_.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {std::string("/dev/null"), std::string("/dev/zero"), pipe}) {
    expect_refused(load(path), valid_, path, "[file] @: is not a regular file");
  }
}

TEST_F(Special, ALinkToItself) {
  const std::string link = dir_.file("link.gguf");
  std::filesystem::create_symlink(link, link);
  expect_refused(load(link), valid_, link,
                 "[file] @: cannot open: Too many levels of symbolic links");
}

TEST_F(Special, ATerabyteOfNothing) {
  write_file(path_, {});
  if (!grow(kTerabyte)) GTEST_SKIP() << "the file system has no sparse files of a terabyte";
  expect_refused(load(path_), valid_, path_,
                 "[gguf] @: header: byte 0: not a GGUF file but empty bytes at its start; the "
                 "download went wrong");
}

TEST_F(Special, ATerabyteOfNothingBehindAModelIsNeverRead) {
  if (!grow(kTerabyte)) GTEST_SKIP() << "the file system has no sparse files of a terabyte";
  const Outcome o = load(path_);
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, valid_.out);
  EXPECT_LT(o.max_rss_kib, valid_.max_rss_kib + kChildMemoryKib);
}

// Inside the file, and so no fault of the format.
TEST_F(Special, ATensorOfATerabyte) {
  const std::string name = "blk.0.attn_q.weight";
  write_file(path_, with_entry<std::uint64_t>(name, kDimAt, std::uint64_t{1} << 32)());
  Bytes bytes = with_entry<std::uint64_t>(name, kDimAt, std::uint64_t{1} << 32)();
  poke(bytes, entry_of(bytes, name) + kOffsetAt, std::uint64_t{1} << 20);  // behind the others
  write_file(path_, bytes);
  if (!grow(2 * kTerabyte)) GTEST_SKIP() << "the file system has no sparse files of a terabyte";
  expect_refused(load(path_), valid_, path_,
                 "[model] @: blk.0.attn_q.weight: has shape [32, 4294967296], [32, 32] wanted");
}

// All of a terabyte is the embedding's, as the keys say: it is mapped, and rows of it are read.
TEST_F(Special, AnEmbeddingOfATerabyte) {
  const std::string name = "token_embd.weight";
  const std::uint64_t too_many = std::uint64_t{1} << 33;
  Bytes bytes = with_entry<std::uint64_t>(name, kDimAt + 8, too_many)();
  poke(bytes, entry_of(bytes, name) + kOffsetAt, std::uint64_t{1} << 20);
  write_file(path_, bytes);
  if (!grow(2 * kTerabyte)) GTEST_SKIP() << "the file system has no sparse files of a terabyte";
  expect_refused(load(path_), valid_, path_,
                 "[model] @: token_embd.weight: has shape [8589934592, 32], not [vocabulary, "
                 "embedding]");
}

TEST_F(Special, AVocabularyOfAMillionEmptyTokens) {
  RawFile file = RawFile::start(0, 2);
  file.key("tokenizer.ggml.model", gguf::test::kString).string("llama");
  file.key("tokenizer.ggml.tokens", gguf::test::kArray).u32(gguf::test::kString);
  file.u64(1'000'000);
  Bytes bytes = file.bytes();
  bytes.resize(bytes.size() + 8 * 1'000'000);
  write_file(path_, bytes);
  expect_refused(load(path_), valid_, path_,
                 "[text] @: tokenizer.ggml.scores: has 0 entries for 1000000 tokens");
}

}  // namespace
}  // namespace rocmforge::test
