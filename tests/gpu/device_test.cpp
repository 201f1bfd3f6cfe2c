// What is said of cards without kernels.
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "backend/gpu/kernels.h"

namespace rocmforge::gpu {
namespace {

TEST(MissingKernels, NameTheOverrideThatSelectsABuiltRelative) {
  const std::vector<std::string_view> built = {"gfx1100", "gfx1030", "sm_80"};
  EXPECT_NE(explain_missing("gfx1101", built, "no kernels")
                .find("no kernels; or set HSA_OVERRIDE_GFX_VERSION=11.0.0 "),
            std::string::npos);
  EXPECT_NE(
      explain_missing("gfx1034", built, "no kernels").find("HSA_OVERRIDE_GFX_VERSION=10.3.0 "),
      std::string::npos);
}

TEST(MissingKernels, NameNoneWhereThereIsNoRelative) {
  const std::vector<std::string_view> built = {"gfx1100", "gfx942", "sm_80"};
  for (const char* target : {"gfx1200", "gfx90a", "gfx1030", "sm_75", "gfx1150"}) {
    EXPECT_EQ(explain_missing(target, built, "no kernels"), "no kernels") << target;
  }
}

}  // namespace
}  // namespace rocmforge::gpu
