#include "backend/gpu/code_objects.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "base/error.h"

namespace rocmforge::gpu {
namespace {

constexpr std::string_view kNvidia = "sm_";

// Targets whose code runs on one another's cards: they differ in cache and unit counts alone, as
// far as our kernels use them. Source: LLVM, "User Guide for AMDGPU Backend", generic targets.
struct Family {
  std::string_view prefix;    // of the targets
  std::string_view override;  // HSA_OVERRIDE_GFX_VERSION's form for "prefix" + last digit
  std::string_view steps;     // last digits that clang 19 compiles for
};
constexpr std::array kFamilies = {
    Family{"gfx103", "10.3.", "0123456"}, Family{"gfx110", "11.0.", "0123"},
    Family{"gfx115", "11.5.", "012"}, Family{"gfx120", "12.0.", "01"}};
constexpr std::array<std::string_view, 2> kAlone = {"gfx90a", "gfx942"};

const Family* family_of(std::string_view target) {
  for (const Family& family : kFamilies) {
    if (target.size() == family.prefix.size() + 1 && target.starts_with(family.prefix)) {
      return &family;
    }
  }
  return nullptr;
}

bool can_build(std::string_view target) {
  if (target.starts_with(kNvidia)) return true;
  const Family* family = family_of(target);
  if (family != nullptr) return family->steps.find(target.back()) != std::string_view::npos;
  return std::find(kAlone.begin(), kAlone.end(), target) != kAlone.end();
}

// "11.0.0", of a built target of the card's family.
std::string override_for(std::string_view card, std::span<const BuiltTarget> built) {
  const Family* family = family_of(card);
  for (const BuiltTarget& other : built) {
    if (family != nullptr && other.target != card && family_of(other.target) == family) {
      return std::string(family->override) + other.target.back();
    }
  }
  return "";
}

struct Capability {
  int number = 0;      // 86 of "sm_86"
  bool exact = false;  // "sm_90a": with features that no other card has
};

std::optional<Capability> capability(std::string_view target) {
  if (!target.starts_with(kNvidia)) return std::nullopt;
  target.remove_prefix(kNvidia.size());
  Capability out;
  const char* last = target.data() + target.size();
  const auto [end, error] = std::from_chars(target.data(), last, out.number);
  out.exact = end + 1 == last && *end == 'a';
  if (error != std::errc{} || (end != last && !out.exact)) return std::nullopt;
  return out;
}

// How well it serves a card: more is better, 0 not at all.
int rank(std::string_view card, const BuiltTarget& built) {
  const auto wanted = capability(card), has = capability(built.target);
  if (!wanted || !has) return built.target == card ? 1 : 0;
  if (has->exact ? has->number != wanted->number : has->number > wanted->number) return 0;
  const bool binary = built.image == Image::kBinary;
  if (binary && has->number / 10 != wanted->number / 10) return 0;
  return 1 + 2 * has->number + (has->exact ? 1 : 0) + (binary ? 10'000 : 0);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::vector<BuiltTarget> built_targets() {
  std::vector<BuiltTarget> out;
  for (const EmbeddedObject& object : embedded_objects()) {
    const BuiltTarget target{object.target, object.image};
    if (std::find(out.begin(), out.end(), target) == out.end()) out.push_back(target);
  }
  return out;
}

std::string to_string(std::span<const BuiltTarget> built) {
  std::string text;
  std::string_view last;
  for (const BuiltTarget& b : built) {
    const std::string_view form = b.image == Image::kPtx ? "PTX" : "cubin";
    if (b.target == last) {
      text.insert(text.size() - 1, ", " + std::string(form));
      continue;
    }
    last = b.target;
    text.append(text.empty() ? "" : ", ").append(b.target);
    if (capability(b.target)) text.append(" (").append(form).append(")");
  }
  return text;
}

std::vector<BuiltTarget> usable_targets(std::string_view card, std::span<const BuiltTarget> built) {
  std::vector<BuiltTarget> out;
  std::copy_if(built.begin(), built.end(), std::back_inserter(out),
               [card](const BuiltTarget& b) { return rank(card, b) > 0; });
  std::sort(out.begin(), out.end(), [card](const BuiltTarget& a, const BuiltTarget& b) {
    return rank(card, a) > rank(card, b);
  });
  return out;
}

std::vector<KernelModule> kernel_modules(std::string_view card) {
  const std::vector<BuiltTarget> built = built_targets();
  std::vector<KernelModule> out;
  std::map<std::string_view, std::size_t> at;
  for (const BuiltTarget& target : usable_targets(card, built)) {
    for (const EmbeddedObject& object : embedded_objects()) {
      if (BuiltTarget{object.target, object.image} != target) continue;
      const auto [place, is_new] = at.emplace(object.module, out.size());
      if (is_new) {
        out.push_back({.name = object.module, .kernels = lines_of(object.kernels), .images = {}});
      }
      out[place->second].images.push_back(&object);
    }
  }
  return out;
}

std::vector<std::byte> decompress(const EmbeddedObject& object) {
  const auto fail = [&object] {
    throw Error(ErrorCode::kInternal, "[gpu] the embedded kernels for " +
                                          std::string(object.target) + ", module " +
                                          std::string(object.module) + ", do not decompress");
  };
  const auto bytes = ZSTD_getFrameContentSize(object.zstd.data(), object.zstd.size());
  if (bytes == ZSTD_CONTENTSIZE_ERROR || bytes == ZSTD_CONTENTSIZE_UNKNOWN) fail();
  std::vector<std::byte> out(bytes);
  const std::size_t got =
      ZSTD_decompress(out.data(), bytes, object.zstd.data(), object.zstd.size());
  if (ZSTD_isError(got) != 0 || got != bytes) fail();
  if (object.image == Image::kPtx) out.push_back(std::byte{0});
  return out;
}

std::string explain_missing(std::string_view card, std::span<const BuiltTarget> built) {
  const std::string name(card);
  // One PTX serves all of NVIDIA's; clang 19 knows the newest of them not.
  const std::string target = card.starts_with(kNvidia) ? "sm_80" : name;
  std::string text = built.empty() ? "[gpu] this program was built without GPU support"
                                   : "[gpu] no kernels for " + name +
                                         " in this program, which has " + to_string(built);
  if (can_build(card)) {
    text += ". To build them: cmake -B build -DROCMFORGE_GPU_TARGETS=" + target +
            " && cmake --build build";
  } else {
    text += ". None can be built for " + name +
            ": the kernels are for gfx103x, gfx110x, gfx115x, "
            "gfx120x, gfx90a and gfx942, as far as clang 19 knows them";
  }
  if (const std::string version = override_for(card, built); !version.empty()) {
    text +=
        "; or set HSA_OVERRIDE_GFX_VERSION=" + version + " to run the kernels of a near relative";
  }
  return text;
}

}  // namespace rocmforge::gpu
