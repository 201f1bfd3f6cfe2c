// The fake libraries, opened, and the library's own side of them.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "backend/gpu/driver/handles.h"
#include "backend/gpu/driver/open.h"
#include "base/error.h"
#include "gpu_driver/fake_control.h"

namespace rocmforge::test {

inline void* fake_function(const std::string& path, const char* name) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // for the rest of the process
  if (library == nullptr) throw std::runtime_error(::dlerror());
  return ::dlsym(library, name);
}

inline FakeControl& control_of(const std::string& path) {
  return *reinterpret_cast<FakeControl* (*)()>(fake_function(path, "fake_control"))();
}

// The first member of a fixture: each test begins with libraries as they were loaded, and leaves no
// stream whose work it did not wait for.
struct FreshFakes {
  FreshFakes() {
    for (const char* path : kFakes) {
      reinterpret_cast<void (*)()>(fake_function(path, "fake_reset"))();
    }
  }
  FreshFakes(const FreshFakes&) = delete;
  FreshFakes& operator=(const FreshFakes&) = delete;
  ~FreshFakes() {
    for (const char* path : kFakes) EXPECT_EQ(control_of(path).n_destroyed_busy, 0) << path;
  }

 private:
  static constexpr const char* kFakes[] = {FAKE_HIP, FAKE_HIP_5, FAKE_HIP_LACKING, FAKE_CUDA};
};

inline std::unique_ptr<gpu::Api> open_fake(gpu::Vendor vendor, double timeout_seconds = 10) {
  const bool amd = vendor == gpu::Vendor::kAmd;
  const gpu::OpenOptions options = {.library = amd ? FAKE_HIP : FAKE_CUDA,
                                    .timeout_seconds = timeout_seconds,
                                    .kfd_nodes = "/nonexistent"};
  std::unique_ptr<gpu::Api> api = amd ? gpu::open_hip(options) : gpu::open_cuda(options);
  api->set_device(0);
  return api;
}

inline FakeControl& control_of(gpu::Vendor vendor) {
  return control_of(vendor == gpu::Vendor::kAmd ? FAKE_HIP : FAKE_CUDA);
}

inline std::span<const std::byte> image(std::string_view text) {  // with its final NUL
  return std::as_bytes(std::span(text.data(), text.size() + 1));
}

template <class T>
std::span<const std::byte> bytes_of(const T& args) {
  return std::as_bytes(std::span(&args, 1));
}

// The error that `act` throws; fails the test when it throws none.
template <class Act>
Error error_of(Act act) {
  try {
    act();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::kInternal, ""};
}

inline std::string name_of(const testing::TestParamInfo<gpu::Vendor>& info) {
  return info.param == gpu::Vendor::kAmd ? "hip" : "cuda";
}

}  // namespace rocmforge::test
