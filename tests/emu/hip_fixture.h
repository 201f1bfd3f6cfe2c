// The emulated card as the program finds it: the library opened by find_devices().
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/gpu/driver/find.h"
#include "backend/gpu/driver/handles.h"
#include "base/error.h"
#include "emu/hip_kernels.h"

namespace rocmforge::emutest {

inline std::vector<std::byte> object_file(const std::string& name) {
  std::ifstream file(EMU_HIP_OBJECTS "/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(text.empty()) << name;
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// A function of the library, for what the program's driver does not call.
template <class... Args>
int hip(const char* name, Args... args) {
  static void* library = ::dlopen(EMU_HIP_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  const auto function = reinterpret_cast<int (*)(Args...)>(::dlsym(library, name));
  if (function == nullptr) {
    ADD_FAILURE() << "no " << name;
    return -1;
  }
  return function(args...);
}

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

inline void expect_words(const Error& error, const std::string& words) {
  EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
}

class EmulatedCard : public testing::Test {
 protected:
  ~EmulatedCard() override { close(); }

  using Environment = std::map<std::string, std::string>;

  // The variables go without their prefix. A card that was open before is gone, and all on it.
  gpu::Found find(Environment environment) {
    close();
    environment.emplace("CARD", "units=4,memory=256M");
    environment.emplace("THREADS", "2");
    for (const auto& [name, value] : environment) {
      ::setenv(("ROCMFORGE_EMU_" + name).c_str(), value.c_str(), 1);
    }
    environment_ = std::move(environment);
    gpu::SearchOptions options;
    options.hip = {
        .candidates = {EMU_HIP_LIBRARY}, .variable = "ROCMFORGE_HIP_LIBRARY", .folder = ""};
    options.kfd_nodes = "/nonexistent";
    return gpu::find_devices(options);
  }
  gpu::Api& open(Environment environment = {}) {
    gpu::Found found = find(std::move(environment));
    properties_ = found.devices.at(0).properties;
    api_ = found.devices.at(0).api;
    api_->set_device(0);
    return *api_;
  }
  void close() {
    module_ = {};
    api_ = nullptr;
    hip("hipDeviceReset");
    for (const auto& [name, value] : environment_) ::unsetenv(("ROCMFORGE_EMU_" + name).c_str());
    environment_.clear();
  }
  gpu::FunctionHandle kernel(const char* name) {
    if (!module_) module_ = gpu::load_module(*api_, object_file("gfx1100/hip_kernels.co"));
    return api_->function(module_.get(), name);
  }
  void launch(const char* name, const HipArgs& args, gpu::StreamHandle stream,
              std::uint32_t groups = 1) {
    api_->launch(kernel(name), {.grid = {groups, 1, 1}, .block = {kGroup, 1, 1}},
                 std::as_bytes(std::span(&args, 1)), stream);
  }
  static HipArgs args(gpu::DeviceAddress address, unsigned n, unsigned value) {
    return {reinterpret_cast<unsigned*>(address), n, value};
  }

  gpu::DeviceProperties properties_;
  std::shared_ptr<gpu::Api> api_;
  gpu::Module module_;

 private:
  Environment environment_;
};

}  // namespace rocmforge::emutest
