#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/error.h"

namespace rocmforge::text {
namespace {

// PCRE2 10.42 knows Unicode 14. Characters that 15.0 and 15.1 assigned, by general category; a
// newer library knows them already, and naming them twice changes nothing.
struct Addition {
  std::string_view property, ranges;
};
constexpr std::array<Addition, 5> kUnicode15 = {{
    {"\\p{L}",
     "\\x{1123F}-\\x{11240}\\x{11F02}\\x{11F04}-\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}"
     "\\x{13441}-\\x{13446}\\x{1B132}\\x{1B155}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}"
     "\\x{1E4D0}-\\x{1E4EB}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}"},
    {"\\p{N}", "\\x{11F50}-\\x{11F59}\\x{1D2C0}-\\x{1D2D3}\\x{1E4F0}-\\x{1E4F9}"},
    {"\\p{P}", "\\x{11B00}-\\x{11B09}\\x{11F43}-\\x{11F4F}"},
    {"\\p{M}",
     "\\x{CF3}\\x{ECE}\\x{10EFD}-\\x{10EFF}\\x{11241}\\x{11F00}-\\x{11F01}\\x{11F03}"
     "\\x{11F34}-\\x{11F3A}\\x{11F3E}-\\x{11F42}\\x{13440}\\x{13447}-\\x{13455}\\x{1E08F}"
     "\\x{1E4EC}-\\x{1E4EF}"},
    {"\\p{S}",
     "\\x{2FFC}-\\x{2FFF}\\x{31EF}\\x{1F6DC}\\x{1F774}-\\x{1F776}\\x{1F77B}-\\x{1F77F}"
     "\\x{1F7D9}\\x{1FA75}-\\x{1FA77}\\x{1FA87}-\\x{1FA88}\\x{1FAAD}-\\x{1FAAF}"
     "\\x{1FABB}-\\x{1FABD}\\x{1FABF}\\x{1FACE}-\\x{1FACF}\\x{1FADA}-\\x{1FADB}\\x{1FAE8}"
     "\\x{1FAF7}-\\x{1FAF8}"},
}};

constexpr std::size_t kJitStackStart = std::size_t{32} << 10, kJitStackMax = std::size_t{64} << 20;

std::string error_text(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(code, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

}  // namespace

std::string widen_classes(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size();) {
    const std::string_view rest = pattern.substr(i);
    const auto added = std::find_if(kUnicode15.begin(), kUnicode15.end(), [&](const Addition& a) {
      return rest.starts_with(a.property);
    });
    if (added != kUnicode15.end()) {
      const std::string both = std::string(added->property) + std::string(added->ranges);
      out += in_class ? both : "[" + both + "]";
      i += added->property.size();
    } else if (rest.starts_with("\\s") || rest.starts_with("\\S")) {
      out += rest[1] == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
      i += 2;
    } else if (rest[0] == '\\') {
      out += rest.substr(0, 2);
      i += 2;
    } else {
      if (rest[0] == '[') in_class = true;
      if (rest[0] == ']') in_class = false;
      out += rest[0];
      ++i;
    }
  }
  return out;
}

struct Regex::Code {
  pcre2_code* code = nullptr;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

struct Regex::Scratch::Impl {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(kJitStackStart, kJitStackMax, nullptr);
  std::uint64_t steps = 0, most_steps = 0;
  std::size_t place = 0;
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
};

namespace {

// A step of a pattern whose steps are counted. Between two of them the place may have gone far, and
// nothing else takes time.
template <class Impl>
int count_step(pcre2_callout_block* step, void* data) {
  auto& here = *static_cast<Impl*>(data);
  const std::size_t place = step->current_position;
  here.steps += 1 + (place > here.place ? place - here.place : here.place - place);
  here.place = place;
  return here.steps > here.most_steps ? PCRE2_ERROR_MATCHLIMIT : 0;
}

}  // namespace

void Regex::Scratch::begin_pattern() {
  impl_->steps = 0;
}

Regex::Scratch::Scratch(std::size_t text_bytes) : impl_(std::make_shared<Impl>()) {
  if (impl_->data == nullptr || impl_->context == nullptr)
    throw Error(ErrorCode::kOutOfMemory, "[text] no memory to match a pattern");
  const std::uint64_t limit = std::uint64_t{16} * text_bytes + 1'000'000;
  pcre2_set_match_limit(impl_->context, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                            limit, std::numeric_limits<std::uint32_t>::max())));
  impl_->most_steps = kStepsPerByte * text_bytes + kMoreSteps;
  pcre2_set_callout(impl_->context, count_step<Impl>, impl_.get());
  // Without a stack of its own the compiled code has 32 KiB of the machine's, and says when it is
  // too little; so a null here is no error.
  if (impl_->stack != nullptr) pcre2_jit_stack_assign(impl_->context, nullptr, impl_->stack);
}

Regex::Regex(std::string_view pattern, Steps steps) : pattern_(pattern) {
  const std::string wide = widen_classes(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_shared<Code>();
  const std::uint32_t counted = steps == Steps::kCounted ? PCRE2_AUTO_CALLOUT : 0;
  code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(wide.data()), wide.size(),
                             PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | counted, &error,
                             &offset, nullptr);
  if (code->code == nullptr)
    throw Error(ErrorCode::kUnsupported, "[text] pattern " + shown() + ": at " +
                                             std::to_string(offset) + ": " + error_text(error));
  // Where no machine code may be made, pcre2_match interprets: slower, the same answers.
  pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE);
  code_ = std::move(code);
}

std::string Regex::shown() const {
  constexpr std::size_t kMost = 200;
  if (pattern_.size() <= kMost) return pattern_;
  std::size_t end = kMost;
  while ((static_cast<unsigned char>(pattern_[end]) >> 6U) == 2) --end;
  return pattern_.substr(0, end) + "...";
}

std::optional<Match> Regex::find(std::string_view subject, std::size_t from, bool allow_empty,
                                 Scratch& scratch) const {
  const std::uint32_t options =
      PCRE2_NO_UTF_CHECK | (allow_empty ? 0u : std::uint32_t{PCRE2_NOTEMPTY_ATSTART});
  const int n =
      pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), from,
                  options, scratch.impl_->data, scratch.impl_->context);
  if (n == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (n < 0)
    throw Error(ErrorCode::kInvalidArgument, "[text] the pre-tokenizer gave up on a stretch of " +
                                                 std::to_string(subject.size()) + " bytes: " +
                                                 error_text(n) + " (pattern " + shown() + ")");
  const PCRE2_SIZE* at = pcre2_get_ovector_pointer(scratch.impl_->data);
  return Match{at[0], at[1]};
}

}  // namespace rocmforge::text
