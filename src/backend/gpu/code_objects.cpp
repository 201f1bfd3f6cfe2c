#include "backend/gpu/code_objects.h"

#include <zstd.h>

#include <charconv>

#include "backend/gpu/embedded.h"
#include "base/error.h"

namespace rocmforge::gpu {
namespace {

constexpr std::string_view kNvidia = "sm_";

CodeObject decompress(const EmbeddedObject& object) {
  const auto fail = [&object] {
    throw Error(ErrorCode::kInternal, "[gpu] the embedded kernels for " +
                                          std::string(object.target) + " do not decompress");
  };
  const auto bytes = ZSTD_getFrameContentSize(object.zstd.data(), object.zstd.size());
  if (bytes == ZSTD_CONTENTSIZE_ERROR || bytes == ZSTD_CONTENTSIZE_UNKNOWN) fail();
  CodeObject out{.target = std::string(object.target), .bytes = {}};
  out.bytes.resize(bytes);
  const std::size_t got =
      ZSTD_decompress(out.bytes.data(), bytes, object.zstd.data(), object.zstd.size());
  if (ZSTD_isError(got) != 0 || got != bytes) fail();
  if (object.target.starts_with(kNvidia)) out.bytes.push_back(std::byte{0});
  return out;
}

// NN of "sm_NN"; -1 for other names, among them those of one card's own features ("sm_90a").
int compute_capability(std::string_view target) {
  if (!target.starts_with(kNvidia)) return -1;
  target.remove_prefix(kNvidia.size());
  int n = -1;
  const auto [end, error] = std::from_chars(target.data(), target.data() + target.size(), n);
  return error == std::errc{} && end == target.data() + target.size() ? n : -1;
}

// "11.0.0", of a built target that differs from `target` in the last digit alone (gfx1100 for
// gfx1102), so that its code runs there; empty when there is none.
std::string relative_version(std::string_view target) {
  constexpr std::string_view kAmd = "gfx1";
  if (!target.starts_with(kAmd) || target.size() != 7) return "";
  for (const EmbeddedObject& object : embedded_objects()) {
    const std::string_view t = object.target;
    if (t.size() != target.size() || t.substr(0, 6) != target.substr(0, 6)) continue;
    return std::string(t.substr(3, 2)) + "." + t[5] + "." + t[6];
  }
  return "";
}

}  // namespace

std::optional<CodeObject> find_code_object(std::string_view target) {
  const EmbeddedObject* best = nullptr;
  const int wanted = compute_capability(target);
  int best_capability = -1;
  for (const EmbeddedObject& object : embedded_objects()) {
    if (object.target == target) return decompress(object);
    const int capability = compute_capability(object.target);
    if (capability >= 0 && capability <= wanted && capability > best_capability) {
      best = &object;
      best_capability = capability;
    }
  }
  if (best == nullptr) return std::nullopt;
  return decompress(*best);
}

std::vector<std::string_view> list_code_objects() {
  std::vector<std::string_view> out;
  for (const EmbeddedObject& object : embedded_objects()) out.push_back(object.target);
  return out;
}

std::string missing_code_object(std::string_view target) {
  if (embedded_objects().empty()) {
    return "[gpu] this program was built without GPU support. Build it with: cmake -B build "
           "-DROCMFORGE_GPU_TARGETS=" +
           std::string(target) + " && cmake --build build";
  }
  std::string built;
  for (const EmbeddedObject& object : embedded_objects()) {
    built.append(built.empty() ? "" : ", ").append(object.target);
  }
  std::string text =
      "[gpu] no kernels for " + std::string(target) + " in this program, which has " + built +
      ". Build them with: cmake -B build -DROCMFORGE_GPU_TARGETS=" + std::string(target) +
      " && cmake --build build";
  if (const std::string version = relative_version(target); !version.empty()) {
    text += "; or try HSA_OVERRIDE_GFX_VERSION=" + version;
  }
  return text;
}

}  // namespace rocmforge::gpu
