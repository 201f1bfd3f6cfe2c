// A reference to a callable: two words, no allocation. The callable must outlive the call it is
// passed to.
#pragma once

#include <type_traits>
#include <utility>

namespace rocmforge {

template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  FunctionRef() = default;  // refers to nothing: not to be called
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(const F& f)  // NOLINT: implicit, so that a lambda can be passed
      : object_(&f), call_([](const void* object, Args... args) -> R {
          return (*static_cast<const F*>(object))(std::forward<Args>(args)...);
        }) {}

  explicit operator bool() const { return call_ != nullptr; }
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  const void* object_ = nullptr;
  R (*call_)(const void*, Args...) = nullptr;
};

}  // namespace rocmforge
