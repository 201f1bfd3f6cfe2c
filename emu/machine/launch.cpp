#include "machine/launch.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint32_t kPacketBytes = 64, kAlign = 256;
// A lane's stack where the compiler does not know how deep calls go.
constexpr std::uint32_t kDynamicScratch = 16U << 10;

// kernel_code_properties, and COMPUTE_PGM_RSRC2.
enum Property : std::uint32_t {
  kPrivateSegmentBuffer = 1U << 0,
  kDispatchPointer = 1U << 1,
  kQueuePointer = 1U << 2,
  kArgumentPointer = 1U << 3,
  kDispatchId = 1U << 4,
  kFlatScratchInit = 1U << 5,
  kPrivateSegmentSize = 1U << 6,
  kWave32 = 1U << 10,
};
constexpr std::uint32_t kGroupIdX = 1U << 7, kGroupInfo = 1U << 10;

std::uint32_t user_registers(const KernelInfo& kernel) {
  return kernel.rsrc2 >> 1 & 31;
}
// Dimensions of the work item's id in v0 beyond x.
std::uint32_t item_dimensions(const KernelInfo& kernel) {
  return kernel.rsrc2 >> 11 & 3;
}

std::uint64_t threads(const std::uint32_t (&block)[3]) {
  return std::uint64_t{block[0]} * block[1] * block[2];
}
bool hidden(const KernelArgument& argument) {
  return argument.kind.starts_with("hidden_");
}

[[noreturn]] void refuse(const KernelInfo& kernel, ErrorCode code, const std::string& what) {
  throw Error(code, "[emu] kernel " + kernel.name + ": " + what);
}
std::string numbers(const std::uint32_t (&n)[3]) {
  return std::to_string(n[0]) + " x " + std::to_string(n[1]) + " x " + std::to_string(n[2]);
}

// What the host passes in a hidden argument, by its kind's name.
std::uint64_t hidden_value(const Dispatch& dispatch, const KernelArgument& argument) {
  const std::string& kind = argument.kind;
  if (!kind.empty() && kind.back() >= 'x' && kind.back() <= 'z') {
    const auto dimension = static_cast<std::size_t>(kind.back() - 'x');
    const std::string_view stem = std::string_view(kind).substr(0, kind.size() - 2);
    if (stem == "hidden_block_count") return dispatch.grid[dimension];
    if (stem == "hidden_group_size") return dispatch.block[dimension];
    if (stem == "hidden_remainder" || stem == "hidden_global_offset") return 0;
  }
  if (kind == "hidden_grid_dims") return 3;  // as HIP launches, always
  if (kind == "hidden_dynamic_lds_size") return dispatch.dynamic_lds;
  // Services of a runtime that are not here: no hostcalls, no heap, no queue of the device's own.
  // Null says so; who uses one all the same faults out of bounds.
  for (const char* absent : {"hidden_none", "hidden_printf_buffer", "hidden_hostcall_buffer",
                             "hidden_heap_v1", "hidden_default_queue", "hidden_completion_action",
                             "hidden_multigrid_sync_arg", "hidden_queue_ptr"}) {
    if (kind == absent) return 0;
  }
  refuse(*dispatch.kernel, ErrorCode::kUnsupported, "argument " + kind + " is not modelled");
}

void poison(std::vector<std::byte>& room) {
  std::byte* const to = room.data();
  const std::size_t whole = room.size() / sizeof(kPoison) * sizeof(kPoison);
  for (std::size_t i = 0; i < whole; i += sizeof(kPoison)) {
    std::memcpy(to + i, &kPoison, sizeof(kPoison));
  }
  if (whole < room.size()) std::memcpy(to + whole, &kPoison, room.size() - whole);
}

template <class T>
void store(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof(value));
}

}  // namespace

Launch::Launch(const Dispatch& dispatch, const Card& card, Memory& memory)
    : dispatch_(dispatch), kernel_(*dispatch.kernel), memory_(memory) {
  validate(card);
  n_groups_ = std::uint64_t{dispatch.grid[0]} * dispatch.grid[1] * dispatch.grid[2];
  n_threads_ = static_cast<std::uint32_t>(threads(dispatch.block));
  lds_bytes_ = kernel_.lds_bytes + dispatch.dynamic_lds;
  scratch_bytes_ = kernel_.scratch_bytes;
  if (kernel_.dynamic_scratch) scratch_bytes_ = std::max(scratch_bytes_, kDynamicScratch);
  scratch_bytes_ = (scratch_bytes_ + 3) / 4 * 4;
  // GRANULATED_WORKITEM_VGPR_COUNT of wave32: blocks of eight.
  n_vgprs_ = std::min(256U, ((kernel_.rsrc1 & 63) + 1) * 8);
  // FLOAT_MODE, ENABLE_DX10_CLAMP, ENABLE_IEEE_MODE, FP16_OVFL, as MODE has them.
  mode_ = (kernel_.rsrc1 >> 12 & 0xff) | (kernel_.rsrc1 >> 21 & 1) << 8 |
          (kernel_.rsrc1 >> 23 & 1) << 9 | (kernel_.rsrc1 >> 26 & 1) << 23;
  check_mode(mode_);
  entry_ = dispatch.program->at_object_address(kernel_.entry);
  if (entry_ == nullptr) {
    refuse(kernel_, ErrorCode::kFormat, "no instruction at its entry, " + hex(kernel_.entry));
  }
  lay_out_arguments();
  write_packet();
  set_up_registers();
  memory_.admit(reinterpret_cast<std::uint64_t>(packet_),
                kAlign + std::max<std::uint64_t>(kernel_.argument_bytes, 1), false);
}

Launch::~Launch() {
  if (packet_ != nullptr) memory_.dismiss(reinterpret_cast<std::uint64_t>(packet_));
}

void Launch::validate(const Card& card) const {
  const auto refuse_launch = [&](const std::string& what) {
    refuse(kernel_, ErrorCode::kInvalidArgument, what);
  };
  for (int i = 0; i < 3; ++i) {
    if (dispatch_.grid[i] == 0 || dispatch_.block[i] == 0) {
      refuse_launch("a launch of nothing: " + numbers(dispatch_.grid) + " work groups of " +
                    numbers(dispatch_.block));
    }
    if (std::uint64_t{dispatch_.grid[i]} * dispatch_.block[i] >> 32 != 0) {
      refuse_launch("2^32 threads or more along one dimension");
    }
  }
  std::uint32_t most = card.max_group;
  if (kernel_.max_group != 0) most = std::min(most, kernel_.max_group);
  if (std::max({dispatch_.block[0], dispatch_.block[1], dispatch_.block[2]}) > most ||
      threads(dispatch_.block) > most) {
    refuse_launch("work groups of " + numbers(dispatch_.block) + " threads; at most " +
                  std::to_string(most));
  }
  const std::uint64_t lds = std::uint64_t{kernel_.lds_bytes} + dispatch_.dynamic_lds;
  if (lds > card.lds_bytes) {
    refuse_launch(std::to_string(lds) + " bytes of LDS; at most " + std::to_string(card.lds_bytes));
  }
  if ((kernel_.properties & kWave32) == 0) {
    refuse(kernel_, ErrorCode::kUnsupported, "waves of 64 lanes are not modelled");
  }
  if ((kernel_.rsrc2 & kGroupInfo) != 0) {
    refuse(kernel_, ErrorCode::kUnsupported, "the work group's info register is not modelled");
  }
}

void Launch::lay_out_arguments() {
  std::uint32_t explicit_bytes = 0;
  for (const KernelArgument& argument : kernel_.arguments) {
    if (argument.bytes > kernel_.argument_bytes ||
        argument.offset > kernel_.argument_bytes - argument.bytes) {
      refuse(kernel_, ErrorCode::kFormat, "an argument beyond the arguments' end");
    }
    if (!hidden(argument)) {
      explicit_bytes = std::max(explicit_bytes, argument.offset + argument.bytes);
    }
  }
  const std::size_t given = dispatch_.arguments.size();
  const std::size_t most = (kernel_.argument_bytes + std::size_t{15}) / 16 * 16;
  if (given < explicit_bytes || given > most) {
    refuse(
        kernel_, ErrorCode::kInvalidArgument,
        std::to_string(given) + " bytes of arguments; it takes " + std::to_string(explicit_bytes));
  }
  room_.assign(std::size_t{3} * kAlign + kernel_.argument_bytes, std::byte{0});
  const auto begin = reinterpret_cast<std::uint64_t>(room_.data());
  packet_ = room_.data() + (kAlign - begin % kAlign) % kAlign;
  arguments_ = packet_ + kAlign;
  std::copy_n(dispatch_.arguments.data(), std::min<std::size_t>(given, kernel_.argument_bytes),
              arguments_);
  for (const KernelArgument& argument : kernel_.arguments) {
    if (!hidden(argument)) continue;
    const std::uint64_t value = hidden_value(dispatch_, argument);
    std::memset(arguments_ + argument.offset, 0, argument.bytes);
    std::memcpy(arguments_ + argument.offset, &value,
                std::min<std::size_t>(sizeof(value), argument.bytes));
  }
}

// hsa_kernel_dispatch_packet_t of the HSA runtime's specification.
void Launch::write_packet() {
  constexpr std::uint16_t kKernelDispatch = 2;
  store<std::uint16_t>(packet_, kKernelDispatch);
  store<std::uint16_t>(packet_ + 2, 3);  // dimensions
  for (std::size_t i = 0; i < 3; ++i) {
    store(packet_ + 4 + i * 2, static_cast<std::uint16_t>(dispatch_.block[i]));
    store(packet_ + 12 + i * 4, dispatch_.grid[i] * dispatch_.block[i]);
  }
  store(packet_ + 24, scratch_bytes_);
  store(packet_ + 28, lds_bytes_);
  store(packet_ + 32, dispatch_.program->base() + kernel_.descriptor);
  store(packet_ + 40, reinterpret_cast<std::uint64_t>(arguments_));
  static_assert(kPacketBytes <= kAlign);
}

void Launch::set_up_registers() {
  const auto add = [this](std::uint64_t value, int n) {
    for (int i = 0; i < n; ++i, value >>= 32) scalar_.push_back(static_cast<std::uint32_t>(value));
  };
  const auto add_poison = [this](std::size_t n) { scalar_.insert(scalar_.end(), n, kPoison); };
  const std::uint32_t properties = kernel_.properties;
  if ((properties & kPrivateSegmentBuffer) != 0) add_poison(4);  // flat scratch: never used
  if ((properties & kDispatchPointer) != 0) add(reinterpret_cast<std::uint64_t>(packet_), 2);
  // There is no queue to point to; who asks for it (traps do) must not follow it.
  if ((properties & kQueuePointer) != 0) add_poison(2);
  if ((properties & kArgumentPointer) != 0) add(reinterpret_cast<std::uint64_t>(arguments_), 2);
  if ((properties & kDispatchId) != 0) add(dispatch_.number, 2);
  if ((properties & kFlatScratchInit) != 0) add_poison(2);  // the hardware's own matter on gfx11
  if ((properties & kPrivateSegmentSize) != 0) add(scratch_bytes_, 1);
  const std::size_t n = user_registers(kernel_);
  if (scalar_.size() > n) refuse(kernel_, ErrorCode::kFormat, "too few scalar registers asked for");
  scalar_.resize(n, kPoison);
}

void Launch::start(Group& group, std::uint64_t number) const {
  const auto& grid = dispatch_.grid;
  group.id[0] = static_cast<std::uint32_t>(number % grid[0]);
  group.id[1] = static_cast<std::uint32_t>(number / grid[0] % grid[1]);
  group.id[2] = static_cast<std::uint32_t>(number / grid[0] / grid[1]);
  group.dispatch = &dispatch_;
  group.memory = &memory_;
  group.n_vgprs = n_vgprs_;
  group.n_waves = (n_threads_ + kLanes - 1) / kLanes;
  if (group.waves.size() < group.n_waves) group.waves.resize(group.n_waves);
  group.lds.resize(lds_bytes_);
  poison(group.lds);
  for (std::uint32_t i = 0; i < group.n_waves; ++i) start_wave(group, i);
}

void Launch::start_wave(Group& group, std::uint32_t index) const {
  Wave& wave = group.waves[index];
  for (std::size_t i = 0; i < n_vgprs_; ++i) std::fill_n(wave.v[i].x, kLanes, kPoison);
  wave.s.fill(kPoison);
  std::copy(scalar_.begin(), scalar_.end(), wave.s.begin());
  std::size_t next = scalar_.size();
  for (std::size_t i = 0; i < 3; ++i) {
    if ((kernel_.rsrc2 & kGroupIdX << i) != 0) wave.s[next++] = group.id[i];
  }
  wave.s[kNull] = 0;
  wave.s[kExecHi] = 0;

  const std::uint32_t first = index * kLanes;
  const std::uint32_t n_lanes = std::min<std::uint32_t>(kLanes, n_threads_ - first);
  const std::uint32_t mask = n_lanes == kLanes ? ~0U : (1U << n_lanes) - 1;
  wave.s[kExecLo] = ~mask;
  wave.set_exec(mask);
  const auto& block = dispatch_.block;
  const std::uint32_t dimensions = item_dimensions(kernel_);
  for (std::uint32_t lane = 0; lane < n_lanes; ++lane) {  // packed, ten bits each
    const std::uint32_t thread = first + lane;
    std::uint32_t id = thread % block[0];
    if (dimensions >= 1) id |= thread / block[0] % block[1] << 10;
    if (dimensions >= 2) id |= thread / block[0] / block[1] << 20;
    wave.v[0].x[lane] = id;
  }

  wave.scc = false;
  wave.mode = mode_;
  wave.state = Wave::State::kRunning;
  wave.index = index;
  wave.pc = entry_;
  wave.at = nullptr;
  wave.group = &group;
  wave.extents.fill({});
  wave.scratch.resize(std::size_t{scratch_bytes_} * kLanes);
  poison(wave.scratch);
}

}  // namespace rocmforge::emu
