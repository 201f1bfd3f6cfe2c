// Which modules of kernels a device is given.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "backend/gpu/code_objects.h"
#include "backend/gpu/kernels.h"
#include "gpu/fake_gpu.h"

namespace rocmforge::test {
namespace {

class Modules : public FakeGpu {
 protected:
  bool nvidia() const { return GetParam() == gpu::Vendor::kNvidia; }
  std::string target() const { return find().devices.at(0).properties.target; }
};

TEST_P(Modules, OnlyThoseThatTheModelNeedsAreLoaded) {
  ASSERT_GT(gpu::kernel_modules(target()).size(), 15U);
  control_.refuses_binaries = nvidia();  // PTX is text, in which kernels can be looked for
  for (const auto& [kernel, n] : {std::pair("matmul_q8_0_1", 1), {"matmul_mxfp4_1", 0}}) {
    std::strcpy(control_.watched, kernel);
    control_.n_modules = control_.n_watched = 0;
    EXPECT_EQ(run().error, "");
    EXPECT_GT(control_.n_modules, 2);
    EXPECT_LT(control_.n_modules, 8);
    EXPECT_EQ(control_.n_watched, nvidia() ? n : 0) << kernel;
  }
}

TEST_P(Modules, ABinaryThatDoesNotLoadGivesWayToPtx) {
  control_.refuses_binaries = true;
  const Outcome outcome = run();
  if (nvidia()) {
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.completion.tokens.size(), static_cast<std::size_t>(kTokens));
  } else {
    EXPECT_NE(outcome.error.find("hipModuleLoadData"), std::string::npos) << outcome.error;
  }
  EXPECT_EQ(control_.live.sum(), 0);
}

TEST_P(Modules, AreWaitedForWhenTheyGoUnused) {
  const gpu::Found found = find();
  Counters counters;
  const gpu::FoundDevice& device = found.devices.at(0);
  const auto context = std::make_shared<gpu::Context>(gpu::Context{
      .api = device.api, .properties = device.properties, .counters = counters, .setup = {}});
  gpu::Kernels kernels(context);
  for (const gpu::KernelModule& module : gpu::kernel_modules(target())) {
    kernels.want(std::string(module.kernels.at(0)));
  }
  EXPECT_EQ(kernels.n_loaded(), 0U);
  kernels.find("add_rows");
  kernels.find("scale_rows");
  EXPECT_EQ(kernels.n_loaded(), 1U);
  EXPECT_EQ(error_of([&] { kernels.want("subtract_rows"); }).code(), ErrorCode::kInternal);
}

TEST_P(Modules, NothingIsLoadedOnACardThatNoneWereBuiltFor) {
  gpu::Found found = find();
  found.devices.at(0).properties.target = nvidia() ? "sm_75" : "gfx1199";
  Counters counters;
  const Error e = error_of([&] { gpu::make_device(found.devices.at(0), counters); });
  EXPECT_EQ(e.code(), ErrorCode::kUnsupported);
  EXPECT_NE(std::string(e.what()).find("no kernels for "), std::string::npos) << e.what();
  EXPECT_EQ(control_.n_modules, 0);
}

INSTANTIATE_TEST_SUITE_P(Fake, Modules, testing::Values(gpu::Vendor::kAmd, gpu::Vendor::kNvidia),
                         name_of);

}  // namespace
}  // namespace rocmforge::test
