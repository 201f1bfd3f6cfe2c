// Modules, functions, launches.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "hip/api.h"

using namespace rocmforge::emu;

EMU_HIP int hipModuleLoadData(void** out, const void* image) {
  return call("hipModuleLoadData", [&](Driver& driver, Driver::Lock&) {
    require(out) = driver.modules.add(driver.load(image));
    return kSuccess;
  });
}

EMU_HIP int hipModuleLoadDataEx(void** out, const void* image, unsigned, int*, void**) {
  return hipModuleLoadData(out, image);
}

EMU_HIP int hipModuleLoad(void** out, const char* path) {
  return call("hipModuleLoad", [&](Driver& driver, Driver::Lock&) {
    std::ifstream file(&require(path), std::ios::binary);
    if (!file) throw Status(kFileNotFound, path);
    const std::string image{std::istreambuf_iterator<char>(file), {}};
    require(out) = driver.modules.add(driver.load(image.data()));
    return kSuccess;
  });
}

EMU_HIP int hipModuleUnload(void* module) {
  return call("hipModuleUnload", [&](Driver& driver, Driver::Lock&) {
    driver.unload(module);
    return kSuccess;
  });
}

EMU_HIP int hipModuleGetFunction(void** out, void* module, const char* name) {
  return call("hipModuleGetFunction", [&](Driver& driver, Driver::Lock&) {
    require(out) = driver.function(module, name);
    return kSuccess;
  });
}

EMU_HIP int hipModuleLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                  unsigned block_x, unsigned block_y, unsigned block_z,
                                  unsigned dynamic_lds, void* stream, void** parameters,
                                  void** extra) {
  return call("hipModuleLaunchKernel", [&](Driver& driver, Driver::Lock&) {
    const auto on = driver.stream(stream);
    driver.launch(*driver.functions.at(function),
                  {.grid = {grid_x, grid_y, grid_z},
                   .block = {block_x, block_y, block_z},
                   .dynamic_lds = dynamic_lds,
                   .parameters = parameters,
                   .extra = extra},
                  *on);
    return kSuccess;
  });
}
