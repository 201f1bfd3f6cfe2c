#include "check/trace.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "isa/decode.h"
#include "machine/fault.h"

namespace rocmforge::emu {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& what) {
  throw Error(ErrorCode::kUsage, "[emu] " + text + ": " + what);
}

std::uint64_t parse_number(const std::string& text, std::string_view digits) {
  int base = 10;
  if (digits.starts_with("0x")) {
    base = 16;
    digits.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, base);
  if (error != std::errc{} || end != digits.end() || value > 0xffffffffU) {
    refuse(text, std::string("not a number: ").append(digits));
  }
  return value;
}

// What stands before `mark`, which is taken off with it; all of it where there is none.
std::string_view take(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return head;
}

std::string word(std::uint32_t x) {
  std::string digits(8, '0');
  for (std::size_t i = 0; i < 8; ++i) digits[7 - i] = "0123456789abcdef"[x >> 4 * i & 15U];
  return digits;
}

std::string lanes_of(const Lanes& lanes) {
  bool same = true;
  for (int lane = 1; lane < kLanes; ++lane) same = same && lanes[lane] == lanes[0];
  if (same) return "all " + word(lanes[0]);
  std::string text;
  for (int lane = 0; lane < kLanes; ++lane)
    text.append(lane == 0 ? "" : " ").append(word(lanes[lane]));
  return text;
}

void add_operand(std::string& text, const Wave& wave, const Operand& operand) {
  for (int i = 0; i < operand.n; ++i) {
    const auto reg = static_cast<std::size_t>(operand.index + i);
    if (operand.is_vgpr() && reg < wave.v.size()) {
      text += "    v" + std::to_string(reg) + " = " + lanes_of(wave.v[reg]) + "\n";
    } else if (operand.is_sgpr() && reg < wave.s.size() && reg != kNull) {
      text += "    s" + std::to_string(reg) + " = " + word(wave.s[reg]) + "\n";
    }
  }
}

std::string place(const Wave& wave, const Step& step) {
  const Group& group = *wave.group;
  return group.dispatch->kernel->name + " group " + std::to_string(group.id[0]) + "," +
         std::to_string(group.id[1]) + "," + std::to_string(group.id[2]) + " wave " +
         std::to_string(wave.index) + " " + hex(step.inst.address);
}

class Trace : public Watch {
 public:
  Trace(std::optional<WaveFilter> trace, std::optional<Breakpoint> breakpoint,
        std::shared_ptr<TraceFile> file)
      : trace_(std::move(trace)), breakpoint_(std::move(breakpoint)), file_(std::move(file)) {}

  void begin_dispatch(const Dispatch& dispatch) override {
    traces_ = trace_ && trace_->holds(dispatch);
    breaks_ = breakpoint_ && breakpoint_->filter.holds(dispatch);
    if (breaks_) break_at_ = dispatch.kernel->entry + breakpoint_->offset;
  }

  void before(Wave& wave, const Step& step) override {
    if (breaks_ && step.inst.address == break_at_ && breakpoint_->filter.holds(wave)) {
      file_->write(dump(wave, step));
    }
    if (!traces_ || !trace_->holds(wave)) return;
    text_ = place(wave, step) + ": " +
            (step.inst.opcode == nullptr ? "unknown" : to_string(step.inst)) +
            "\n    exec = " + word(wave.exec()) + ", scc = " + (wave.scc ? "1" : "0") + "\n";
    for (const Operation* half : {static_cast<const Operation*>(&step.inst), &step.inst.second}) {
      for (const Operand& operand : half->src) add_operand(text_, wave, operand);
    }
    if (step.inst.opcode != nullptr && step.inst.opcode->kind == Class::kOther) file_->write(text_);
  }

  void after(Wave& wave, const Step& step) override {
    if (!traces_ || !trace_->holds(wave)) return;
    if (step.inst.opcode == nullptr || step.inst.opcode->kind == Class::kOther) return;
    text_ += "   ->\n";
    for (const Operation* half : {static_cast<const Operation*>(&step.inst), &step.inst.second}) {
      add_operand(text_, wave, half->dst);
      add_operand(text_, wave, half->dst2);
    }
    if (step.inst.opcode->implicit.writes_scc) {
      text_ += std::string("    scc = ") + (wave.scc ? "1" : "0") + "\n";
    }
    if (step.inst.opcode->implicit.writes_exec) text_ += "    exec = " + word(wave.exec()) + "\n";
    file_->write(text_);
  }

 private:
  std::string dump(const Wave& wave, const Step& step) const {
    const KernelInfo& kernel = *wave.group->dispatch->kernel;
    std::string text = "breakpoint: " + place(wave, step) + ": " + to_string(step.inst) + "\n";
    text += "    exec = " + word(wave.exec()) + ", vcc = " + word(wave.vcc()) +
            ", scc = " + (wave.scc ? "1" : "0") + ", m0 = " + word(wave.s[kM0]) +
            ", mode = " + word(wave.mode) + "\n";
    for (std::size_t i = 0; i < kVccLo; ++i) {
      text += (i % 8 == 0 ? "    s" + std::to_string(i) + " =" : "") + " " + word(wave.s[i]) +
              (i % 8 == 7 || i + 1 == kVccLo ? "\n" : "");
    }
    // GRANULATED_WORKITEM_VGPR_COUNT: what the kernel has, by eights.
    const std::size_t n_vgprs = ((kernel.rsrc1 & 63U) + 1) * 8;
    for (std::size_t i = 0; i < n_vgprs && i < wave.v.size(); ++i) {
      text += "    v" + std::to_string(i) + " = " + lanes_of(wave.v[i]) + "\n";
    }
    if (breakpoint_->with_lds) add_lds(text, wave.group->lds);
    return text;
  }

  static void add_lds(std::string& text, const std::vector<std::byte>& lds) {
    for (std::size_t at = 0; at + 4 <= lds.size(); at += 4) {
      if (at % 32 == 0) text += "    lds " + hex(at) + ":";
      std::uint32_t x = 0;
      for (std::size_t i = 0; i < 4; ++i) x |= std::to_integer<std::uint32_t>(lds[at + i]) << 8 * i;
      text += " " + word(x) + (at % 32 == 28 || at + 8 > lds.size() ? "\n" : "");
    }
  }

  std::optional<WaveFilter> trace_;
  std::optional<Breakpoint> breakpoint_;
  std::shared_ptr<TraceFile> file_;
  bool traces_ = false, breaks_ = false;
  std::uint64_t break_at_ = 0;
  std::string text_;  // of the instruction under way
};

}  // namespace

bool WaveFilter::holds(const Wave& of) const {
  for (std::size_t i = 0; i < 3; ++i) {
    if (group[i] && *group[i] != of.group->id[i]) return false;
  }
  return !wave || *wave == of.index;
}

WaveFilter parse_filter(const std::string& text) {
  WaveFilter filter;
  std::string_view rest = text;
  filter.kernel = take(rest, ':');
  if (filter.kernel.empty()) refuse(text, "names no kernel");
  std::string_view group = take(rest, ':');
  for (std::size_t i = 0; !group.empty(); ++i) {
    if (i == 3) refuse(text, "a group has three numbers at most");
    filter.group[i] = static_cast<std::uint32_t>(parse_number(text, take(group, ',')));
  }
  if (!rest.empty()) filter.wave = static_cast<std::uint32_t>(parse_number(text, rest));
  return filter;
}

Breakpoint parse_breakpoint(const std::string& text) {
  Breakpoint breakpoint;
  std::string_view rest = text;
  constexpr std::string_view kLds = "/lds";
  if (rest.ends_with(kLds)) {
    breakpoint.with_lds = true;
    rest.remove_suffix(kLds.size());
  }
  std::string_view waves = rest;
  const std::string_view at = take(waves, ':');
  const std::size_t plus = at.rfind('+');
  if (plus == std::string_view::npos) refuse(text, "has no kernel+0xOFFSET");
  breakpoint.offset = parse_number(text, at.substr(plus + 1));
  const std::string filter = std::string(at.substr(0, plus)) + ":" + std::string(waves);
  breakpoint.filter = parse_filter(filter);
  return breakpoint;
}

TraceFile::TraceFile(const std::string& path) : file_(path == "-" ? "/dev/stderr" : path) {
  if (!file_) throw Error(ErrorCode::kIo, "[emu] " + path + ": cannot be written");
}

void TraceFile::write(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  file_ << text << std::flush;
}

std::unique_ptr<Watch> make_trace(const std::optional<WaveFilter>& trace,
                                  const std::optional<Breakpoint>& breakpoint,
                                  std::shared_ptr<TraceFile> file) {
  if (!trace && !breakpoint) return nullptr;
  return std::make_unique<Trace>(trace, breakpoint, std::move(file));
}

}  // namespace rocmforge::emu
