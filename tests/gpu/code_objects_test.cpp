#include "backend/gpu/code_objects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace rocmforge::gpu {
namespace {

using Built = std::vector<BuiltTarget>;

TEST(CodeObjects, EveryModuleIsThereForEveryTarget) {
  std::set<std::string_view> modules, without_mma;
  for (const EmbeddedObject& object : embedded_objects()) {
    modules.insert(object.module);
    if (!object.module.ends_with("_mma")) without_mma.insert(object.module);
  }
  for (const BuiltTarget& built : built_targets()) {
    // gfx10 has no matrix units, and what is named for them is not built for it.
    const auto& wanted = built.target.starts_with("gfx10") ? without_mma : modules;
    std::set<std::string_view> found;
    for (const KernelModule& module : kernel_modules(built.target)) found.insert(module.name);
    EXPECT_EQ(found, wanted) << built.target;
  }
}

TEST(CodeObjects, EachHoldsTheKernelsThatItLists) {
  for (const EmbeddedObject& object : embedded_objects()) {
    const std::vector<std::byte> bytes = decompress(object);
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::string at = std::string(object.target) + " " + std::string(object.module);
    if (object.image == Image::kPtx) {
      EXPECT_NE(text.find(".target " + std::string(object.target)), std::string::npos) << at;
      EXPECT_EQ(std::strlen(text.c_str()) + 1, text.size()) << at << ": PTX ends with its only 0";
    } else {
      EXPECT_EQ(text.substr(0, 4),
                "\x7f"
                "ELF")
          << at;
    }
  }
  std::set<std::string_view> names;
  for (const KernelModule& module : kernel_modules("sm_80")) {
    EXPECT_FALSE(module.kernels.empty()) << module.name;
    for (const std::string_view kernel : module.kernels) {
      EXPECT_TRUE(names.insert(kernel).second) << kernel << " is in two modules";
      for (const EmbeddedObject* image : module.images) {
        const std::vector<std::byte> bytes = decompress(*image);
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        EXPECT_NE(text.find(kernel), std::string_view::npos) << module.name << " " << kernel;
      }
    }
  }
}

TEST(CodeObjects, AmdTakesItsExactTarget) {
  const Built built = {{"gfx1100"}, {"gfx1030"}, {"sm_80", Image::kPtx}};
  EXPECT_EQ(usable_targets("gfx1100", built), Built{{"gfx1100"}});
  for (const char* card : {"gfx1101", "gfx1", "gfx11000", "", "Radeon"}) {
    EXPECT_TRUE(usable_targets(card, built).empty()) << card;
    EXPECT_TRUE(kernel_modules(card).empty() || built_targets().size() > 3) << card;
  }
}

TEST(CodeObjects, NvidiaTakesACubinOfItsMajorAndThenOlderPtx) {
  constexpr Image kPtx = Image::kPtx, kCubin = Image::kBinary;
  const Built built = {{"gfx1100"},       {"sm_80", kPtx}, {"sm_80", kCubin}, {"sm_86", kPtx},
                       {"sm_86", kCubin}, {"sm_90", kPtx}, {"sm_90", kCubin}};
  EXPECT_EQ(usable_targets("sm_80", built), (Built{{"sm_80", kCubin}, {"sm_80", kPtx}}));
  EXPECT_EQ(usable_targets("sm_89", built),
            (Built{{"sm_86", kCubin}, {"sm_80", kCubin}, {"sm_86", kPtx}, {"sm_80", kPtx}}));
  EXPECT_EQ(usable_targets("sm_90", built),
            (Built{{"sm_90", kCubin}, {"sm_90", kPtx}, {"sm_86", kPtx}, {"sm_80", kPtx}}));
  EXPECT_EQ(usable_targets("sm_120", built),
            (Built{{"sm_90", kPtx}, {"sm_86", kPtx}, {"sm_80", kPtx}}));
  EXPECT_TRUE(usable_targets("sm_75", built).empty());
}

TEST(CodeObjects, FeaturesOfOneCardServeThatCardAlone) {
  constexpr Image kPtx = Image::kPtx, kCubin = Image::kBinary;
  const Built built = {{"sm_80", kPtx}, {"sm_90a", kPtx}, {"sm_90a", kCubin}, {"sm_90", kPtx}};
  EXPECT_EQ(usable_targets("sm_90", built),
            (Built{{"sm_90a", kCubin}, {"sm_90a", kPtx}, {"sm_90", kPtx}, {"sm_80", kPtx}}));
  EXPECT_EQ(usable_targets("sm_100", built), (Built{{"sm_90", kPtx}, {"sm_80", kPtx}}));
  EXPECT_EQ(usable_targets("sm_89", built), (Built{{"sm_80", kPtx}}));
}

TEST(CodeObjects, AreListedForPeople) {
  EXPECT_EQ(to_string(Built{{"gfx1100"}, {"sm_80", Image::kPtx}, {"sm_80"}, {"sm_90a"}}),
            "gfx1100, sm_80 (PTX, cubin), sm_90a (cubin)");
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(MissingKernels, NameTheBuildAndTheOverrideThatSelectsABuiltRelative) {
  const Built built = {{"gfx1100"}, {"gfx1030"}, {"sm_80", Image::kPtx}};
  const std::string text = explain_missing("gfx1101", built);
  EXPECT_TRUE(says(text,
                   "no kernels for gfx1101 in this program, which has gfx1100, gfx1030, sm_80 "
                   "(PTX). To build them: cmake -B build -DROCMFORGE_GPU_TARGETS=gfx1101 && "
                   "cmake --build build; or set HSA_OVERRIDE_GFX_VERSION=11.0.0 to "))
      << text;
  EXPECT_TRUE(says(explain_missing("gfx1034", built), "HSA_OVERRIDE_GFX_VERSION=10.3.0 "));
}

TEST(MissingKernels, NameNoOverrideWhereThereIsNoRelative) {
  const Built built = {{"gfx1100"}, {"gfx942"}, {"sm_80", Image::kPtx}};
  for (const char* card : {"gfx1200", "gfx90a", "gfx1030", "sm_75", "gfx1150"}) {
    const std::string text = explain_missing(card, built);
    EXPECT_FALSE(says(text, "HSA_OVERRIDE")) << text;
    EXPECT_TRUE(says(text, "-DROCMFORGE_GPU_TARGETS=")) << text;
  }
}

// What the compiler does not know is not to be built; its relatives' code may still run.
TEST(MissingKernels, NameNoBuildThatWouldFail) {
  const Built built = {{"gfx1151"}};
  for (const char* card : {"gfx1153", "gfx950", "gfx906", "gfx1010"}) {
    const std::string text = explain_missing(card, built);
    EXPECT_TRUE(says(text, "None can be built for " + std::string(card))) << text;
    EXPECT_FALSE(says(text, "-DROCMFORGE_GPU_TARGETS=")) << text;
  }
  EXPECT_TRUE(says(explain_missing("gfx1153", built), "HSA_OVERRIDE_GFX_VERSION=11.5.1 "));
  EXPECT_TRUE(says(explain_missing("sm_120", built), "-DROCMFORGE_GPU_TARGETS=sm_80 "));
  EXPECT_TRUE(says(explain_missing("gfx1100", Built{}), "built without GPU support. To build"));
}

}  // namespace
}  // namespace rocmforge::gpu
