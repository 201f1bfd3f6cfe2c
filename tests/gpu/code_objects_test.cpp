#include "backend/gpu/code_objects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace rocmforge::gpu {
namespace {

std::string text_of(const CodeObject& object) {
  return {reinterpret_cast<const char*>(object.bytes.data()), object.bytes.size()};
}

TEST(CodeObjects, EveryListedOneIsThere) {
  for (const std::string_view target : list_code_objects()) {
    const auto object = find_code_object(target);
    ASSERT_TRUE(object) << target;
    EXPECT_EQ(object->target, target);
    const std::string text = text_of(*object);
    if (target.starts_with("sm_")) {
      EXPECT_NE(text.find(".target " + std::string(target)), std::string::npos);
      EXPECT_EQ(std::strlen(text.c_str()) + 1, text.size()) << "PTX ends with its only 0";
    } else {
      EXPECT_EQ(text.substr(0, 4),
                "\x7f"
                "ELF");
    }
  }
}

TEST(CodeObjects, AmdTakesItsExactTarget) {
  EXPECT_FALSE(find_code_object("gfx1"));
  EXPECT_FALSE(find_code_object("gfx9999"));
  EXPECT_FALSE(find_code_object(""));
}

TEST(CodeObjects, NvidiaTakesOlderPtx) {
  const auto targets = list_code_objects();
  if (std::find(targets.begin(), targets.end(), "sm_80") == targets.end()) {
    GTEST_SKIP() << "sm_80 was not built";
  }
  ASSERT_TRUE(find_code_object("sm_120"));
  EXPECT_EQ(find_code_object("sm_86")->target, "sm_80");
  EXPECT_FALSE(find_code_object("sm_75"));
}

TEST(CodeObjects, MissingOneSaysHowToBuildIt) {
  const std::string text = missing_code_object("gfx1199");
  EXPECT_NE(text.find("-DROCMFORGE_GPU_TARGETS=gfx1199"), std::string::npos) << text;
  const auto targets = list_code_objects();
  if (std::find(targets.begin(), targets.end(), "gfx1100") != targets.end()) {
    EXPECT_NE(missing_code_object("gfx1102").find("HSA_OVERRIDE_GFX_VERSION=11.0.0"),
              std::string::npos);
    EXPECT_EQ(missing_code_object("gfx1201").find("HSA_OVERRIDE"), std::string::npos);
  }
}

}  // namespace
}  // namespace rocmforge::gpu
