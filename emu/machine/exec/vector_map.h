// Handlers out of expressions: a function of one lane's values, whose types say how operands are
// read and results written (vector_operand.h), becomes a loop over the lanes.
//
//   row("v_add_f32", [](float a, float b) { return a + b; })
//
// float, double, Half: floating point with its modifiers, by MODE. (u)int16_t: a half of a
// register. bool: a bit of a lane mask. A leading Mode is the wave's. Carried<T> has a second
// destination.
#pragma once

#include <cstddef>
#include <utility>

#include "machine/exec/handlers.h"
#include "machine/exec/vector_operand.h"

namespace rocmforge::emu {

template <class F>
struct Signature : Signature<decltype(&F::operator())> {};
template <class F, class R, class... A>
struct Signature<R (F::*)(A...) const> {
  using Value = R;
  static constexpr bool kWithMode = false;
  template <template <class...> class To>
  using Apply = To<R, A...>;
};
template <class F, class R, class... A>
struct Signature<R (F::*)(Mode, A...) const> {
  using Value = R;
  static constexpr bool kWithMode = true;
  template <template <class...> class To>
  using Apply = To<R, A...>;
};

template <class F, class... A>
auto call(Mode mode, A... arguments) {
  if constexpr (Signature<F>::kWithMode) {
    return F{}(mode, arguments...);
  } else {
    return F{}(arguments...);
  }
}

template <class T>
inline constexpr bool kFloating = is_float(format_of<T>());
template <class T>
inline constexpr bool kFloating<Carried<T>> = kFloating<T>;

template <class R, class... A>
struct Loop {
  // Results of all lanes, of an operation that need not be an instruction of its own (VOPD).
  template <class F>
  static void compute(const Wave& wave, const Operation& operation, const Dpp* dpp,
                      Result<R>& result) {
    compute<F>(wave, operation, dpp, result, std::index_sequence_for<A...>());
  }
  template <class F>
  static void run(Wave& wave, const Inst& inst) {
    Result<R> result;
    compute<F>(wave, inst, &inst.dpp, result);
    result.write(wave, inst);
  }

 private:
  template <class F, std::size_t... kAt>
  static void compute(const Wave& wave, const Operation& operation, const Dpp* dpp,
                      Result<R>& result, std::index_sequence<kAt...>) {
    const Mode mode = mode_of(wave);
    [&](const Source<A>&... sources) {
      for (int lane = 0; lane < kLanes; ++lane) result.set(lane, call<F>(mode, sources[lane]...));
    }(Source<A>(wave, operation.src[kAt], kAt == 0 ? dpp : nullptr)...);
  }
};

template <class F>
using LoopOf = typename Signature<F>::template Apply<Loop>;

template <class F>
void run_map(Wave& wave, const Step& step) {
  const Inst& inst = step.inst;
  if constexpr (!kFloating<typename Signature<F>::Value>) {
    if (inst.clamp || inst.output_modifier != 0) unsupported(inst, "clamp and output modifiers");
  }
  LoopOf<F>::template run<F>(wave, inst);
}

// The same with the clamp bit: `Wide` computes what a wider type holds, the result saturates.
template <class F, class Wide, class R, class... A>
void run_saturating(Wave& wave, const Inst& inst, Loop<R, A...>*) {
  struct Clamped {
    R operator()(A... arguments) const { return saturated<R>(Wide{}(arguments...)); }
  };
  if (inst.clamp) {
    Loop<R, A...>::template run<Clamped>(wave, inst);
  } else {
    Loop<R, A...>::template run<F>(wave, inst);
  }
}
template <class F, class Wide>
void run_map_saturating(Wave& wave, const Step& step) {
  if (step.inst.output_modifier != 0) unsupported(step.inst, "output modifiers");
  run_saturating<F, Wide>(wave, step.inst, static_cast<LoopOf<F>*>(nullptr));
}

// v_cmpx: the lanes that pass stay active.
template <class F, class... A>
void run_narrowing(Wave& wave, const Inst& inst, Loop<bool, A...>*) {
  Result<bool> result;
  Loop<bool, A...>::template compute<F>(wave, inst, &inst.dpp, result);
  wave.set_exec(result.bits() & wave.exec());
}
template <class F>
void run_map_narrowing(Wave& wave, const Step& step) {
  if (step.inst.clamp) unsupported(step.inst, "clamp");
  run_narrowing<F>(wave, step.inst, static_cast<LoopOf<F>*>(nullptr));
}

template <class F>
constexpr HandlerRow row(std::string_view name, F) {
  return {name, &run_map<F>};
}
template <class F, class Wide>
constexpr HandlerRow row(std::string_view name, F, Wide) {
  return {name, &run_map_saturating<F, Wide>};
}

}  // namespace rocmforge::emu
