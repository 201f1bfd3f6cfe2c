// Capture and graphs.
#include "hip/api.h"

using namespace rocmforge::emu;

namespace {

int instantiate(const char* name, void** out, void* graph) {
  return call(name, [&](Driver& driver, Driver::Lock&) {
    auto copy = std::make_shared<Graph>(Graph{driver.graphs.at(graph)->nodes, nullptr});
    require(out) = driver.executables.add(std::move(copy));
    return kSuccess;
  });
}

}  // namespace

EMU_HIP int hipStreamBeginCapture(void* stream, int mode) {
  return call("hipStreamBeginCapture", [&](Driver& driver, Driver::Lock&) {
    driver.begin_capture(*driver.stream(stream), mode);
    return kSuccess;
  });
}

EMU_HIP int hipStreamEndCapture(void* stream, void** out) {
  return call("hipStreamEndCapture", [&](Driver& driver, Driver::Lock&) {
    require(out) = nullptr;
    *out = driver.graphs.add(driver.end_capture(*driver.stream(stream)));
    return kSuccess;
  });
}

EMU_HIP int hipStreamIsCapturing(void* stream, int* out) {
  return call("hipStreamIsCapturing", [&](Driver& driver, Driver::Lock&) {
    const auto on = driver.stream(stream);
    // hipStreamCaptureStatusNone, ...Active, ...Invalidated
    require(out) = on->capture == nullptr ? 0 : on->capture->broken ? 2 : 1;
    return kSuccess;
  });
}

EMU_HIP int hipGraphDestroy(void* graph) {
  return call("hipGraphDestroy", [&](Driver& driver, Driver::Lock&) {
    driver.graphs.take(graph);
    return kSuccess;
  });
}

EMU_HIP int hipGraphInstantiate(void** out, void* graph, void**, char*, std::size_t) {
  return instantiate("hipGraphInstantiate", out, graph);
}

EMU_HIP int hipGraphInstantiateWithFlags(void** out, void* graph, unsigned long long) {
  return instantiate("hipGraphInstantiateWithFlags", out, graph);
}

// What was launched runs all the same.
EMU_HIP int hipGraphExecDestroy(void* graph) {
  return call("hipGraphExecDestroy", [&](Driver& driver, Driver::Lock&) {
    driver.executables.take(graph);
    return kSuccess;
  });
}

EMU_HIP int hipGraphLaunch(void* graph, void* stream) {
  return call("hipGraphLaunch", [&](Driver& driver, Driver::Lock&) {
    driver.launch(*driver.executables.at(graph), *driver.stream(stream));
    return kSuccess;
  });
}
