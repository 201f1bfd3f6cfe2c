#include "backend/gpu/driver/library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/error.h"

namespace rocmforge::gpu {
namespace {

std::string resolved(void* handle, const std::string& name) {
  link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return name;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(map->l_name, nullptr),
                                                         &std::free);
  return real != nullptr ? real.get() : map->l_name;
}

}  // namespace

Library::Library(const std::string& name) {
  handle_ = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) {
    const char* why = ::dlerror();
    const std::string words = why != nullptr ? why : name + ": does not load";
    // The loader speaks of `name` itself when it is absent, and of another file when a library that
    // `name` needs is.
    const bool absent = words.starts_with(name + ": cannot open shared object file: No such file");
    throw Error(absent ? ErrorCode::kNotFound : ErrorCode::kDevice, "[gpu] " + words);
  }
  path_ = resolved(handle_, name);
}

Library::~Library() {
  if (!kept_) ::dlclose(handle_);
}

void* Library::find(const char* name) const {
  return ::dlsym(handle_, name);
}

void Library::require_all() const {
  constexpr std::size_t kNamed = 4;  // more is no driver at all
  if (missing_.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < std::min(missing_.size(), kNamed); ++i) {
    names += (i > 0 ? ", " : "") + missing_[i];
  }
  if (missing_.size() > kNamed) {
    names += " and " + std::to_string(missing_.size() - kNamed) + " functions more";
  }
  throw Error(ErrorCode::kDevice, "[gpu] " + path_ + ": lacks " + names);
}

}  // namespace rocmforge::gpu
