#include "backend/gpu/probe.h"

#include "backend/gpu/code_objects.h"
#include "backend/gpu/driver/handles.h"
#include "backend/gpu/ops/launch.h"
#include "backend/gpu/ops/probe_args.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

constexpr i32 kFactor =
    0x7f05fb03;  // bytes 3, -5, 5, 127, of which numbers below 128 meet the first
constexpr int kLanes = kProbeThreads * kProbeGroups;

// Whether every lane's number is right.
bool runs(Api& api, const Probe& probe) {
  const Stream stream = make_stream(api);
  const Module module = load_module(api, probe.image());
  const FunctionHandle function = api.function(module.get(), "probe");
  const DeviceMemory memory(api, kLanes * static_cast<int>(sizeof(i32)));
  const PinnedMemory host(api, memory.bytes());
  api.fill_zero(memory.address(), memory.bytes(), stream.get());
  const ProbeArgs args{
      .out = reinterpret_cast<i32*>(memory.address()), .factor = kFactor, .unused = 0};
  api.launch(function, {.grid = {kProbeGroups, 1, 1}, .block = {kProbeThreads, 1, 1}},
             std::as_bytes(std::span(&args, 1)), stream.get());
  api.copy_to_host(host.bytes().data(), memory.address(), memory.bytes(), stream.get());
  api.wait(stream.get());
  const i32 wave = arch_info(probe.target, 1).wave;
  for (i32 i = 0; i < kLanes; ++i) {
    if (host.as<i32>()[i] != i * (kFactor & 0xff) + wave) return false;
  }
  return true;
}

}  // namespace

std::vector<Probe> embedded_probes() {
  std::vector<Probe> out;
  for (const EmbeddedObject& object : embedded_objects()) {
    if (object.module != "probe" || !object.target.starts_with("gfx")) continue;
    out.push_back(
        {.target = std::string(object.target), .image = [&object] { return decompress(object); }});
  }
  return out;
}

std::string probe_target(Api& api, std::int32_t device, std::span<const Probe> probes) {
  std::string said;
  for (const Probe& probe : probes) {
    said += (said.empty() ? "" : "; ") + probe.target + ": ";
    try {
      api.set_device(device);
      if (runs(api, probe)) return probe.target;
      said += "wrong results";
    } catch (const Error& e) {
      said += e.what();
    }
  }
  throw Error(
      ErrorCode::kUnsupported,
      "[gpu] its architecture is told neither by the library nor by /sys, and no kernels of "
      "this program run on it (" +
          (said.empty() ? "none are AMD's" : said) + ")");
}

}  // namespace rocmforge::gpu
