// `rocmforge devices`, whatever GPUs this machine has; tests/gpu_driver has it with fake ones.
#include "cli/program.h"

namespace rocmforge::test {
namespace {

TEST(Devices, TheCpuIsAlwaysThere) {
  const Outcome table = run_rocmforge({"devices"});
  EXPECT_TRUE(succeeded(table));
  EXPECT_EQ(table.out.find("cpu "), 0U) << table.out;
  EXPECT_NE(table.out.find(" GiB free"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("\nkernels of this program: "), std::string::npos) << table.out;
  const Outcome json = run_rocmforge({"devices", "--json"});
  EXPECT_TRUE(succeeded(json));
  EXPECT_EQ(json.out.find(R"({"devices":[{"device":"cpu","name":")"), 0U) << json.out;
  EXPECT_NE(json.out.find(R"("passed_over":[)"), std::string::npos) << json.out;
  EXPECT_NE(json.out.find(R"(],"kernels":[)"), std::string::npos) << json.out;
}

TEST(Devices, ALibraryThatIsAskedForAndNotThereIsPassedOver) {
  for (const char* name : {"ROCMFORGE_HIP_LIBRARY", "ROCMFORGE_CUDA_LIBRARY"}) {
    Command command = rocmforge({"devices"});
    command.env[name] = "/no/such/library.so";
    const Outcome o = run(command);
    EXPECT_TRUE(succeeded(o));
    EXPECT_EQ(o.out.find("cpu "), 0U) << o.out;
    EXPECT_NE(o.out.find(std::string("  ") + name + "=/no/such/library.so: "), std::string::npos)
        << o.out;
  }
  Command command = rocmforge({"devices"});
  command.env["ROCMFORGE_GPU_TIMEOUT"] = "soon";
  EXPECT_TRUE(misused(run(command), {"ROCMFORGE_GPU_TIMEOUT", "soon"}));
}

#ifdef FAKE_CUDA
TEST(Devices, TheOtherVendorIsListedStill) {
  Command command = rocmforge({"devices"});
  command.env["ROCMFORGE_HIP_LIBRARY"] = "/no/such/library.so";
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  const Outcome o = run(command);
  EXPECT_TRUE(succeeded(o));
  EXPECT_NE(o.out.find("\ncuda:0 "), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("ROCMFORGE_HIP_LIBRARY=/no/such/library.so: "), std::string::npos) << o.out;
}

TEST(Devices, APathIsSaidOnce) {
  Command command = rocmforge({"bench", "--random", "llama-tiny:Q4_0", "--device", "cuda"});
  command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
  command.env["FAKE_TARGET"] = "sm_75";
  const Outcome o = run(command);
  EXPECT_TRUE(failed(o, {"device 0", "7.5", FAKE_CUDA}));
  EXPECT_EQ(o.err.find(FAKE_CUDA), o.err.rfind(FAKE_CUDA)) << o.err;
}
#endif

class DeviceOption : public Cli {};

TEST_F(DeviceOption, NamesADeviceOrSaysWhatThereIs) {
  for (const char* name : {"warp", "cpu:1", "cuda:", "cuda:x", "hip:-1", "hip:1x", ""}) {
    EXPECT_TRUE(misused(run(generate("hi", {"--device", name})), {"--device", "auto, cpu, hip"}))
        << name;
  }
  // More cards than any machine has.
  for (const char* name : {"hip:9999", "cuda:9999"}) {
    EXPECT_TRUE(failed(run(generate("hi", {"--device", name})), {name, "no such device"}));
  }
  Command command = generate("hi", {"--device", "hip"});
  command.env["ROCMFORGE_HIP_LIBRARY"] = "/no/such/library.so";
  EXPECT_TRUE(failed(run(command), {"ROCMFORGE_HIP_LIBRARY", "/no/such/library.so"}));
}

#ifdef FAKE_CUDA
// Nothing is loaded on a card that no kernels were built for: the CPU answers, or nobody.
TEST_F(DeviceOption, ACardWithoutKernelsIsNamedWithWhatToDo) {
  const auto on = [this](const char* device) {
    Command command = generate("hi", {"-n", "3", "--temperature", "0", "--device", device});
    command.env["ROCMFORGE_HIP_LIBRARY"] = FAKE_HIP;
    command.env["FAKE_TARGET"] = "gfx1104";
    return run(command);
  };
  const Outcome automatic = on("auto");
  EXPECT_TRUE(succeeded(automatic));
  EXPECT_NE(automatic.err.find("None can be built for gfx1104"), std::string::npos)
      << automatic.err;
  EXPECT_NE(automatic.err.find("running on the CPU"), std::string::npos) << automatic.err;
  EXPECT_TRUE(failed(on("hip"), {"None can be built for gfx1104"}));
}

// A card of 1 GiB, and a KV cache of 2, of which no layer fits: the CPU answers, and it is said
// why.
TEST_F(DeviceOption, AutoGivesWayToTheCpuAndSaysWhy) {
  if (ROCMFORGE_TEST_KERNELS == 0) GTEST_SKIP() << "built without kernels for the fake card";
  const std::vector<std::string> more = {"-c", "8000000", "-n", "3", "--temperature", "0"};
  const auto on = [&](const char* device) {
    Command command = generate("hi", more);
    command.argv.insert(command.argv.end(), {"--device", device});
    command.env["ROCMFORGE_CUDA_LIBRARY"] = FAKE_CUDA;
    return run(command);
  };
  const Outcome automatic = on("auto"), cpu = on("cpu");
  EXPECT_TRUE(succeeded(automatic));
  EXPECT_TRUE(succeeded(cpu));
  EXPECT_EQ(answer_of(automatic).text, answer_of(cpu).text);
  EXPECT_NE(automatic.err.find("running with as many layers as fit"), std::string::npos)
      << automatic.err;
  EXPECT_EQ(cpu.err.find("running with "), std::string::npos) << cpu.err;
  EXPECT_TRUE(failed(on("cuda"), {}));
}
#endif

}  // namespace
}  // namespace rocmforge::test
