#include "hip/codes.h"

#include <iterator>

namespace rocmforge::emu {
namespace {

struct Row {
  int code;
  const char* name;
  const char* words;
};

constexpr Row kRows[] = {
    {kSuccess, "hipSuccess", "no error"},
    {kInvalidValue, "hipErrorInvalidValue", "invalid argument"},
    {kOutOfMemory, "hipErrorOutOfMemory", "out of memory"},
    {3, "hipErrorNotInitialized", "not initialized"},
    {kInvalidConfiguration, "hipErrorInvalidConfiguration", "invalid launch configuration"},
    {kInvalidDevicePointer, "hipErrorInvalidDevicePointer", "invalid device pointer"},
    {kInvalidMemcpyDirection, "hipErrorInvalidMemcpyDirection", "invalid direction of a copy"},
    {98, "hipErrorInvalidDeviceFunction", "invalid device function"},
    {100, "hipErrorNoDevice", "no device"},
    {kInvalidDevice, "hipErrorInvalidDevice", "no such device"},
    {kInvalidImage, "hipErrorInvalidImage", "invalid code object"},
    {201, "hipErrorInvalidContext", "invalid context"},
    {kNoBinaryForGpu, "hipErrorNoBinaryForGpu", "code object is for another target"},
    {kFileNotFound, "hipErrorFileNotFound", "file not found"},
    {kInvalidHandle, "hipErrorInvalidHandle", "invalid handle"},
    {kIllegalState, "hipErrorIllegalState", "not in this state"},
    {kNotFound, "hipErrorNotFound", "not found"},
    {kNotReady, "hipErrorNotReady", "not ready"},
    {kIllegalAddress, "hipErrorIllegalAddress", "illegal memory access by a kernel"},
    {701, "hipErrorLaunchOutOfResources", "launch asks for too many resources"},
    {kLaunchTimeOut, "hipErrorLaunchTimeOut", "kernel does not end"},
    {709, "hipErrorContextIsDestroyed", "context is destroyed"},
    {kHostMemoryAlreadyRegistered, "hipErrorHostMemoryAlreadyRegistered",
     "host memory is registered already"},
    {kHostMemoryNotRegistered, "hipErrorHostMemoryNotRegistered", "host memory is not registered"},
    {kLaunchFailure, "hipErrorLaunchFailure", "kernel failed"},
    {kNotSupported, "hipErrorNotSupported", "not supported"},
    {kCaptureUnsupported, "hipErrorStreamCaptureUnsupported", "not permitted in a capture"},
    {kCaptureInvalidated, "hipErrorStreamCaptureInvalidated", "an earlier error broke the capture"},
    {kCaptureMerge, "hipErrorStreamCaptureMerge", "would merge two captures"},
    {kCaptureUnmatched, "hipErrorStreamCaptureUnmatched", "the capture began in another stream"},
    {kCaptureUnjoined, "hipErrorStreamCaptureUnjoined",
     "a stream that joined the capture was not joined with its first one"},
    {kCaptureIsolation, "hipErrorStreamCaptureIsolation",
     "would make a capture depend on work outside it"},
    {kCaptureImplicit, "hipErrorStreamCaptureImplicit",
     "the null stream would wait for a stream that is captured"},
    {kCapturedEvent, "hipErrorCapturedEvent", "the event was last recorded in a capture"},
    {kCaptureWrongThread, "hipErrorStreamCaptureWrongThread",
     "the capture was begun by another thread"},
    {910, "hipErrorGraphExecUpdateFailure", "the graph differs too much for an update"},
    {kUnknown, "hipErrorUnknown", "unknown error"},
};

const Row& row_of(int code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row;
  }
  return kRows[std::size(kRows) - 1];
}

}  // namespace

const char* error_name(int code) {
  return row_of(code).name;
}

const char* error_words(int code) {
  return row_of(code).words;
}

}  // namespace rocmforge::emu
