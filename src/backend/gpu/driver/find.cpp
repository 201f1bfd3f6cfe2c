#include "backend/gpu/driver/find.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <system_error>

#include "base/error.h"

namespace rocmforge::gpu {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRocmFolder = "/opt/rocm/lib";
constexpr int kOldestSm = 80;  // the device code's PTX is made for it

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// libamdhip64.so* of ROCm's own folder: the plain name first, then from the newest version down; of
// several names for one file, one.
std::vector<std::string> rocm_libraries(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with("libamdhip64.so")) names.push_back(name);
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    const bool plain_a = a.ends_with(".so"), plain_b = b.ends_with(".so");
    return plain_a != plain_b ? plain_a : ::strverscmp(a.c_str(), b.c_str()) > 0;
  });
  std::vector<std::string> out;
  std::set<fs::path> files;
  for (const std::string& name : names) {
    const fs::path file = fs::canonical(folder / name, failed);
    if (failed || files.insert(file).second) out.push_back((folder / name).string());
  }
  return out;
}

LibrarySearch search_for(const char* name, LibrarySearch otherwise) {
  const std::string only = variable(name);
  if (only.empty()) return otherwise;
  return {.candidates = {only}, .variable = name, .folder = ""};
}

double timeout_seconds() {
  const std::string text = variable("ROCMFORGE_GPU_TIMEOUT");
  if (text.empty()) return kDefaultTimeoutSeconds;
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size() || !(seconds >= 0 && seconds <= 1e6)) {
    throw Error(ErrorCode::kUsage,
                "ROCMFORGE_GPU_TIMEOUT: \"" + text + "\" is no number of seconds (0: no limit)");
  }
  return seconds;
}

// Errors say "[gpu] PATH: why"; PassedOver holds the path by itself.
std::string without_place(const std::string& words, const std::string& path) {
  for (const std::string& start : {"[gpu] " + path + ": ", std::string("[gpu] ")}) {
    if (words.starts_with(start)) return words.substr(start.size());
  }
  return words;
}

using Open = std::function<std::unique_ptr<Api>(const OpenOptions&)>;

// The search for one vendor's devices.
class Search {
 public:
  Search(const SearchOptions& options, const LibrarySearch& where, std::string interface, Open open)
      : options_(options),
        where_(where),
        interface_(std::move(interface)),
        open_(std::move(open)) {}

  void run(Found& found) {
    for (const std::string& candidate : where_.candidates) {
      if (try_library(candidate)) break;
    }
    if (devices_.empty() && !where_.variable.empty()) {
      if (!options_.lenient) throw_forced();
      for (PassedOver& p : passed_over_) p.what = where_.variable + "=" + p.what;
    }
    if (devices_.empty() && passed_over_.empty()) {
      std::string names = where_.folder;
      for (const std::string& name : where_.candidates) names += (names.empty() ? "" : ", ") + name;
      passed_over_.push_back({interface_, "no library found; looked for " + names});
    }
    std::move(devices_.begin(), devices_.end(), std::back_inserter(found.devices));
    std::move(passed_over_.begin(), passed_over_.end(), std::back_inserter(found.passed_over));
  }

 private:
  // True when it has a usable device.
  bool try_library(const std::string& candidate) {
    std::string path = candidate;
    try {
      const std::shared_ptr<Api> api = open_({.library = candidate,
                                              .timeout_seconds = options_.timeout_seconds,
                                              .kfd_nodes = options_.kfd_nodes});
      path = api->library();
      if (!seen_.insert(path).second) return false;  // another name of one that had no device
      const std::int32_t n = api->n_devices();
      if (n == 0) passed_over_.push_back({path, "reports no device"});
      for (std::int32_t i = 0; i < n; ++i) try_device(api, i);
    } catch (const Error& e) {
      // A name that is not there is only worth a word when no other is, or when it was asked for.
      if (e.code() == ErrorCode::kNotFound && where_.variable.empty()) return false;
      code_ = e.code();
      pass_over(path, e.what());
    }
    return !devices_.empty();
  }

  void try_device(const std::shared_ptr<Api>& api, std::int32_t ordinal) {
    std::string what = api->library() + ", device " + std::to_string(ordinal);
    try {
      DeviceProperties properties = api->properties(ordinal);
      what += " (" + properties.name + ")";
      if (properties.target.empty() && options_.probe) {
        properties.target = options_.probe(*api, ordinal);
      }
      if (const std::string why = unusable(api->vendor(), properties); !why.empty()) {
        passed_over_.push_back({what, why});
      } else {
        devices_.push_back({api, std::move(properties)});
      }
    } catch (const Error& e) {
      passed_over_.push_back({what, without_place(e.what(), api->library())});
    }
  }

  static std::string unusable(Vendor vendor, const DeviceProperties& p) {
    if (vendor == Vendor::kAmd) {
      return p.target.empty() ? "its architecture is told neither by the library nor by /sys" : "";
    }
    const int sm = std::atoi(p.target.c_str() + 3);  // "sm_90"
    if (sm >= kOldestSm) return "";
    return "compute capability " + std::to_string(sm / 10) + "." + std::to_string(sm % 10) +
           "; 8.0 is the least that will do";
  }

  void pass_over(const std::string& path, const std::string& why) {
    // A file that does not load says the same by each of its names.
    if (said_.insert(why).second) passed_over_.push_back({path, without_place(why, path)});
  }

  [[noreturn]] void throw_forced() const {
    std::string words = where_.variable + "=" + where_.candidates.front() + ": ";
    for (std::size_t i = 0; i < passed_over_.size(); ++i) {
      const PassedOver& p = passed_over_[i];
      if (i > 0) words += "; ";
      // The path was said: "PATH, device 0 (name)".
      const std::string& path = where_.candidates.front();
      const std::size_t said = p.what.starts_with(path + ", ") ? path.size() + 2 : 0;
      if (p.what != path) words += p.what.substr(said) + ": ";
      words += p.why;
    }
    throw Error(code_, "[gpu] " + words);
  }

  const SearchOptions& options_;
  const LibrarySearch& where_;
  std::string interface_;
  Open open_;
  ErrorCode code_ = ErrorCode::kDevice;  // of a library that did not open
  std::set<std::string> seen_;           // files that opened
  std::set<std::string> said_;           // why others did not
  std::vector<FoundDevice> devices_;
  std::vector<PassedOver> passed_over_;
};

}  // namespace

SearchOptions default_search() {
  std::vector<std::string> hip = rocm_libraries(kRocmFolder);
  for (const char* suffix : {".7", ".6", ".5", ""}) {
    hip.push_back(std::string("libamdhip64.so") + suffix);
  }
  SearchOptions out;
  out.hip = search_for("ROCMFORGE_HIP_LIBRARY",
                       {.candidates = std::move(hip), .variable = "", .folder = kRocmFolder});
  out.cuda = search_for("ROCMFORGE_CUDA_LIBRARY",
                        {.candidates = {"libcuda.so.1"}, .variable = "", .folder = ""});
  out.timeout_seconds = timeout_seconds();
  return out;
}

Found find_devices(const SearchOptions& options) {
  Found found;
  Search(options, options.hip, "HIP (AMD)", open_hip).run(found);
  Search(options, options.cuda, "CUDA (NVIDIA)", open_cuda).run(found);
  return found;
}

}  // namespace rocmforge::gpu
