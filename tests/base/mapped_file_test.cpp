#include "base/mapped_file.h"

#include <gtest/gtest.h>

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
