// Memory, copies, fills.
#include "hip/api.h"

using namespace rocmforge::emu;

namespace {

// Of the calls that are not ..._async: as those on the null stream, waited for.
int copy_now(const char* name, const Copy& copy) {
  return call(name, [&](Driver& driver, Driver::Lock& lock) {
    driver.forbid_in_capture();
    Stream& stream = *driver.stream(nullptr);
    driver.copy(lock, copy, stream);
    driver.finish(lock, stream);
    return kSuccess;
  });
}

int copy_later(const char* name, const Copy& copy, void* stream) {
  return call(name, [&](Driver& driver, Driver::Lock& lock) {
    driver.copy(lock, copy, *driver.stream(stream));
    return kSuccess;
  });
}

int fill_later(const char* name, const Fill& fill, void* stream) {
  return call(name, [&](Driver& driver, Driver::Lock& lock) {
    driver.fill(lock, fill, *driver.stream(stream));
    return kSuccess;
  });
}

}  // namespace

EMU_HIP int hipMemGetInfo(std::size_t* free, std::size_t* total) {
  return call("hipMemGetInfo", [&](Driver& driver, Driver::Lock&) {
    require(free) = driver.memory().free_bytes();
    require(total) = driver.memory().total_bytes();
    return kSuccess;
  });
}

EMU_HIP int hipMalloc(void** out, std::size_t bytes) {
  return call("hipMalloc", [&](Driver& driver, Driver::Lock&) {
    require(out) = driver.allocate(bytes);
    return kSuccess;
  });
}

EMU_HIP int hipFree(void* address) {
  return call("hipFree", [&](Driver& driver, Driver::Lock& lock) {
    driver.release(lock, address);
    return kSuccess;
  });
}

EMU_HIP int hipHostMalloc(void** out, std::size_t bytes, unsigned) {
  return call("hipHostMalloc", [&](Driver& driver, Driver::Lock&) {
    require(out) = driver.allocate_pinned(bytes);
    return kSuccess;
  });
}

EMU_HIP int hipHostFree(void* address) {
  return call("hipHostFree", [&](Driver& driver, Driver::Lock& lock) {
    driver.release_pinned(lock, address);
    return kSuccess;
  });
}

EMU_HIP int hipHostRegister(void* address, std::size_t bytes, unsigned flags) {
  constexpr unsigned kReadOnly = 8;  // hipHostRegisterReadOnly
  return call("hipHostRegister", [&](Driver& driver, Driver::Lock&) {
    driver.register_host(address, bytes, (flags & kReadOnly) == 0);
    return kSuccess;
  });
}

EMU_HIP int hipHostUnregister(void* address) {
  return call("hipHostUnregister", [&](Driver& driver, Driver::Lock& lock) {
    driver.unregister_host(lock, address);
    return kSuccess;
  });
}

EMU_HIP int hipHostGetDevicePointer(void** out, void* address, unsigned) {
  return call("hipHostGetDevicePointer", [&](Driver& driver, Driver::Lock&) {
    if (!driver.is_pinned(address, 1)) return kInvalidValue;
    require(out) = address;
    return kSuccess;
  });
}

EMU_HIP int hipMemcpyAsync(void* to, const void* from, std::size_t bytes, int kind, void* stream) {
  return copy_later("hipMemcpyAsync", {to, from, bytes, kind}, stream);
}

EMU_HIP int hipMemcpyHtoDAsync(void* to, void* from, std::size_t bytes, void* stream) {
  return copy_later("hipMemcpyHtoDAsync", {to, from, bytes, 1}, stream);
}

EMU_HIP int hipMemcpyDtoHAsync(void* to, void* from, std::size_t bytes, void* stream) {
  return copy_later("hipMemcpyDtoHAsync", {to, from, bytes, 2}, stream);
}

EMU_HIP int hipMemcpyDtoDAsync(void* to, void* from, std::size_t bytes, void* stream) {
  return copy_later("hipMemcpyDtoDAsync", {to, from, bytes, 3}, stream);
}

EMU_HIP int hipMemcpy(void* to, const void* from, std::size_t bytes, int kind) {
  return copy_now("hipMemcpy", {to, from, bytes, kind});
}

EMU_HIP int hipMemcpyHtoD(void* to, void* from, std::size_t bytes) {
  return copy_now("hipMemcpyHtoD", {to, from, bytes, 1});
}

EMU_HIP int hipMemcpyDtoH(void* to, void* from, std::size_t bytes) {
  return copy_now("hipMemcpyDtoH", {to, from, bytes, 2});
}

EMU_HIP int hipMemcpyDtoD(void* to, void* from, std::size_t bytes) {
  return copy_now("hipMemcpyDtoD", {to, from, bytes, 3});
}

EMU_HIP int hipMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                             std::size_t from_pitch, std::size_t width, std::size_t height,
                             int kind, void* stream) {
  return call("hipMemcpy2DAsync", [&](Driver& driver, Driver::Lock& lock) {
    if (width > to_pitch || width > from_pitch) throw Status(kInvalidValue, "wider than a pitch");
    const auto on = driver.stream(stream);
    for (std::size_t row = 0; row < height; ++row) {
      driver.copy(lock,
                  {static_cast<char*>(to) + row * to_pitch,
                   static_cast<const char*>(from) + row * from_pitch, width, kind},
                  *on);
    }
    return kSuccess;
  });
}

EMU_HIP int hipMemsetAsync(void* at, int value, std::size_t bytes, void* stream) {
  return fill_later("hipMemsetAsync", {at, static_cast<std::uint32_t>(value), 1, bytes}, stream);
}

EMU_HIP int hipMemsetD8Async(void* at, unsigned char value, std::size_t count, void* stream) {
  return fill_later("hipMemsetD8Async", {at, value, 1, count}, stream);
}

EMU_HIP int hipMemsetD32Async(void* at, int value, std::size_t count, void* stream) {
  return fill_later("hipMemsetD32Async", {at, static_cast<std::uint32_t>(value), 4, count}, stream);
}

EMU_HIP int hipMemset(void* at, int value, std::size_t bytes) {
  return fill_later("hipMemset", {at, static_cast<std::uint32_t>(value), 1, bytes}, nullptr);
}
