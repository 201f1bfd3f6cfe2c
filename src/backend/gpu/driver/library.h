// A shared library opened at run time, and typed functions out of it.
#pragma once

#include <string>
#include <vector>

namespace rocmforge::gpu {

// One C function of the library; every function used here returns its status.
template <class... Args>
struct Call {
  const char* name = "";
  int (*function)(Args...) = nullptr;
};

class Library {
 public:
  // `name`: a path, or a bare name that the system's loader looks for. Throws Error{kNotFound} when
  // there is no such file and Error{kDevice} when it does not load, each with the loader's words.
  explicit Library(const std::string& name);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const std::string& path() const { return path_; }  // the file that was opened, links resolved

  void* find(const char* name) const;  // null when the library lacks it

  // Fills `call`; a function that is missing is remembered.
  template <class... Args>
  void load(Call<Args...>& call, const char* name) {
    call.name = name;
    call.function = reinterpret_cast<int (*)(Args...)>(find(name));
    if (call.function == nullptr) missing_.emplace_back(name);
  }
  // Throws Error{kDevice} naming all that load() missed.
  void require_all() const;

  // From here on it stays loaded for good: a driver that has been initialised may have threads.
  void keep() { kept_ = true; }

 private:
  void* handle_ = nullptr;
  bool kept_ = false;
  std::string path_;
  std::vector<std::string> missing_;
};

}  // namespace rocmforge::gpu
