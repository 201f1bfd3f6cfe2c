// One interface over each vendor's driver API: raw handles, return codes turned into Errors. The
// types that own things are in driver/handles.h.
//
// The vendor's library is opened at run time; nothing here or below needs its headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rocmforge::gpu {

enum class Vendor : std::uint8_t { kAmd, kNvidia };

// What is known of a device before anything is allocated on it.
struct DeviceProperties {
  std::int32_t ordinal = 0;
  std::string name;               // "AMD Radeon RX 7900 XT"
  std::string target;             // "gfx1100", "sm_90"
  std::int32_t wave = 32;         // threads a wave (warp)
  std::int32_t n_units = 0;       // multiprocessors; WGPs, of two compute units each, on RDNA
  std::int64_t shared_bytes = 0;  // LDS (shared memory) a workgroup may use
  std::int64_t l2_bytes = 0;
  std::int64_t memory_total = 0, memory_free = 0;                  // bytes
  std::int32_t clock_mhz = 0, memory_clock_mhz = 0, bus_bits = 0;  // 0: not told
};

// Opaque handles of the vendor's library; null is none.
using StreamHandle = struct StreamTag*;
using EventHandle = struct EventTag*;
using ModuleHandle = struct ModuleTag*;
using FunctionHandle = struct FunctionTag*;
using GraphHandle = struct GraphTag*;          // a captured graph
using GraphExecHandle = struct GraphExecTag*;  // one ready to be launched
using DeviceAddress = std::uint64_t;           // 0 is none

struct LaunchShape {
  std::uint32_t grid[3] = {1, 1, 1};   // workgroups
  std::uint32_t block[3] = {1, 1, 1};  // threads a workgroup
  std::uint32_t shared_bytes = 0;      // dynamic
};

// One opened library. Every call that fails throws Error: kOutOfMemory where the library says so,
// else kDevice, naming call, library and its own words. Calls act on the device of the last
// set_device() of the calling thread; a thread calls that first. release() never throws: it is
// called by destructors, on any thread, and takes null. All handles die before the Api.
//
// Once a wait has run out of time the library is given up: its handles are leaked (to free them
// would wait for the hung kernel), and every further call throws at once.
class Api {
 public:
  virtual ~Api() = default;
  virtual Vendor vendor() const = 0;
  virtual const std::string& library() const = 0;  // the path that was opened
  virtual std::string version() const = 0;         // of driver or runtime, for people
  // What the library itself counted of kernels' work, for people; "" unless it is an emulator.
  virtual std::string report() { return ""; }

  virtual std::int32_t n_devices() = 0;
  virtual DeviceProperties properties(std::int32_t device) = 0;
  virtual void set_device(std::int32_t device) = 0;
  virtual void memory_info(std::int64_t& free, std::int64_t& total) = 0;

  // `bytes` > 0. The memory is not cleared.
  virtual DeviceAddress allocate(std::int64_t bytes) = 0;
  virtual void release(DeviceAddress address) noexcept = 0;
  virtual void* allocate_pinned(std::int64_t bytes) = 0;
  virtual void release_pinned(void* address) noexcept = 0;

  virtual StreamHandle make_stream() = 0;
  virtual void release(StreamHandle stream) noexcept = 0;
  // The host waits; Error{kDevice} when the work has not finished within the time limit
  // (OpenOptions), or when some of it failed.
  virtual void wait(StreamHandle stream) = 0;
  // Copies of 0 bytes do nothing. The host's memory belongs to the copy until the stream was waited
  // for. In a capture it must be pinned.
  virtual void copy_to_device(DeviceAddress to, const void* from, std::int64_t bytes,
                              StreamHandle stream) = 0;  // asynchronous from pinned memory
  virtual void copy_to_host(void* to, DeviceAddress from, std::int64_t bytes,
                            StreamHandle stream) = 0;
  virtual void fill_zero(DeviceAddress at, std::int64_t bytes, StreamHandle stream) = 0;

  virtual EventHandle make_event() = 0;
  virtual void release(EventHandle event) noexcept = 0;
  virtual void record(EventHandle event, StreamHandle stream) = 0;
  virtual void wait(EventHandle event) = 0;  // the host waits, as for a stream
  virtual bool is_done(EventHandle event) = 0;
  virtual void wait(StreamHandle stream, EventHandle event) = 0;     // the stream waits
  virtual float milliseconds(EventHandle from, EventHandle to) = 0;  // both are done

  // `image`: a code object of exactly this target, or PTX text with its final NUL. When PTX does
  // not assemble, the error holds the assembler's log.
  virtual ModuleHandle load_module(std::span<const std::byte> image) = 0;
  virtual void release(ModuleHandle module) noexcept = 0;
  virtual FunctionHandle function(ModuleHandle module, const std::string& name) = 0;
  // Before launches with more than 48 KiB of dynamic shared memory; nothing to do on AMD.
  virtual void allow_shared(FunctionHandle function, std::int64_t bytes) = 0;
  // `args`: one struct, passed by value as the kernel's only parameter (its size is the
  // parameter's); empty for a kernel without one. It is copied before the call returns.
  virtual void launch(FunctionHandle function, const LaunchShape& shape,
                      std::span<const std::byte> args, StreamHandle stream) = 0;

  // Between these two calls the stream records what is given to it and runs nothing. Begun and
  // ended by the same thread, which allocates nothing in between. end_capture() throws when the
  // recording broke; either way the stream is free again.
  virtual void begin_capture(StreamHandle stream) = 0;
  virtual GraphHandle end_capture(StreamHandle stream) = 0;
  virtual void release(GraphHandle graph) noexcept = 0;
  virtual GraphExecHandle instantiate(GraphHandle graph) = 0;
  virtual void release(GraphExecHandle graph) noexcept = 0;
  virtual void launch(GraphExecHandle graph, StreamHandle stream) = 0;
};

}  // namespace rocmforge::gpu
