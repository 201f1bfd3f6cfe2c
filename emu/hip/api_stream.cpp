// Streams and events.
#include <chrono>

#include "hip/api.h"

using namespace rocmforge::emu;

namespace {

constexpr unsigned kNonBlocking = 1;    // hipStreamNonBlocking
constexpr unsigned kDisableTiming = 2;  // hipEventDisableTiming

int create_stream(const char* name, void** out, unsigned flags) {
  return call(name, [&](Driver& driver, Driver::Lock&) {
    if (flags > kNonBlocking) throw Status(kInvalidValue, "flags that are not known");
    require(out) = driver.add_stream(flags != kNonBlocking);
    return kSuccess;
  });
}

int create_event(const char* name, void** out, unsigned flags) {
  return call(name, [&](Driver& driver, Driver::Lock&) {
    auto event = std::make_shared<Event>();
    event->has_time = (flags & kDisableTiming) == 0;
    require(out) = driver.events.add(std::move(event));
    return kSuccess;
  });
}

std::shared_ptr<Event> uncaptured(Driver& driver, void* handle) {
  std::shared_ptr<Event> event = driver.events.at(handle);
  if (event->capture != nullptr) {
    event->capture->broken = true;
    throw Status(kCapturedEvent, "");
  }
  return event;
}

}  // namespace

EMU_HIP int hipStreamCreate(void** out) {
  return create_stream("hipStreamCreate", out, 0);
}

EMU_HIP int hipStreamCreateWithFlags(void** out, unsigned flags) {
  return create_stream("hipStreamCreateWithFlags", out, flags);
}

EMU_HIP int hipStreamCreateWithPriority(void** out, unsigned flags, int) {
  return create_stream("hipStreamCreateWithPriority", out, flags);
}

EMU_HIP int hipStreamDestroy(void* handle) {
  return call("hipStreamDestroy", [&](Driver& driver, Driver::Lock& lock) {
    driver.destroy_stream(lock, handle);
    return kSuccess;
  });
}

EMU_HIP int hipStreamQuery(void* handle) {
  return call("hipStreamQuery", [&](Driver& driver, Driver::Lock& lock) {
    const auto stream = driver.stream(handle);
    driver.forbid_captured(*stream);
    return driver.ask(lock, *stream) ? kSuccess : kNotReady;
  });
}

EMU_HIP int hipStreamSynchronize(void* handle) {
  return call("hipStreamSynchronize", [&](Driver& driver, Driver::Lock& lock) {
    const auto stream = driver.stream(handle);
    driver.forbid_captured(*stream);
    driver.finish(lock, *stream);
    return kSuccess;
  });
}

EMU_HIP int hipStreamWaitEvent(void* stream, void* event, unsigned flags) {
  return call("hipStreamWaitEvent", [&](Driver& driver, Driver::Lock&) {
    if (flags > 1) throw Status(kInvalidValue, "flags that are not known");
    driver.wait(*driver.stream(stream), *driver.events.at(event));
    return kSuccess;
  });
}

EMU_HIP int hipLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
  return call("hipLaunchHostFunc", [&](Driver& driver, Driver::Lock&) {
    if (function == nullptr) return kInvalidValue;
    driver.call_host(function, data, *driver.stream(stream));
    return kSuccess;
  });
}

EMU_HIP int hipEventCreate(void** out) {
  return create_event("hipEventCreate", out, 0);
}

EMU_HIP int hipEventCreateWithFlags(void** out, unsigned flags) {
  return create_event("hipEventCreateWithFlags", out, flags);
}

// What was recorded runs all the same.
EMU_HIP int hipEventDestroy(void* handle) {
  return call("hipEventDestroy", [&](Driver& driver, Driver::Lock&) {
    driver.events.take(handle);
    return kSuccess;
  });
}

EMU_HIP int hipEventRecord(void* handle, void* stream) {
  return call("hipEventRecord", [&](Driver& driver, Driver::Lock&) {
    driver.record(*driver.events.at(handle), *driver.stream(stream));
    return kSuccess;
  });
}

EMU_HIP int hipEventQuery(void* handle) {
  return call("hipEventQuery", [&](Driver& driver, Driver::Lock& lock) {
    return driver.ask(lock, uncaptured(driver, handle)->marker) ? kSuccess : kNotReady;
  });
}

EMU_HIP int hipEventSynchronize(void* handle) {
  return call("hipEventSynchronize", [&](Driver& driver, Driver::Lock& lock) {
    if (const CommandPtr marker = uncaptured(driver, handle)->marker) driver.finish(lock, marker);
    return kSuccess;
  });
}

// The emulator's own time, of which nothing follows for a card.
EMU_HIP int hipEventElapsedTime(float* out, void* from, void* to) {
  return call("hipEventElapsedTime", [&](Driver& driver, Driver::Lock&) {
    const auto first = uncaptured(driver, from), second = uncaptured(driver, to);
    if (first->marker == nullptr || second->marker == nullptr) {
      throw Status(kInvalidHandle, "the event was never recorded");
    }
    if (!first->has_time || !second->has_time) {
      throw Status(kInvalidHandle, "the event was made without timing");
    }
    WorkQueue& queue = driver.queue();
    if (!queue.is_done(first->marker) || !queue.is_done(second->marker)) return kNotReady;
    require(out) = std::chrono::duration<float, std::milli>(queue.finished(second->marker) -
                                                            queue.finished(first->marker))
                       .count();
    return kSuccess;
  });
}
