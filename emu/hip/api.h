// What HIP's C functions are made of. Their signatures: ROCm/HIP include/hip/hip_runtime_api.h.
#pragma once

#include <new>
#include <string>

#include "base/error.h"
#include "hip/codes.h"
#include "hip/driver.h"

#define EMU_HIP extern "C" __attribute__((visibility("default")))

namespace rocmforge::emu {

// What hipGetLastError() and hipGetErrorString() tell this thread.
struct LastError {
  int code = kSuccess;
  int worded = kSuccess;  // the code that `words` belong to
  std::string words;
};
inline thread_local LastError last_error;

inline int tell(int code, const std::string& words) {
  if (code != kSuccess && code != kNotReady) last_error = {code, code, words};
  return code;
}

// body(driver, lock) -> code, or throws Status.
template <class Body>
int call(const char* name, Body body) noexcept {
  try {
    Driver& driver = Driver::get();
    Driver::Lock lock(driver.mutex);
    driver.enter(name);
    return tell(body(driver, lock), "");
  } catch (const Status& status) {
    return tell(status.code(), status.what());
  } catch (const Error& e) {
    return tell(e.code() == ErrorCode::kOutOfMemory ? kOutOfMemory : kInvalidValue, e.what());
  } catch (const std::bad_alloc&) {
    return tell(kOutOfMemory, "of the host");
  } catch (const std::exception& e) {
    return tell(kUnknown, e.what());
  }
}

template <class T>
T& require(T* out) {
  if (out == nullptr) throw Status(kInvalidValue, "a null pointer");
  return *out;
}

}  // namespace rocmforge::emu
