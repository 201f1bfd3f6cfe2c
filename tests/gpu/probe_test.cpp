// Cards of which nothing tells the architecture: kernels are tried on them.
#include "backend/gpu/probe.h"

#include <cstring>
#include <string>
#include <vector>

#include "backend/gpu/driver/find.h"
#include "gpu_driver/fixture.h"

namespace rocmforge::test {
namespace {

class ProbeTarget : public testing::Test {
  FreshFakes fresh_;

 protected:
  ProbeTarget() {
    std::strcpy(control_.target, "Radeon");
    control_.n_devices = 2;
    options_.hip.candidates = {FAKE_HIP};
    options_.kfd_nodes = "/nonexistent";
  }
  gpu::Found find(const std::vector<std::string>& targets) {
    std::vector<gpu::Probe> probes;
    for (const std::string& target : targets) {
      probes.push_back({target, [code = "code for " + target] {
                          const auto bytes =
                              std::as_bytes(std::span(code.c_str(), code.size() + 1));
                          return std::vector<std::byte>(bytes.begin(), bytes.end());
                        }});
    }
    options_.probe = [probes](gpu::Api& api, std::int32_t device) {
      return gpu::probe_target(api, device, probes);
    };
    return gpu::find_devices(options_);
  }

  FakeControl& control_ = control_of(FAKE_HIP);
  gpu::SearchOptions options_;
};

TEST_F(ProbeTarget, TheOneThatRunsIsTheCards) {
  std::strcpy(control_.runs, "gfx1101");
  const gpu::Found found = find({"gfx1100", "gfx1101", "gfx1102"});
  ASSERT_EQ(found.devices.size(), 2U);
  for (const gpu::FoundDevice& device : found.devices) {
    EXPECT_EQ(device.properties.target, "gfx1101");
  }
  EXPECT_EQ(control_.n_modules, 2) << "one a device";
  EXPECT_EQ(control_.live.sum(), 0);
}

TEST_F(ProbeTarget, NoneIsTriedWhereTheNameIsTold) {
  std::strcpy(control_.target, "gfx1100");
  std::strcpy(control_.runs, "gfx1101");
  EXPECT_EQ(find({"gfx1101"}).devices.at(0).properties.target, "gfx1100");
  EXPECT_EQ(control_.n_modules, 0);
}

std::string why_passed_over(const gpu::Found& found) {
  EXPECT_TRUE(found.devices.empty());
  return found.passed_over.at(0).why;
}

TEST_F(ProbeTarget, WhenNoneRunsTheCardIsPassedOver) {
  std::strcpy(control_.runs, "gfx1036");
  const std::string why = why_passed_over(find({"gfx1100", "gfx1201"}));
  EXPECT_NE(why.find("told neither by the library nor by /sys"), std::string::npos) << why;
  EXPECT_NE(why.find("gfx1100: "), std::string::npos) << why;
  EXPECT_NE(why.find("gfx1201: "), std::string::npos) << why;
  EXPECT_NE(why.find("hipModuleLoadData"), std::string::npos) << why;
  EXPECT_NE(why_passed_over(find({})).find("(none are AMD's)"), std::string::npos);
  EXPECT_EQ(control_.live.sum(), 0);
}

TEST_F(ProbeTarget, WrongNumbersAreNoAnswer) {
  std::strcpy(control_.runs, "gfx1100");
  control_.lies = true;
  const std::string why = why_passed_over(find({"gfx1100"}));
  EXPECT_NE(why.find("(gfx1100: wrong results)"), std::string::npos) << why;
  // Right numbers for waves of 32 are wrong for those of 64.
  control_.lies = false;
  std::strcpy(control_.runs, "gfx90a");
  EXPECT_NE(why_passed_over(find({"gfx90a"})).find("wrong results"), std::string::npos);
}

TEST_F(ProbeTarget, EveryCallFailingInTurnIsAReasonAndNoLeak) {
  control_.n_devices = 1;
  std::strcpy(control_.runs, "gfx1100");
  const int before = control_.n_calls;
  find({"gfx1100"});
  const int n_calls = control_.n_calls - before;
  ASSERT_GE(n_calls, 20);
  for (int n = 1; n <= n_calls; ++n) {
    control_.fail_at = n;
    const gpu::Found found = find({"gfx1100"});
    control_.fail_at = 0;
    EXPECT_EQ(found.devices.size(), found.passed_over.size() == 1 ? 1U : 0U) << "CUDA's is one";
    EXPECT_EQ(control_.live.sum(), 0) << "call " << n << ", " << control_.failed_call;
  }
}

TEST(EmbeddedProbes, AreThereForEveryAmdTarget) {
  for (const gpu::Probe& probe : gpu::embedded_probes()) {
    EXPECT_TRUE(probe.target.starts_with("gfx"));
    EXPECT_EQ(std::memcmp(probe.image().data(),
                          "\x7f"
                          "ELF",
                          4),
              0)
        << probe.target;
  }
}

}  // namespace
}  // namespace rocmforge::test
