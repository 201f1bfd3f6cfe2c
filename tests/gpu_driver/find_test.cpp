// The search: what is taken, what is passed over and why.
#include "backend/gpu/driver/find.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gpu_driver/fixture.h"
#include "support/temp_dir.h"

namespace rocmforge::test {
namespace {

class FindDevices : public testing::Test {
  FreshFakes fresh_;
};

gpu::SearchOptions search(std::vector<std::string> hip, std::vector<std::string> cuda = {}) {
  gpu::SearchOptions out;
  out.hip.candidates = std::move(hip);
  out.cuda.candidates = std::move(cuda);
  out.kfd_nodes = "/nonexistent";
  return out;
}

std::string reasons(const gpu::Found& found) {
  std::string out;
  for (const gpu::PassedOver& p : found.passed_over) out += p.what + ": " + p.why + "\n";
  return out;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(FindDevices, NothingIsInstalled) {
  const gpu::Found found =
      gpu::find_devices(search({"/no/libamdhip64.so", "libnone.so.7"}, {"libnone.so.1"}));
  EXPECT_TRUE(found.devices.empty());
  ASSERT_EQ(found.passed_over.size(), 2U);
  EXPECT_EQ(found.passed_over[0].what, "HIP (AMD)");
  EXPECT_TRUE(contains(found.passed_over[0].why, "/no/libamdhip64.so, libnone.so.7"));
  EXPECT_EQ(found.passed_over[1].what, "CUDA (NVIDIA)");
}

TEST_F(FindDevices, BothVendorsAtOnce) {
  const gpu::Found found = gpu::find_devices(search({FAKE_HIP}, {FAKE_CUDA}));
  ASSERT_EQ(found.devices.size(), 2U);
  EXPECT_EQ(found.devices[0].properties.target, "gfx1100");
  EXPECT_EQ(found.devices[1].properties.target, "sm_90");
  EXPECT_EQ(reasons(found), "");
}

TEST_F(FindDevices, TheFirstLibraryWithAUsableDeviceIsTaken) {
  const TempDir folder;
  std::ofstream(folder.file("text.so")) << "no library";
  control_of(FAKE_HIP_5).n_devices = 0;
  control_of(FAKE_HIP).n_devices = 2;
  const gpu::Found found = gpu::find_devices(
      search({"/no/such.so", folder.file("text.so"), FAKE_HIP_LACKING, FAKE_HIP_5, FAKE_HIP}));
  ASSERT_EQ(found.devices.size(), 2U) << reasons(found);
  EXPECT_TRUE(contains(found.devices[1].api->library(), "libfake_hip.so"));
  EXPECT_EQ(found.devices[0].api, found.devices[1].api);
  EXPECT_EQ(found.devices[1].properties.ordinal, 1);
  ASSERT_EQ(found.passed_over.size(), 4U) << reasons(found);
  EXPECT_TRUE(contains(found.passed_over[0].what, "text.so"));
  EXPECT_EQ(found.passed_over[1].what, FAKE_HIP_LACKING);
  EXPECT_EQ(found.passed_over[1].why, "lacks hipGraphLaunch");
  EXPECT_EQ(found.passed_over[2].what, FAKE_HIP_5);
  EXPECT_EQ(found.passed_over[2].why, "reports no device");
  EXPECT_EQ(found.passed_over[3].what, "CUDA (NVIDIA)");
}

TEST_F(FindDevices, OneFileIsAskedOnceWhateverItsNames) {
  const TempDir folder;
  for (const char* name : {"a.so", "b.so"}) {
    std::filesystem::create_symlink(FAKE_HIP, folder.file(name));
  }
  control_of(FAKE_HIP).n_devices = 0;
  const gpu::Found found = gpu::find_devices(search({folder.file("a.so"), folder.file("b.so")}));
  EXPECT_EQ(reasons(found).find("reports no device"), reasons(found).rfind("reports no device"));
  EXPECT_TRUE(contains(reasons(found), "libfake_hip.so: reports no device"));
}

TEST_F(FindDevices, TheOldCallForPropertiesWillDo) {
  std::strcpy(control_of(FAKE_HIP_5).target, "gfx90a:sramecc+:xnack-");
  const gpu::Found found = gpu::find_devices(search({FAKE_HIP_5}));
  ASSERT_EQ(found.devices.size(), 1U);
  EXPECT_EQ(found.devices[0].properties.target, "gfx90a");
}

TEST_F(FindDevices, AnEmptyAnswerOfTheNewCallFallsBackToTheOld) {
  control_of(FAKE_HIP).empty_properties = true;
  std::strcpy(control_of(FAKE_HIP).target, "gfx1201");
  const gpu::Found found = gpu::find_devices(search({FAKE_HIP}));
  ASSERT_EQ(found.devices.size(), 1U);
  EXPECT_EQ(found.devices[0].properties.target, "gfx1201");
}

TEST_F(FindDevices, ATargetThatIsNoneIsLookedUpOrPassedOver) {
  std::strcpy(control_of(FAKE_HIP).target, "Radeon");
  control_of(FAKE_HIP).pci_bus = 12;
  gpu::SearchOptions options = search({FAKE_HIP});
  gpu::Found found = gpu::find_devices(options);
  EXPECT_TRUE(found.devices.empty());
  EXPECT_TRUE(contains(reasons(found), "libfake_hip.so, device 0 (Fake GPU): its architecture"));

  const TempDir nodes;
  std::filesystem::create_directories(nodes.file("1"));
  std::ofstream(nodes.file("1/properties"))
      << "gfx_target_version 110003\nlocation_id " << 12 * 256 << "\n";
  options.kfd_nodes = nodes.path();
  found = gpu::find_devices(options);
  ASSERT_EQ(found.devices.size(), 1U) << reasons(found);
  EXPECT_EQ(found.devices[0].properties.target, "gfx1103");
}

TEST_F(FindDevices, LibrariesAndCardsThatAreTooOld) {
  control_of(FAKE_HIP).version = 40'500'002;
  std::strcpy(control_of(FAKE_CUDA).target, "sm_75");
  const gpu::Found found = gpu::find_devices(search({FAKE_HIP}, {FAKE_CUDA}));
  EXPECT_TRUE(found.devices.empty());
  EXPECT_TRUE(contains(reasons(found), "is HIP 4.5.2; ROCm 5.0 is the oldest")) << reasons(found);
  EXPECT_TRUE(contains(reasons(found), "compute capability 7.5; 8.0 is the least"))
      << reasons(found);
}

TEST_F(FindDevices, EveryCallFailingInTurnIsAReasonAndNoLeak) {
  for (const char* path : {FAKE_HIP, FAKE_CUDA}) {
    FakeControl& control = control_of(path);
    const bool amd = path == std::string(FAKE_HIP);
    const gpu::SearchOptions options =
        amd ? search({path}, {"libnone.so.1"}) : search({"libnone.so.7"}, {path});
    const int before = control.n_calls;
    gpu::find_devices(options);
    const int n_calls = control.n_calls - before;
    ASSERT_GT(n_calls, 10);
    int n_passed_over = 0;
    for (int n = 1; n <= n_calls; ++n) {
      control.fail_at = n;
      {
        const gpu::Found found = gpu::find_devices(options);
        EXPECT_EQ(found.devices.size() + found.passed_over.size(), 2U) << reasons(found);
        if (found.devices.empty()) {
          EXPECT_TRUE(contains(reasons(found), control.failed_call)) << reasons(found);
          ++n_passed_over;
        }
      }
      control.fail_at = 0;
      EXPECT_EQ(control.live.sum(), 0) << "call " << n << ", " << control.failed_call;
    }
    EXPECT_GT(n_passed_over, 5);
  }
}

// --- what the environment says

class Environment : public testing::Test {
  FreshFakes fresh_;

 protected:
  ~Environment() override {
    for (const char* name : kNames) ::unsetenv(name);
  }
  static constexpr const char* kNames[] = {"ROCMFORGE_HIP_LIBRARY", "ROCMFORGE_CUDA_LIBRARY",
                                           "ROCMFORGE_GPU_TIMEOUT"};
};

TEST_F(Environment, SaysNothing) {
  ::setenv("ROCMFORGE_HIP_LIBRARY", "", 1);
  const gpu::SearchOptions options = gpu::default_search();
  const auto& hip = options.hip.candidates;
  ASSERT_GE(hip.size(), 4U);
  EXPECT_EQ(std::vector(hip.end() - 4, hip.end()),
            (std::vector<std::string>{"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
                                      "libamdhip64.so"}));
  EXPECT_EQ(options.cuda.candidates, std::vector<std::string>{"libcuda.so.1"});
  EXPECT_EQ(options.timeout_seconds, 30);
}

TEST_F(Environment, NamesTheLibraries) {
  ::setenv("ROCMFORGE_HIP_LIBRARY", FAKE_HIP_5, 1);
  ::setenv("ROCMFORGE_CUDA_LIBRARY", FAKE_CUDA, 1);
  const gpu::Found found = gpu::find_devices(gpu::default_search());
  ASSERT_EQ(found.devices.size(), 2U);
  EXPECT_EQ(found.devices[0].api->library(), FAKE_HIP_5);
  EXPECT_EQ(found.devices[1].api->library(), FAKE_CUDA);
}

TEST_F(Environment, ANamedLibraryThatFailsIsAnError) {
  const auto what = [](const std::string& path) {
    ::setenv("ROCMFORGE_HIP_LIBRARY", path.c_str(), 1);
    return error_of([] { gpu::find_devices(gpu::default_search()); });
  };
  EXPECT_EQ(what("/no/such.so").code(), ErrorCode::kNotFound);
  EXPECT_TRUE(contains(what("/no/such.so").what(),
                       "ROCMFORGE_HIP_LIBRARY=/no/such.so: cannot open shared object file"));
  EXPECT_TRUE(
      contains(what(FAKE_HIP_LACKING).what(), "libfake_hip_lacking.so: lacks hipGraphLaun"));
  control_of(FAKE_HIP).n_devices = 0;
  EXPECT_TRUE(contains(what(FAKE_HIP).what(), "libfake_hip.so: reports no device"));
  EXPECT_EQ(what(FAKE_HIP).code(), ErrorCode::kDevice);
  control_of(FAKE_HIP).n_devices = 1;
  control_of(FAKE_HIP).fail_at = 1;
  EXPECT_TRUE(contains(what(FAKE_HIP).what(), "libfake_hip.so: hipRuntimeGetVersion: the fake"));
}

TEST_F(Environment, SetsTheTimeLimit) {
  ::setenv("ROCMFORGE_GPU_TIMEOUT", "2.5", 1);
  EXPECT_EQ(gpu::default_search().timeout_seconds, 2.5);
  for (const char* text : {"soon", "-1", "nan", "3 s", "1e99"}) {
    ::setenv("ROCMFORGE_GPU_TIMEOUT", text, 1);
    EXPECT_EQ(error_of([] { gpu::default_search(); }).code(), ErrorCode::kUsage) << text;
  }
}

}  // namespace
}  // namespace rocmforge::test
