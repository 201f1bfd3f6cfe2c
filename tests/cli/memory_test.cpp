// Memory of a real generation: the file, the KV cache and little more.
#include <filesystem>

#include "cli/program.h"
#include "support/data.h"

namespace rocmforge::test {
namespace {

TEST(Memory, StaysNearFileAndKvCache) {
  const std::string model = smollm2_file();
  ROCMFORGE_NEED_DATA(model, "SmolLM2-135M-Instruct.Q4_1.gguf");
  std::string prompt;
  for (int i = 0; i < 250; ++i) prompt += "The quick brown fox. ";  // over 1000 tokens
  const Outcome o = run_rocmforge(
      {"generate", "--gguf", model, "-p", prompt, "-n", "8", "--ctx", "2048", "--temp", "0"});
  ASSERT_TRUE(succeeded(o));
  // 30 layers, K and V, 3 heads of 64, F16.
  constexpr long kKvBytes = 2048L * 30 * 2 * 3 * 64 * 2;
  const long file_bytes = static_cast<long>(std::filesystem::file_size(model));
  EXPECT_LT(o.max_rss_kib * 1024, file_bytes + kKvBytes + 100'000'000);
  EXPECT_GT(o.max_rss_kib * 1024, file_bytes / 2) << "the measure itself is wrong";
}

}  // namespace
}  // namespace rocmforge::test
