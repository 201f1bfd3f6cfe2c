// `rocmforge devices`, whatever GPUs this machine has; tests/gpu_driver has it with fake ones.
#include "cli/program.h"

namespace rocmforge::test {
namespace {

TEST(Devices, TheCpuIsAlwaysThere) {
  const Outcome table = run_rocmforge({"devices"});
  EXPECT_TRUE(succeeded(table));
  EXPECT_EQ(table.out.find("cpu "), 0U) << table.out;
  EXPECT_NE(table.out.find(" GiB free"), std::string::npos) << table.out;
  const Outcome json = run_rocmforge({"devices", "--json"});
  EXPECT_TRUE(succeeded(json));
  EXPECT_EQ(json.out.find(R"({"devices":[{"device":"cpu","name":")"), 0U) << json.out;
  EXPECT_NE(json.out.find(R"("passed_over":[)"), std::string::npos) << json.out;
}

TEST(Devices, ALibraryThatIsAskedForMustBeThere) {
  for (const char* name : {"ROCMFORGE_HIP_LIBRARY", "ROCMFORGE_CUDA_LIBRARY"}) {
    Command command = rocmforge({"devices"});
    command.env[name] = "/no/such/library.so";
    EXPECT_TRUE(failed(run(command), {name, "/no/such/library.so", "No such file"}));
  }
  Command command = rocmforge({"devices"});
  command.env["ROCMFORGE_GPU_TIMEOUT"] = "soon";
  EXPECT_TRUE(misused(run(command), {"ROCMFORGE_GPU_TIMEOUT", "soon"}));
}

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

TEST_F(DeviceOption, AutoIsTheCpuWithoutAGpu) {
  Command command = generate("hi", {"--device", "cpu", "-n", "3", "--seed", "1"});
  const Outcome cpu = run(command);
  EXPECT_TRUE(succeeded(cpu));
  const Outcome best = run(generate("hi", {"-n", "3", "--seed", "1"}));
  EXPECT_TRUE(succeeded(best));
}

}  // namespace
}  // namespace rocmforge::test
