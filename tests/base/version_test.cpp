#include "base/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace rocmforge {
namespace {

TEST(Version, NamesTheProjectsVersionAndTheCompiler) {
  const std::string_view number = version();
  EXPECT_EQ(std::count(number.begin(), number.end(), '.'), 2) << number;
  EXPECT_EQ(number.find_first_not_of("0123456789."), std::string_view::npos) << number;
  EXPECT_EQ(std::string_view(commit()).find_first_not_of("0123456789abcdef"),
            std::string_view::npos)
      << commit();
  EXPECT_NE(version_line().find(compiler()), std::string::npos) << version_line();
  EXPECT_EQ(version_line().rfind(std::string(version()) + " (", 0), 0U) << version_line();
}

}  // namespace
}  // namespace rocmforge
