// A tiny model generating on a fake driver library. The fake device computes nothing, so every
// logit is 0 and every token the first.
#pragma once

#include <string>
#include <vector>

#include "backend/gpu/device.h"
#include "engine/engine.h"
#include "gpu_driver/fixture.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace rocmforge::test {

inline constexpr int kTokens = 3;

struct Outcome {
  bool found = false;  // a device
  std::string error;   // of finding it or loading
  engine::Completion completion;

  bool failed() const {
    return !found || !error.empty() || completion.reason == engine::FinishReason::kFailed;
  }
};

class FakeGpu : public testing::TestWithParam<gpu::Vendor> {
  FreshFakes fresh_;

 protected:
  void SetUp() override {
    if (!gpu::has_kernels(find().devices.at(0))) GTEST_SKIP() << "built without its kernels";
    path_ = write_tiny_model(dir_.file("tiny.gguf"), {.n_layers = 1, .matrix = DType::kQ8_0});
    control_.memory_total = std::int64_t{1} << 30;
  }

  gpu::Found find() const {
    gpu::SearchOptions search;
    if (GetParam() == gpu::Vendor::kAmd) {
      search.hip.candidates = {FAKE_HIP};
    } else {
      search.cuda.candidates = {FAKE_CUDA};
    }
    search.timeout_seconds = timeout_seconds_;
    return gpu::find_devices(search);
  }

  Outcome run() {
    Outcome out;
    try {
      const gpu::Found found = find();
      out.found = !found.devices.empty();
      if (!out.found) return out;
      Counters counters;
      const auto device = gpu::make_device(found.devices[0], counters);
      engine::Engine engine({.path = path_, .n_ctx = 64, .max_rows = 4}, *device, counters);
      const engine::Request request{.prompt = engine.tokenizer().encode("hi", {}),
                                    .max_tokens = kTokens,
                                    .sampling = {.temperature = 0},
                                    .ignore_eos = true};
      out.completion = std::get<engine::Completion>(engine.generate(request, {}));
    } catch (const Error& e) {
      out.error = e.what();
    }
    return out;
  }

  double timeout_seconds_ = 5;
  TempDir dir_;
  std::string path_;
  FakeControl& control_ = control_of(GetParam());
};

}  // namespace rocmforge::test
