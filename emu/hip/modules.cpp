// Code objects, their kernels, and launches.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "base/error.h"
#include "hip/driver.h"

namespace rocmforge::emu {
namespace {

// HIP_LAUNCH_PARAM_BUFFER_POINTER, _SIZE, _END.
constexpr std::uintptr_t kBufferPointer = 1, kBufferSize = 2, kBufferEnd = 3;

bool is_hidden(const KernelArgument& argument) {
  return argument.kind.starts_with("hidden_");
}

std::vector<std::byte> from_parameters(const KernelInfo& kernel, void** parameters) {
  std::vector<std::byte> out(kernel.argument_bytes);
  std::size_t i = 0;
  for (const KernelArgument& argument : kernel.arguments) {
    if (is_hidden(argument)) continue;
    if (parameters == nullptr || parameters[i] == nullptr) {
      throw Status(kInvalidValue, kernel.name + " wants a parameter " + std::to_string(i));
    }
    std::memcpy(out.data() + argument.offset, parameters[i++], argument.bytes);
  }
  return out;
}

std::vector<std::byte> from_buffer(const KernelInfo& kernel, void** extra) {
  const void* buffer = nullptr;
  std::size_t bytes = 0;
  for (; reinterpret_cast<std::uintptr_t>(*extra) != kBufferEnd; extra += 2) {
    const auto key = reinterpret_cast<std::uintptr_t>(extra[0]);
    if (key == kBufferPointer) {
      buffer = extra[1];
    } else if (key == kBufferSize) {
      bytes = *static_cast<const std::size_t*>(extra[1]);
    } else {
      throw Status(kInvalidValue, "`extra` holds something that is not known");
    }
  }
  std::uint32_t wanted = 0;
  for (const KernelArgument& argument : kernel.arguments) {
    if (!is_hidden(argument)) wanted = std::max(wanted, argument.offset + argument.bytes);
  }
  if ((buffer == nullptr && wanted > 0) || bytes < wanted) {
    throw Status(kInvalidValue, kernel.name + " wants " + std::to_string(wanted) +
                                    " bytes of parameters, not " + std::to_string(bytes));
  }
  std::vector<std::byte> out(kernel.argument_bytes);
  if (buffer != nullptr) std::memcpy(out.data(), buffer, std::min(bytes, out.size()));
  return out;
}

void require_shape(const Card& card, const KernelInfo& kernel, const LaunchCall& launch) {
  const auto refuse = [&](int code, const std::string& why) {
    throw Status(code, kernel.name + ": " + why);
  };
  std::uint64_t threads = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    if (launch.grid[i] == 0 || launch.block[i] == 0) refuse(kInvalidConfiguration, "a size of 0");
    if (std::uint64_t{launch.grid[i]} * launch.block[i] > 0xffffffffULL) {
      refuse(kInvalidConfiguration, "more than 2^32 - 1 threads in a dimension");
    }
    threads *= launch.block[i];
  }
  const std::uint32_t most =
      kernel.max_group > 0 ? std::min(kernel.max_group, card.max_group) : card.max_group;
  if (threads > most) {
    refuse(kInvalidConfiguration, std::to_string(threads) + " threads a work group where " +
                                      std::to_string(most) + " are the most");
  }
  const std::uint64_t lds = std::uint64_t{kernel.lds_bytes} + launch.dynamic_lds;
  if (lds > card.lds_bytes) {
    refuse(kInvalidValue, std::to_string(lds) + " bytes of LDS where a work group may have " +
                              std::to_string(card.lds_bytes));
  }
}

std::set<std::string> kernels_of(const CodeObject& object) {
  std::set<std::string> out;
  for (const KernelInfo& kernel : object.kernels) out.insert(kernel.name);
  return out;
}

CodeObject read(std::span<const std::byte> image, const Card& card) {
  CodeObject object;
  try {
    object = read_code_object(image);
  } catch (const Error& e) {
    throw Status(e.code() == ErrorCode::kUnsupported ? kNoBinaryForGpu : kInvalidImage, e.what());
  }
  if (object.target != card.target) {
    throw Status(kNoBinaryForGpu, "it is for " + object.target + ", the card is " + card.target);
  }
  return object;
}

}  // namespace

CodeObject Driver::substituted(CodeObject object) const {
  if (options_.objects.empty()) return object;
  std::error_code failure;
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(options_.objects, failure)) {
    if (entry.path().extension() == ".co") paths.insert(entry.path());
  }
  if (failure) {
    throw Status(kFileNotFound,
                 "ROCMFORGE_EMU_OBJECTS: " + options_.objects + ": " + failure.message());
  }
  for (const std::filesystem::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    CodeObject other = read(std::as_bytes(std::span(text)), card());
    if (kernels_of(other) == kernels_of(object)) return other;
  }
  return object;
}

std::shared_ptr<Module> Driver::load(const void* image) {
  forbid_in_capture();
  if (image == nullptr) throw Status(kInvalidValue, "a null pointer");
  std::size_t bytes = 0;
  try {
    bytes = read_code_object_size(image);
  } catch (const Error& e) {
    throw Status(kInvalidImage, e.what());
  }
  CodeObject object = read(std::span(static_cast<const std::byte*>(image), bytes), card());
  auto module = std::make_shared<Module>();
  try {
    module->program = std::make_shared<const Program>(substituted(std::move(object)), memory_);
  } catch (const Error& e) {
    throw Status(e.code() == ErrorCode::kOutOfMemory ? kOutOfMemory : kInvalidImage, e.what());
  }
  return module;
}

void Driver::unload(void* handle) {
  forbid_in_capture();
  const std::shared_ptr<Module> module = modules.at(handle);
  if (queue_.uses(*module)) {
    throw Status(kInvalidHandle, "kernels of the module have not run yet");
  }
  modules.erase(handle);
  for (void* function : module->functions) functions.erase(function);
  module->unloaded = true;
  module->program = nullptr;
}

void* Driver::function(void* handle, const char* name) {
  const std::shared_ptr<Module> module = modules.at(handle);
  if (name == nullptr) throw Status(kInvalidValue, "a null pointer");
  const KernelInfo* kernel = module->program->kernel(name);
  if (kernel == nullptr) throw Status(kNotFound, std::string("there is no kernel ") + name);
  for (void* known : module->functions) {
    if (functions.at(known)->kernel == kernel) return known;
  }
  void* out = functions.add(std::make_shared<Function>(Function{module, kernel}));
  module->functions.push_back(out);
  return out;
}

void Driver::launch(const Function& function, const LaunchCall& launch, Stream& stream) {
  const KernelInfo& kernel = *function.kernel;
  require_shape(card(), kernel, launch);
  if (launch.parameters != nullptr && launch.extra != nullptr) {
    throw Status(kInvalidValue, "both parameters and `extra`");
  }
  Dispatch dispatch;
  dispatch.program = function.module->program;
  dispatch.kernel = &kernel;
  std::copy(launch.grid.begin(), launch.grid.end(), dispatch.grid);
  std::copy(launch.block.begin(), launch.block.end(), dispatch.block);
  dispatch.dynamic_lds = launch.dynamic_lds;
  dispatch.arguments = launch.extra != nullptr ? from_buffer(kernel, launch.extra)
                                               : from_parameters(kernel, launch.parameters);
  enqueue(stream, {.run =
                       [this, dispatch = std::move(dispatch)] {
                         Dispatch now = dispatch;
                         now.number = n_dispatches_++;
                         machine_->run(std::move(now));
                       },
                   .module = function.module});
}

}  // namespace rocmforge::emu
