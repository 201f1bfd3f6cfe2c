// Devices, versions, errors.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "hip/api.h"
#include "hip/properties.h"

using namespace rocmforge::emu;

namespace {

void require_device(int device) {
  if (device != 0) throw Status(kInvalidDevice, "there is device 0 alone");
}

}  // namespace

EMU_HIP int hipInit(unsigned flags) {
  return call("hipInit",
              [&](Driver&, Driver::Lock&) { return flags == 0 ? kSuccess : kInvalidValue; });
}

EMU_HIP int hipRuntimeGetVersion(int* out) {
  return call("hipRuntimeGetVersion", [&](Driver&, Driver::Lock&) {
    require(out) = kVersion;
    return kSuccess;
  });
}

EMU_HIP int hipDriverGetVersion(int* out) {
  return call("hipDriverGetVersion", [&](Driver&, Driver::Lock&) {
    require(out) = kDriverVersion;
    return kSuccess;
  });
}

EMU_HIP int hipGetDeviceCount(int* out) {
  return call("hipGetDeviceCount", [&](Driver&, Driver::Lock&) {
    require(out) = 1;
    return kSuccess;
  });
}

EMU_HIP int hipGetDevice(int* out) {
  return call("hipGetDevice", [&](Driver&, Driver::Lock&) {
    require(out) = 0;
    return kSuccess;
  });
}

EMU_HIP int hipSetDevice(int device) {
  return call("hipSetDevice", [&](Driver&, Driver::Lock&) {
    require_device(device);
    return kSuccess;
  });
}

EMU_HIP int hipDeviceGet(int* out, int ordinal) {
  return call("hipDeviceGet", [&](Driver&, Driver::Lock&) {
    require_device(ordinal);
    require(out) = ordinal;
    return kSuccess;
  });
}

EMU_HIP int hipDeviceGetName(char* out, int room, int device) {
  return call("hipDeviceGetName", [&](Driver& driver, Driver::Lock&) {
    require_device(device);
    if (out == nullptr || room <= 0) return kInvalidValue;
    const auto n = std::min(driver.card().name.size(), static_cast<std::size_t>(room) - 1);
    std::memcpy(out, driver.card().name.data(), n);
    out[n] = 0;
    return kSuccess;
  });
}

EMU_HIP int hipDeviceGetPCIBusId(char* out, int room, int device) {
  return call("hipDeviceGetPCIBusId", [&](Driver&, Driver::Lock&) {
    require_device(device);
    constexpr char kId[] = "0000:00:00.0";
    if (out == nullptr || room < static_cast<int>(sizeof(kId))) return kInvalidValue;
    std::memcpy(out, kId, sizeof(kId));
    return kSuccess;
  });
}

EMU_HIP int hipDeviceGetAttribute(int* out, int which, int device) {
  return call("hipDeviceGetAttribute", [&](Driver& driver, Driver::Lock&) {
    require_device(device);
    const auto value = attribute(driver.card(), which);
    if (!value) throw Status(kInvalidValue, "attribute " + std::to_string(which));
    require(out) = *value;
    return kSuccess;
  });
}

EMU_HIP int hipGetDevicePropertiesR0600(void* out, int device) {
  return call("hipGetDevicePropertiesR0600", [&](Driver& driver, Driver::Lock&) {
    require_device(device);
    if (out == nullptr) return kInvalidValue;
    if (!driver.options().new_properties) throw Status(kNotSupported, "ROCMFORGE_EMU_PROPERTIES");
    write_properties(driver.card(), out);
    return kSuccess;
  });
}

EMU_HIP int hipGetDeviceProperties(void* out, int device) {
  return call("hipGetDeviceProperties", [&](Driver& driver, Driver::Lock&) {
    require_device(device);
    if (out == nullptr) return kInvalidValue;
    if (!driver.options().old_properties) throw Status(kNotSupported, "ROCMFORGE_EMU_PROPERTIES");
    write_old_properties(driver.card(), out);
    return kSuccess;
  });
}

EMU_HIP int hipDeviceCanAccessPeer(int* out, int device, int peer) {
  return call("hipDeviceCanAccessPeer", [&](Driver&, Driver::Lock&) {
    require_device(device);
    require_device(peer);
    require(out) = 0;
    return kSuccess;
  });
}

EMU_HIP int hipDeviceSynchronize() {
  return call("hipDeviceSynchronize", [&](Driver& driver, Driver::Lock& lock) {
    driver.forbid_in_capture();
    driver.finish(lock, nullptr);
    return kSuccess;
  });
}

// Everything that the program made is gone, a fault forgotten; the environment is read anew.
EMU_HIP int hipDeviceReset() {
  Driver::reset();
  last_error = {};
  return kSuccess;
}

EMU_HIP const char* hipGetErrorName(int code) {
  return error_name(code);
}

// With more than HIP's own words where there is more to say: of this thread's last error, and of
// the fault that lost the card. Good until the thread asks again.
EMU_HIP const char* hipGetErrorString(int code) {
  thread_local char text[sizeof(LastError) + 128];
  const bool more = code != kSuccess && code == last_error.worded && last_error.words[0] != 0;
  std::snprintf(text, sizeof(text), "%s%s%s", error_words(code), more ? ": " : "",
                more ? last_error.words : "");
  return text;
}

EMU_HIP int hipGetLastError() {
  const int code = last_error.code;
  last_error.code = kSuccess;
  return code;
}

EMU_HIP int hipPeekAtLastError() {
  return last_error.code;
}

// Not HIP's: what the kernels did so far, as text; good until the thread asks again. Null before
// the first call.
extern "C" __attribute__((visibility("default"))) const char* rocmforgeEmuReport() {
  static auto* const text = new std::string;  // which outlives whoever calls while the program ends
  const Driver* driver = Driver::existing();
  if (driver == nullptr) return nullptr;
  *text = driver->report().text();
  return text->c_str();
}
