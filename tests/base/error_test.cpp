#include "base/error.h"

#include <gtest/gtest.h>

namespace rocmforge {
namespace {

TEST(WithoutMiddle, KeepsWhatFits) {
  EXPECT_EQ(without_middle("", 10), "");
  EXPECT_EQ(without_middle("0123456789", 10), "0123456789");
}

TEST(WithoutMiddle, KeepsMoreOfTheBeginning) {
  EXPECT_EQ(without_middle("0123456789abcdef", 12), "012345...def");
  EXPECT_EQ(without_middle(std::string(1000, 'x'), 480).size(), 480u);
}

TEST(WithoutMiddle, CutsNoCharacter) {
  std::string euros;
  for (int i = 0; i < 100; ++i) euros += "\xe2\x82\xac";
  for (std::size_t most = 3; most < 40; ++most) {
    const std::string cut = without_middle(euros, most);
    EXPECT_LE(cut.size(), most);
    const std::size_t gap = cut.find("...");
    ASSERT_NE(gap, std::string::npos);
    EXPECT_EQ(gap % 3, 0u);
    EXPECT_EQ((cut.size() - gap) % 3, 0u);
  }
}

TEST(WithoutMiddle, HoldsForErrors) {
  const Error error(ErrorCode::kFormat, "[gguf] m: " + std::string(100'000, 'k') + " is bad");
  const std::string what = error.what();
  EXPECT_EQ(what.size(), kMaxMessageBytes);
  EXPECT_TRUE(what.starts_with("[gguf] m: kkk"));
  EXPECT_TRUE(what.ends_with("kkk is bad"));
}

}  // namespace
}  // namespace rocmforge
