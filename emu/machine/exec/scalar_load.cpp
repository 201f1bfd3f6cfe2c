// SMEM: loads of the wave's own constants, and the scalar cache's controls. An address is base +
// immediate + scalar offset, of whose sum the two lowest bits are dropped: no load is misaligned.
#include "machine/access.h"
#include "machine/exec/handlers.h"
#include "machine/exec/lanes.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

constexpr std::uint64_t kScalarLineBytes = 64;

template <int N>
void load(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  const Operand& base = inst.src[0];
  if (!base.is_sgpr() || !inst.dst.is_sgpr()) {
    throw Fault(FaultKind::kUnsupported, "scalar loads go from and to scalar registers");
  }
  std::uint64_t address = (std::uint64_t{wave.s[base.index + 1U]} << 32 | wave.s[base.index]) +
                          static_cast<std::uint64_t>(static_cast<std::int64_t>(inst.offset));
  if (inst.src[1].is_sgpr()) address += wave.s[inst.src[1].index];
  address &= ~std::uint64_t{3};

  constexpr std::uint32_t kBytes = 4 * N;
  const std::byte* from = global_at(wave, address, kBytes, false, kNoLane);
  Traffic& traffic = wave.group->counters->scalar_loads;
  ++traffic.instructions;
  traffic.bytes += kBytes;
  traffic.lines += (address + kBytes - 1) / kScalarLineBytes - address / kScalarLineBytes + 1;
  if (wave.group->watch != nullptr) {
    const std::uint64_t addresses[kLanes] = {address};
    wave.group->watch->global(wave, step, {1, kBytes, addresses, Access::Kind::kRead});
  }
  if (inst.dst.index == kNull) return;
  std::uint32_t words[N];
  read_words(from, words);
  for (int n = 0; n < N; ++n) wave.set_sgpr(inst.dst.index + n, words[n]);
}

void cache_control(Wave&, const Step&) {}  // there are no caches here

constexpr HandlerRow kRows[] = {
    {"s_load_b32", load<1>},         {"s_load_b64", load<2>},   {"s_load_b128", load<4>},
    {"s_load_b256", load<8>},        {"s_load_b512", load<16>}, {"s_gl1_inv", cache_control},
    {"s_dcache_inv", cache_control},
};

}  // namespace

std::span<const HandlerRow> scalar_load_handlers() {
  return kRows;
}

}  // namespace rocmforge::emu
