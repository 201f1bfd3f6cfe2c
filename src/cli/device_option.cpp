#include "cli/device_option.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "backend/cpu/device.h"
#include "backend/gpu/device.h"
#include "backend/gpu/driver/find.h"
#include "base/error.h"
#include "base/log.h"

namespace rocmforge::cli {
namespace {

constexpr int kFirst = -1;  // no number given

struct Wanted {
  std::string interface;  // cpu, hip, cuda, auto
  int ordinal = kFirst;
};

Wanted parse(const std::string& option) {
  Wanted wanted{.interface = option, .ordinal = kFirst};
  bool sound = true;
  if (const std::size_t colon = option.find(':'); colon != std::string::npos) {
    wanted.interface = option.substr(0, colon);
    const char* end = option.data() + option.size();
    const auto [at, error] = std::from_chars(option.data() + colon + 1, end, wanted.ordinal);
    sound = error == std::errc{} && at == end && wanted.ordinal >= 0 &&
            (wanted.interface == "hip" || wanted.interface == "cuda");
  }
  const std::string& i = wanted.interface;
  if (!sound || (i != "cpu" && i != "auto" && i != "hip" && i != "cuda")) {
    throw Error(ErrorCode::kUsage, "--device: \"" + option +
                                       "\" is none of auto, cpu, hip, cuda, hip:N, cuda:N (see "
                                       "`rocmforge devices`)");
  }
  return wanted;
}

std::string interface_of(const gpu::FoundDevice& device) {
  return device.api->vendor() == gpu::Vendor::kAmd ? "hip" : "cuda";
}

DeviceChoice cpu_choice(int n_threads) {
  return {"cpu", [n_threads](Counters& counters) { return cpu_device(n_threads, counters); }};
}

DeviceChoice gpu_choice(const gpu::FoundDevice& device) {
  return {interface_of(device) + ":" + std::to_string(device.properties.ordinal),
          [device](Counters& counters) { return gpu::make_device(device, counters); }};
}

[[noreturn]] void fail(const std::string& option, const gpu::Found& found) {
  std::string why;
  for (const gpu::FoundDevice& d : found.devices) {
    why += "; found " + interface_of(d) + ":" + std::to_string(d.properties.ordinal) + " " +
           d.properties.name;
  }
  for (const gpu::PassedOver& p : found.passed_over) why += "; " + p.what + ": " + p.why;
  throw Error(ErrorCode::kNotFound, "--device " + option + ": there is no such device" + why);
}

}  // namespace

void check_device_option(const std::string& option) {
  parse(option);
}

std::unique_ptr<backend::Device> cpu_device(int n_threads, Counters& counters) {
  return cpu::make_device({.n_threads = n_threads, .isa = cpu::best_isa()}, counters);
}

std::vector<DeviceChoice> device_choices(const std::string& option, int n_threads) {
  const Wanted wanted = parse(option);
  if (wanted.interface == "cpu") return {cpu_choice(n_threads)};
  const gpu::Found found = gpu::find_gpus();
  const bool any = wanted.interface == "auto";
  std::vector<DeviceChoice> out;
  const gpu::FoundDevice* without_kernels = nullptr;
  for (const gpu::FoundDevice& device : found.devices) {
    if (!any && interface_of(device) != wanted.interface) continue;
    if (wanted.ordinal != kFirst && device.properties.ordinal != wanted.ordinal) continue;
    if (gpu::has_kernels(device)) {
      out.push_back(gpu_choice(device));
      break;  // the first: a second try on a sister card would end the same way
    }
    if (without_kernels == nullptr) without_kernels = &device;
  }
  if (any) {
    if (out.empty() && without_kernels != nullptr) {
      log(LogLevel::kWarn, gpu::explain_missing_kernels(*without_kernels) + "; running on the CPU");
    }
    for (const gpu::PassedOver& p : found.passed_over) {
      log(LogLevel::kDebug, "passed over: " + p.what + ": " + p.why);
    }
    out.push_back(cpu_choice(n_threads));
    return out;
  }
  // Making it says what it lacks.
  if (out.empty() && without_kernels != nullptr) return {gpu_choice(*without_kernels)};
  if (out.empty()) fail(option, found);
  return out;
}

}  // namespace rocmforge::cli
