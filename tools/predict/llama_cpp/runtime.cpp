// HIP's runtime for programs that clang compiled with kernels inside, over the module calls of the
// library that is linked: code objects are files of ROCMFORGE_LLAMA_OBJECTS, one a source file.
//
// clang embeds a "fat binary" in each source's object; build.py puts the name of the source there.
#include <hip/hip_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Needs {
  int vgprs = 0, lds = 0;
};

struct Source {
  std::string name;
  hipModule_t module = nullptr;
  std::map<std::string, Needs> needs;  // of its kernels, from NAME.needs
};

struct Kernel {
  Source* source = nullptr;
  std::string name;
  hipFunction_t function = nullptr;
};

struct Call {
  dim3 grid, block;
  size_t lds;
  hipStream_t stream;
};

std::map<const void*, Kernel>& kernels() {
  static std::map<const void*, Kernel> all;
  return all;
}
thread_local std::vector<Call> calls;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "runtime: %s\n", why.c_str());
  std::_Exit(3);
}

std::string path_of(const Source& source, const char* kind) {
  const char* folder = std::getenv("ROCMFORGE_LLAMA_OBJECTS");
  if (folder == nullptr) fail("ROCMFORGE_LLAMA_OBJECTS names no folder of code objects");
  return std::string(folder) + "/" + source.name + kind;
}

void load(Source& source) {
  if (source.module != nullptr) return;
  const std::string path = path_of(source, ".co");
  if (!std::ifstream(path)) {
    fail(source.name + ": a kernel is launched whose device code was not compiled");
  }
  if (const hipError_t e = hipModuleLoad(&source.module, path.c_str()); e != hipSuccess) {
    fail(path + ": " + hipGetErrorString(e));
  }
  std::ifstream needs(path_of(source, ".needs"));
  std::string kernel;
  for (Needs n; needs >> kernel >> n.vgprs >> n.lds;) source.needs[kernel] = n;
}

Kernel& find(const void* function) {
  const auto found = kernels().find(function);
  if (found == kernels().end()) fail("a kernel that was not registered");
  Kernel& kernel = found->second;
  load(*kernel.source);
  if (kernel.function == nullptr) {
    const hipError_t e =
        hipModuleGetFunction(&kernel.function, kernel.source->module, kernel.name.c_str());
    if (e != hipSuccess)
      fail(kernel.source->name + ": " + kernel.name + ": " + hipGetErrorString(e));
  }
  return kernel;
}

int attribute(hipDeviceAttribute_t which, int device) {
  int value = 0;
  if (hipDeviceGetAttribute(&value, which, device) != hipSuccess) fail("an attribute is unknown");
  return value;
}

}  // namespace

extern "C" {

// Where build.py sends what it left out.
void rocmforge_left_out(const char* name) {
  fail(std::string(name) + " was left out of this build");
}

void** __hipRegisterFatBinary(const void* wrapper) {
  struct Wrapper {
    unsigned magic, version;
    const char* binary;
    void* unused;
  };
  auto* source = new Source;
  source->name = static_cast<const Wrapper*>(wrapper)->binary;
  return reinterpret_cast<void**>(source);
}
void __hipUnregisterFatBinary(void**) {}
void __hipRegisterFunction(void** handle, const void* function, char*, const char* name, unsigned,
                           void*, void*, void*, void*, int*) {
  kernels()[function] = {reinterpret_cast<Source*>(handle), name, nullptr};
}
void __hipRegisterVar(void**, void*, char*, char*, int, size_t, int, int) {}

hipError_t __hipPushCallConfiguration(dim3 grid, dim3 block, size_t lds, hipStream_t stream) {
  calls.push_back({grid, block, lds, stream});
  return hipSuccess;
}
hipError_t __hipPopCallConfiguration(dim3* grid, dim3* block, size_t* lds, hipStream_t* stream) {
  if (calls.empty()) return hipErrorInvalidValue;
  *grid = calls.back().grid;
  *block = calls.back().block;
  *lds = calls.back().lds;
  *stream = calls.back().stream;
  calls.pop_back();
  return hipSuccess;
}

hipError_t hipLaunchKernel(const void* function, dim3 grid, dim3 block, void** args, size_t lds,
                           hipStream_t stream) {
  const Kernel& kernel = find(function);
  if (std::getenv("ROCMFORGE_LLAMA_TRACE") != nullptr) {
    std::fprintf(stderr, "launch %s %s grid %u %u %u block %u %u %u lds %zu\n",
                 kernel.source->name.c_str(), kernel.name.c_str(), grid.x, grid.y, grid.z, block.x,
                 block.y, block.z, lds);
  }
  return hipModuleLaunchKernel(kernel.function, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                               static_cast<unsigned>(lds), stream, args, nullptr);
}

hipError_t hipFuncSetAttribute(const void*, hipFuncAttribute, int) {
  return hipSuccess;
}

// Of a WGP, as HIP counts its multiprocessors on RDNA: four SIMDs of 1536 registers a lane, given
// in steps of 24 to at most 16 waves, and 128 KiB of LDS.
hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function,
                                                        int threads, size_t dynamic_lds) {
  const Kernel& kernel = find(function);
  const auto found = kernel.source->needs.find(kernel.name);
  if (found == kernel.source->needs.end()) fail(kernel.name + ": needs are not known");
  const int registers = std::max(24, (found->second.vgprs + 23) / 24 * 24);
  const int waves = 4 * std::min(16, 1536 / registers);
  const int lds = found->second.lds + static_cast<int>(dynamic_lds);
  *blocks = waves / ((threads + 31) / 32);
  if (lds > 0) *blocks = std::min(*blocks, (128 << 10) / lds);
  return hipSuccess;
}

hipError_t hipGetDeviceProperties(hipDeviceProp_t* p, int device) {
  *p = {};
  size_t free = 0, total = 0;
  if (hipDeviceGetName(p->name, sizeof p->name, device) != hipSuccess ||
      hipMemGetInfo(&free, &total) != hipSuccess) {
    return hipErrorInvalidValue;
  }
  p->totalGlobalMem = total;
  p->sharedMemPerBlock = 64 << 10;
  p->warpSize = 32;
  p->maxThreadsPerBlock = 1024;
  p->multiProcessorCount = attribute(hipDeviceAttributeMultiprocessorCount, device);
  p->major = 11;
  std::strcpy(p->gcnArchName, "gfx1100");
  return hipSuccess;
}

}  // extern "C"
