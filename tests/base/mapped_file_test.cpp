#include "base/mapped_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "support/temp_dir.h"

namespace rocmforge {
namespace {

ErrorCode code_of(const std::string& path) {
  try {
    const MappedFile file(path);
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
    return e.code();
  }
  ADD_FAILURE() << path << " was mapped";
  return ErrorCode::kInternal;
}

TEST(MappedFile, GivesTheBytes) {
  const test::TempDir dir;
  const std::byte bytes[] = {std::byte{1}, std::byte{2}, std::byte{255}};
  test::write_file(dir.file("a"), bytes);
  const MappedFile file(dir.file("a"));
  ASSERT_EQ(file.bytes().size(), 3u);
  EXPECT_EQ(file.bytes()[2], std::byte{255});
  file.will_need(0, 3);
  file.not_needed(0, 3);
  EXPECT_EQ(file.bytes()[0], std::byte{1});
}

std::string error_of_reading(const MappedFile& file, std::size_t offset, std::span<std::byte> to) {
  try {
    file.read_at(offset, to);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kIo);
    return e.what();
  }
  return "";
}

TEST(MappedFile, ReadsFromAnyPlaceAndManyThreads) {
  const test::TempDir dir;
  std::vector<std::byte> bytes(100'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * 7 >> 3);
  test::write_file(dir.file("a"), bytes);
  MappedFile first(dir.file("a"));
  const MappedFile file(std::move(first));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t at = t; at + 977 < bytes.size(); at += 1009) {
        std::vector<std::byte> got(977);
        file.read_at(at, got);
        EXPECT_TRUE(std::equal(got.begin(), got.end(), bytes.begin() + static_cast<long>(at)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  file.read_at(bytes.size(), {});
}

TEST(MappedFile, ReadingPastTheEndIsAnErrorThatSaysWhere) {
  const test::TempDir dir;
  test::write_file(dir.file("a"), std::vector<std::byte>(100));
  const MappedFile file(dir.file("a"));
  std::vector<std::byte> to(50);
  EXPECT_EQ(error_of_reading(file, 50, to), "");
  const std::string end = dir.file("a") + ": offset 100: the file ends here, 1 bytes early";
  EXPECT_NE(error_of_reading(file, 51, to).find(end), std::string::npos);
  std::filesystem::resize_file(dir.file("a"), 10);
  EXPECT_NE(error_of_reading(file, 0, to).find(": offset 10: the file ends here, 40 bytes"),
            std::string::npos);
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  const test::TempDir dir;
  test::write_file(dir.file("empty"), {});
  EXPECT_EQ(code_of(dir.file("none")), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(dir.path()), ErrorCode::kFormat);
  EXPECT_EQ(code_of(dir.file("empty")), ErrorCode::kFormat);
  EXPECT_EQ(code_of("/dev/null"), ErrorCode::kFormat);
}

}  // namespace
}  // namespace rocmforge
