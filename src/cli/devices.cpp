// `rocmforge devices`: where models can run, and why a GPU was passed over.
#include <fmt/format.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/cpu/device.h"
#include "backend/gpu/code_objects.h"
#include "backend/gpu/device.h"
#include "backend/gpu/driver/find.h"
#include "cli/app.h"
#include "cli/json.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

struct Options {
  bool json = false;
};

constexpr double kGiB = 1 << 30;

std::string memory_text(std::int64_t free, std::int64_t total) {
  return fmt::format("{:.1f} of {:.1f} GiB free", static_cast<double>(free) / kGiB,
                     static_cast<double>(total) / kGiB);
}

std::string device_name(const gpu::FoundDevice& device) {
  const char* interface = device.api->vendor() == gpu::Vendor::kAmd ? "hip" : "cuda";
  return fmt::format("{}:{}", interface, device.properties.ordinal);
}

// Those of this program that it would run: "sm_80 (cubin)"; empty when there are none.
std::string kernels_of(const gpu::FoundDevice& device) {
  const std::vector<gpu::BuiltTarget> built = gpu::built_targets();
  const auto usable = gpu::usable_targets(device.properties.target, built);
  return usable.empty() ? "" : gpu::to_string(std::span(usable).first(1));
}

std::string as_text(const backend::DeviceInfo& cpu, const gpu::Found& found) {
  std::string out = fmt::format("{:<8} {}\n{:<8} {}\n", cpu.name, cpu.detail, "",
                                memory_text(cpu.memory_free, cpu.memory_total));
  for (const gpu::FoundDevice& device : found.devices) {
    const gpu::DeviceProperties& p = device.properties;
    out += fmt::format("{:<8} {}, {}, {} multiprocessors\n", device_name(device), p.name, p.target,
                       p.n_units);
    out += fmt::format("{:<8} {}\n", "", memory_text(p.memory_free, p.memory_total));
    out += fmt::format("{:<8} {}, {}\n", "", device.api->version(), device.api->library());
    const std::string kernels = kernels_of(device);
    out += fmt::format(
        "{:<8} {}\n", "",
        kernels.empty() ? gpu::explain_missing_kernels(device) : "kernels for " + kernels);
  }
  const std::string built = gpu::to_string(gpu::built_targets());
  out += "kernels of this program: " + (built.empty() ? "none" : built) + "\n";
  if (!found.passed_over.empty()) out += "passed over:\n";
  for (const gpu::PassedOver& p : found.passed_over) {
    out += fmt::format("  {}: {}\n", p.what, p.why);
  }
  return out;
}

std::string as_json(const backend::DeviceInfo& cpu, const gpu::Found& found) {
  boost::json::array devices;
  devices.push_back({{"device", cpu.name},
                     {"name", cpu.detail},
                     {"memory_free", cpu.memory_free},
                     {"memory_total", cpu.memory_total}});
  for (const gpu::FoundDevice& device : found.devices) {
    const gpu::DeviceProperties& p = device.properties;
    devices.push_back({{"device", device_name(device)},
                       {"name", p.name},
                       {"architecture", p.target},
                       {"memory_free", p.memory_free},
                       {"memory_total", p.memory_total},
                       {"multiprocessors", p.n_units},
                       {"wave", p.wave},
                       {"shared_bytes", p.shared_bytes},
                       {"l2_bytes", p.l2_bytes},
                       {"clock_mhz", p.clock_mhz},
                       {"memory_clock_mhz", p.memory_clock_mhz},
                       {"bus_bits", p.bus_bits},
                       {"kernels", kernels_of(device)},
                       {"library", device.api->library()},
                       {"version", device.api->version()}});
  }
  boost::json::array passed_over;
  for (const gpu::PassedOver& p : found.passed_over) {
    passed_over.push_back({{"what", p.what}, {"why", p.why}});
  }
  boost::json::array kernels;
  for (const gpu::BuiltTarget& b : gpu::built_targets()) {
    kernels.push_back(boost::json::value(gpu::to_string(std::span(&b, 1))));
  }
  const boost::json::object all = {
      {"devices", devices}, {"passed_over", passed_over}, {"kernels", kernels}};
  return boost::json::serialize(all) + "\n";
}

int list_devices(const Options& o) {
  Counters counters;
  const backend::DeviceInfo cpu = cpu::make_device({}, counters)->info();
  const gpu::Found found = gpu::find_gpus(/*lenient=*/true);
  write_output(o.json ? as_json(cpu, found) : as_text(cpu, found));
  return kExitDone;
}

}  // namespace

void add_devices(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("devices", "List where models can run, and what was passed over");
  command->add_flag("--json", o->json, "Print one JSON object instead of a table");
  command->footer(
      R"(A GPU's library is looked for at run time: nothing of it is needed to build or to start.

Environment:
  ROCMFORGE_HIP_LIBRARY   the one HIP library to take, instead of searching
  ROCMFORGE_CUDA_LIBRARY  the same for CUDA
  ROCMFORGE_GPU_TIMEOUT   seconds after which a kernel counts as hung; 0: never [30]

Example:
  rocmforge devices --json)");
  command->callback([o, &action] { action = [o] { return list_devices(*o); }; });
}

}  // namespace rocmforge::cli
