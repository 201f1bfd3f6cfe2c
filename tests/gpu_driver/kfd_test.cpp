// The target's name out of the kernel driver's files.
#include "backend/gpu/driver/kfd.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

void add_node(const TempDir& nodes, const std::string& name, const std::string& text) {
  std::filesystem::create_directories(nodes.file(name));
  std::ofstream(nodes.file(name) + "/properties") << text;
}

TEST(Kfd, NamesTheCardThatSitsThere) {
  const TempDir nodes;
  add_node(nodes, "0", "cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0\nlocation_id 0\n");
  add_node(
      nodes, "1",
      "unique_id 18446744073709551615\ngfx_target_version 110000\nlocation_id 768\ndomain 0\n");
  add_node(nodes, "2", "gfx_target_version 90010\nlocation_id 2056\ndomain 0\n");
  add_node(nodes, "3", "gfx_target_version 90402\nlocation_id 768\ndomain 1\n");
  add_node(nodes, "4", "gfx_target_version 100306\nlocation_id 1024\n");
  add_node(nodes, "5", "gfx_target_version 119999\nlocation_id 1280\n");
  EXPECT_EQ(gpu::kfd_target(nodes.path(), {.domain = 0, .bus = 3, .device = 0}), "gfx1100");
  EXPECT_EQ(gpu::kfd_target(nodes.path(), {.domain = 0, .bus = 8, .device = 1}), "gfx90a");
  EXPECT_EQ(gpu::kfd_target(nodes.path(), {.domain = 1, .bus = 3, .device = 0}), "gfx942");
  EXPECT_EQ(gpu::kfd_target(nodes.path(), {.domain = 0, .bus = 4, .device = 0}), "gfx1036");
  EXPECT_EQ(gpu::kfd_target(nodes.path(), {.domain = 0, .bus = 5, .device = 0}), "");
  EXPECT_EQ(gpu::kfd_target(nodes.path(), {.domain = 0, .bus = 0, .device = 0}), "");
  EXPECT_EQ(gpu::kfd_target("/nonexistent", {}), "");
}

TEST(Kfd, NodesThatMakeNoSenseAreNoNode) {
  const TempDir nodes;
  add_node(nodes, "0", "");
  add_node(nodes, "1", "gfx_target_version twelve\n");
  std::filesystem::create_directories(nodes.file("2"));
  EXPECT_EQ(gpu::kfd_target(nodes.path(), {}), "");
}

}  // namespace
}  // namespace rocmforge::test
