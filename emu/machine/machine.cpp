#include "machine/machine.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "isa/decode.h"
#include "machine/card.h"
#include "machine/fault.h"
#include "machine/launch.h"
#include "machine/source_line.h"

namespace rocmforge::emu {
namespace {

// A short sequence of random numbers (Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", 2014): the order of groups and waves needs no better.
class Order {
 public:
  Order(std::uint64_t seed, std::uint64_t dispatch, std::uint64_t group) : state_(seed) {
    state_ = next() ^ dispatch;
    state_ = next() ^ group;
  }
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

// A permutation of [0, n): i -> first + i * stride mod n.
struct Permutation {
  std::uint64_t n, first = 0, stride = 1;

  Permutation(std::uint64_t n_groups, std::uint64_t seed, std::uint64_t dispatch) : n(n_groups) {
    if (seed == 0 || n < 2) return;
    Order order(seed, dispatch, ~std::uint64_t{0});
    first = order.below(n);
    do {
      stride = 1 + order.below(n - 1);
    } while (std::gcd(stride, n) != 1);
  }
  std::uint64_t operator()(std::uint64_t i) const {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(i) * stride + first) % n);
  }
};

// Instructions that a wave runs before the next one has its turn, where it neither waits nor ends:
// waves that spin on one another all get on.
constexpr std::uint64_t kSlice = 4096;
constexpr std::uint64_t kShortestSlice = 32, kLongestSlice = 1024;  // where a seed varies it

// The card gives a wave the registers that its kernel asks for, and no more.
[[noreturn]] void fault_beyond_registers(const Step& step, std::uint32_t n_vgprs) {
  throw Fault(FaultKind::kOutOfBounds, "v" + std::to_string(step.v_end - 1) + " of a kernel with " +
                                           std::to_string(n_vgprs) + " vector registers");
}

template <bool kWatched>
std::uint64_t run_slice(Wave& wave, std::uint64_t n) {
  std::uint64_t* const executed = wave.group->counters->executed.data();
  const std::uint32_t n_vgprs = wave.group->n_vgprs;
  for (std::uint64_t done = 0; done < n;) {
    const Step& step = *wave.pc;
    wave.at = &step;
    wave.pc = &step + 1;
    if (step.v_end > n_vgprs) [[unlikely]]
      fault_beyond_registers(step, n_vgprs);
    if constexpr (kWatched) wave.group->watch->before(wave, step);
    ++executed[step.index];
    ++done;
    step.run(wave, step);
    if constexpr (kWatched) wave.group->watch->after(wave, step);
    if (wave.state != Wave::State::kRunning) return done;
  }
  return n;
}

std::string at_text(const Program& program, const Wave& wave) {
  if (wave.at == nullptr) return {};
  const Inst& inst = wave.at->inst;
  std::string text = ", at " + hex(inst.address);
  if (inst.opcode != nullptr) text += " `" + to_string(inst) + "`";
  const std::string line = source_line(program.object(), inst.address);
  if (!line.empty()) text += " (" + line + ")";
  return text;
}

// `fault` with its place; `wave` is null where it happened between waves.
Fault placed(const Fault& fault, const Dispatch& dispatch, const Group* group, const Wave* wave) {
  std::string text = "[emu] " + std::string(to_string(fault.kind())) + ": " + fault.what() +
                     "; kernel " + dispatch.kernel->name;
  if (wave != nullptr) text += at_text(*dispatch.program, *wave);
  if (group != nullptr) {
    text += ", work group (" + std::to_string(group->id[0]) + ", " + std::to_string(group->id[1]) +
            ", " + std::to_string(group->id[2]) + ")";
  }
  if (wave != nullptr) text += ", wave " + std::to_string(wave->index);
  if (fault.lane() != kNoLane) text += ", lane " + std::to_string(fault.lane());
  return Fault(fault.kind(), text, fault.lane());
}

}  // namespace

struct Machine::Impl {
  struct Worker {
    Group group;
    Counters counters;
    std::unique_ptr<Watch> watch;
    std::vector<std::uint32_t> turns;  // waves, in the order in which they run
  };
  struct Kept {  // does not keep the program loaded
    std::weak_ptr<const Program> program;
    Counted counted{};
  };
  // What the workers share while a dispatch runs.
  struct Running {
    const Dispatch& dispatch;
    const Launch& launch;
    Permutation order;
    std::atomic<std::uint64_t> instructions{0};
    // The first task, in order, that ended in a fault; later ones are given up.
    std::atomic<std::int64_t> failed{std::numeric_limits<std::int64_t>::max()};
    std::mutex mutex;
    std::unique_ptr<Fault> fault;
  };

  Impl(const Card& the_card, Memory& the_memory, MachineOptions the_options)
      : card(the_card),
        memory(the_memory),
        options(std::move(the_options)),
        pool(std::max(1, options.n_threads)),
        workers(static_cast<std::size_t>(pool.n_threads())) {
    if (options.make_watch == nullptr) return;
    for (std::size_t i = 0; i < workers.size(); ++i) {
      workers[i].watch = options.make_watch(static_cast<int>(i));
      workers[i].group.watch = workers[i].watch.get();
    }
  }

  void run(const Dispatch& dispatch);
  void run_group(Running& running, std::int64_t task, Worker& worker);
  void run_waves(Running& running, std::int64_t task, Worker& worker, Wave*& at);
  std::uint64_t run_turn(Running& running, Wave& wave, std::uint64_t slice);
  void release_barrier(Group& group);
  void keep(const Dispatch& dispatch, const Counters& counters, std::uint32_t lds_bytes);

  Card card;
  Memory& memory;
  MachineOptions options;
  ThreadPool pool;
  std::vector<Worker> workers;
  std::mutex run_mutex;  // one dispatch at a time
  mutable std::mutex counted_mutex;
  std::vector<Kept> kept;
};

void Machine::Impl::run(const Dispatch& dispatch) {
  check(dispatch.program != nullptr && dispatch.kernel != nullptr, "a dispatch of no kernel");
  const std::lock_guard lock(run_mutex);
  try {
    const Launch launch(dispatch, card, memory);
    for (Worker& worker : workers) {
      worker.counters = Counters{};
      worker.counters.executed.resize(dispatch.program->steps().size());
      worker.group.counters = &worker.counters;
      if (worker.watch != nullptr) worker.watch->begin_dispatch(dispatch);
    }
    Running running{.dispatch = dispatch,
                    .launch = launch,
                    .order = Permutation(launch.n_groups(), options.seed, dispatch.number),
                    .mutex = {},
                    .fault = nullptr};
    pool.run(static_cast<std::int64_t>(launch.n_groups()), [&](std::int64_t task, int worker) {
      run_group(running, task, workers[static_cast<std::size_t>(worker)]);
    });
    Counters sum;
    for (const Worker& worker : workers) sum += worker.counters;
    sum.dispatches = 1;
    keep(dispatch, sum, launch.lds_bytes());
    if (running.fault != nullptr) throw *running.fault;
    for (Worker& worker : workers) {
      if (worker.watch != nullptr) worker.watch->end_dispatch(dispatch);
    }
    if (options.on_done) options.on_done(dispatch, sum);
  } catch (const Fault& fault) {
    if (std::string_view(fault.what()).starts_with("[emu]")) throw;
    throw placed(fault, dispatch, nullptr, nullptr);
  }
}

void Machine::Impl::run_group(Running& running, std::int64_t task, Worker& worker) {
  if (running.failed.load(std::memory_order_relaxed) < task) return;
  Group& group = worker.group;
  Wave* at = nullptr;
  try {
    running.launch.start(group, running.order(static_cast<std::uint64_t>(task)));
    run_waves(running, task, worker, at);
    ++worker.counters.groups;
    worker.counters.waves += group.n_waves;
  } catch (const Fault& fault) {
    const std::lock_guard lock(running.mutex);
    if (running.failed.load() < task) return;
    running.failed.store(task);
    running.fault = std::make_unique<Fault>(placed(fault, running.dispatch, &group, at));
  }
}

// `at` is the wave whose turn it is, for faults.
void Machine::Impl::run_waves(Running& running, std::int64_t task, Worker& worker, Wave*& at) {
  Group& group = worker.group;
  const std::uint64_t seed = options.seed;
  Order order(seed, running.dispatch.number, running.order(static_cast<std::uint64_t>(task)));
  worker.turns.resize(group.n_waves);
  std::iota(worker.turns.begin(), worker.turns.end(), 0U);
  if (group.watch != nullptr) {
    group.watch->begin_group(group);
    for (std::uint32_t i = 0; i < group.n_waves; ++i) group.watch->begin_wave(group.waves[i]);
  }
  for (std::uint32_t n_ended = 0; n_ended < group.n_waves;) {
    if (seed != 0) order.shuffle(worker.turns);
    std::uint32_t n_running = 0, n_waiting = 0;
    for (const std::uint32_t turn : worker.turns) {
      Wave& wave = group.waves[turn];
      if (wave.state == Wave::State::kRunning) {
        if (running.failed.load(std::memory_order_relaxed) < task) return;
        at = &wave;
        const std::uint64_t slice =
            seed == 0 ? kSlice : kShortestSlice + order.below(kLongestSlice - kShortestSlice);
        run_turn(running, wave, slice);
        at = nullptr;
        if (wave.state == Wave::State::kEnded) ++n_ended;
      }
      n_running += wave.state == Wave::State::kRunning ? 1 : 0;
      n_waiting += wave.state == Wave::State::kAtBarrier ? 1 : 0;
    }
    if (n_running == 0 && n_waiting > 0) release_barrier(group);
  }
  if (group.watch != nullptr) group.watch->end_group(group);
}

std::uint64_t Machine::Impl::run_turn(Running& running, Wave& wave, std::uint64_t slice) {
  const std::uint64_t before = running.instructions.load(std::memory_order_relaxed);
  const std::uint64_t left = options.limit - std::min(options.limit, before);
  slice = std::min(slice, left);
  const std::uint64_t n =
      wave.group->watch == nullptr ? run_slice<false>(wave, slice) : run_slice<true>(wave, slice);
  running.instructions.fetch_add(n, std::memory_order_relaxed);
  if (n < left || wave.state != Wave::State::kRunning) return n;
  const Group& group = *wave.group;
  const auto waiting =
      std::count_if(group.waves.begin(), group.waves.begin() + group.n_waves,
                    [](const Wave& other) { return other.state == Wave::State::kAtBarrier; });
  const std::string ran = "more than " + std::to_string(options.limit) + " wave-instructions";
  if (waiting == 0) throw Fault(FaultKind::kLimit, ran + " in one dispatch: does it end?");
  throw Fault(FaultKind::kBarrier, ran + " while " + std::to_string(waiting) +
                                       " waves of the group wait at a barrier for this one");
}

// Every wave that has not ended has come.
void Machine::Impl::release_barrier(Group& group) {
  if (group.watch != nullptr) group.watch->barrier(group);
  ++group.counters->barriers;
  for (std::uint32_t i = 0; i < group.n_waves; ++i) {
    Wave& wave = group.waves[i];
    if (wave.state == Wave::State::kAtBarrier) wave.state = Wave::State::kRunning;
  }
}

void Machine::Impl::keep(const Dispatch& dispatch, const Counters& counters,
                         std::uint32_t lds_bytes) {
  const std::lock_guard lock(counted_mutex);
  std::erase_if(kept, [](const Kept& entry) { return entry.program.expired(); });
  auto found = std::find_if(kept.begin(), kept.end(), [&](const Kept& entry) {
    return entry.counted.kernel == dispatch.kernel;
  });
  if (found == kept.end()) found = kept.emplace(kept.end());
  found->program = dispatch.program;
  Counted& counted = found->counted;
  counted.kernel = dispatch.kernel;
  counted.counters += counters;
  std::copy_n(dispatch.grid, 3, counted.grid);
  std::copy_n(dispatch.block, 3, counted.block);
  counted.lds_bytes = lds_bytes;
}

Machine::Machine(const Card& card, Memory& memory, MachineOptions options)
    : impl_(std::make_unique<Impl>(card, memory, std::move(options))) {}

Machine::~Machine() = default;

void Machine::run(Dispatch dispatch) {
  impl_->run(dispatch);
}

std::vector<Machine::Counted> Machine::counted() const {
  const std::lock_guard lock(impl_->counted_mutex);
  std::vector<Counted> counted;
  for (const Impl::Kept& entry : impl_->kept) {
    auto program = entry.program.lock();
    if (program == nullptr) continue;
    counted.push_back(entry.counted);
    counted.back().program = std::move(program);
  }
  return counted;
}

void Machine::reset_counters() {
  const std::lock_guard lock(impl_->counted_mutex);
  impl_->kept.clear();
}

}  // namespace rocmforge::emu
