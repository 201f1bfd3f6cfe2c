#include "report/write.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

namespace rocmforge::emu {
namespace {

std::string_view limit_text(Occupancy::Limit limit) {
  switch (limit) {
    case Occupancy::Limit::kWaves:
      return "waves";
    case Occupancy::Limit::kRegisters:
      return "registers";
    case Occupancy::Limit::kLds:
      return "lds";
  }
  return "";
}

double ratio(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

// A JSON object, field by field.
class Object {
 public:
  template <class T>
  Object& raw(std::string_view name, const T& value) {
    fmt::format_to(std::back_inserter(text_), "{}\"{}\": {}", text_.size() == 1 ? "" : ", ", name,
                   value);
    return *this;
  }
  // Names of kernels and limits: nothing in them wants escaping.
  Object& text(std::string_view name, std::string_view value) {
    return raw(name, fmt::format("\"{}\"", value));
  }
  std::string end() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

std::string classes_json(const ByClass& by_class) {
  Object out;
  for (int i = 0; i < kClasses; ++i) {
    out.raw(to_string(static_cast<Class>(i)), by_class[static_cast<std::size_t>(i)]);
  }
  return out.end();
}

std::string traffic_json(const Traffic& traffic) {
  return Object()
      .raw("instructions", traffic.instructions)
      .raw("bytes", traffic.bytes)
      .raw("lines", traffic.lines)
      .end();
}

std::string loop_json(const std::optional<MainLoop>& loop) {
  if (!loop) return "null";
  return Object()
      .raw("begin", loop->begin)
      .raw("end", loop->end)
      .raw("rounds", loop->rounds)
      .raw("share", fmt::format("{:.4f}", loop->share))
      .raw("loaded_bytes", loop->loaded_bytes)
      .raw("classes", classes_json(loop->by_class))
      .end();
}

std::string triple(const std::uint32_t (&x)[3]) {
  return fmt::format("[{}, {}, {}]", x[0], x[1], x[2]);
}

std::string work_json(const Work& work) {
  const Counters& c = work.counters;
  const KernelWork& n = work.instructions;
  return Object()
      .text("kernel", work.kernel)
      .raw("grid", triple(work.grid))
      .raw("block", triple(work.block))
      .raw("lds_bytes", work.lds_bytes)
      .raw("vgprs", work.n_vgprs)
      .raw("scratch_bytes", work.scratch_bytes)
      .raw("occupancy", work.occupancy.waves)
      .text("occupancy_limit", limit_text(work.occupancy.limit))
      .raw("dispatches", c.dispatches)
      .raw("groups", c.groups)
      .raw("waves", c.waves)
      .raw("barriers", c.barriers)
      .raw("instructions", n.instructions)
      .raw("dual", n.dual)
      .raw("classes", classes_json(n.by_class))
      .raw("loop", loop_json(n.loop))
      .raw("loads", traffic_json(c.loads))
      .raw("stores", traffic_json(c.stores))
      .raw("atomics", traffic_json(c.atomics))
      .raw("scalar_loads", traffic_json(c.scalar_loads))
      .raw("lines_read", work.lines_read)
      .raw("lines_written", work.lines_written)
      .raw("lds_cycles", c.lds_cycles)
      .raw("lds_conflicts", c.lds_conflicts)
      .raw("lds_accessed_bytes", c.lds_bytes)
      .end();
}

std::string loop_text(const MainLoop& loop) {
  const std::uint64_t valu = valu_of(loop.by_class);
  const std::uint64_t wmma = count_of(loop.by_class, Class::kWmma);
  std::string out = fmt::format("  main loop    +{:#x} to +{:#x}, {:.1f} % of the instructions",
                                loop.begin, loop.end, 100 * loop.share);
  if (wmma > 0) out += fmt::format("; other VALU a WMMA {:.2f}", ratio(valu, wmma));
  if (loop.loaded_bytes > 0) {
    out += fmt::format("; VALU lane-operations a loaded byte {:.2f}",
                       ratio(kLanes * valu, loop.loaded_bytes));
  }
  return out + "\n";
}

std::string memory_text(const Work& work) {
  const Counters& c = work.counters;
  const std::uint64_t moved = (c.loads.lines + c.stores.lines) * kLineBytes;
  const std::uint64_t asked = c.loads.bytes + c.stores.bytes;
  std::string out = fmt::format(
      "  memory       loads {} B in {} lines, stores {} B in {} lines, atomics {}, scalar {} B; "
      "wasted {} B\n",
      c.loads.bytes, c.loads.lines, c.stores.bytes, c.stores.lines, c.atomics.instructions,
      c.scalar_loads.bytes, moved > asked ? moved - asked : 0);
  if (work.lines_read + work.lines_written > 0) {
    out += fmt::format("  distinct     {} B read, {} B written\n", work.lines_read * kLineBytes,
                       work.lines_written * kLineBytes);
  }
  return out;
}

}  // namespace

std::string to_text(const Work& work, std::uint64_t all) {
  const KernelWork& n = work.instructions;
  const Counters& c = work.counters;
  std::string out = fmt::format("{}  x{}\n", work.kernel, c.dispatches);
  out += fmt::format("  instructions {}, {:.1f} % of all; a wave {:.0f}; dual {:.1f} %\n",
                     n.instructions, 100 * ratio(n.instructions, all),
                     ratio(n.instructions, c.waves), 100 * ratio(n.dual, n.instructions));
  out += "  by class    ";
  for (int i = 0; i < kClasses; ++i) {
    const std::uint64_t count = n.by_class[static_cast<std::size_t>(i)];
    if (count > 0) out += fmt::format(" {} {}", to_string(static_cast<Class>(i)), count);
  }
  out += "\n";
  if (n.loop) out += loop_text(*n.loop);
  out += memory_text(work);
  out += fmt::format("  LDS          {} B, {} cycles, {} of them conflicts; barriers {}\n",
                     c.lds_bytes, c.lds_cycles, c.lds_conflicts, c.barriers);
  out += fmt::format("  occupancy    {} of 16 waves a SIMD, by {} ({} VGPRs, {} B of LDS",
                     work.occupancy.waves, limit_text(work.occupancy.limit), work.n_vgprs,
                     work.lds_bytes);
  if (work.scratch_bytes > 0) out += fmt::format(", {} B of scratch a lane", work.scratch_bytes);
  return out + ")\n";
}

std::string to_json(const std::vector<Work>& works) {
  std::string out = "[";
  for (std::size_t i = 0; i < works.size(); ++i) {
    out += i == 0 ? "\n  " : ",\n  ";
    out += work_json(works[i]);
  }
  return out + (works.empty() ? "]" : "\n]");
}

}  // namespace rocmforge::emu
