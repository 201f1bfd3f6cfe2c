// Whether a grammar takes a whole text, and what is wrong with one that is refused.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "constrain/grammar.h"
#include "constrain/machine.h"

namespace rocmforge::test {

inline bool takes(const std::shared_ptr<const constrain::Grammar>& grammar, std::string_view text) {
  constrain::Machine machine(grammar);
  auto state = machine.start();
  for (const char c : text) {
    state = machine.next(state, static_cast<std::uint8_t>(c));
    if (state == constrain::Machine::kDead) return false;
  }
  return machine.may_end(state);
}

// Each of the texts is taken, or each is not.
inline void expect_all(const std::shared_ptr<const constrain::Grammar>& grammar, bool taken,
                       std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    EXPECT_EQ(takes(grammar, text), taken) << text;
  }
}

// The message of the error that `make` throws, with its code in front.
inline std::string refusal(const std::function<void()>& make) {
  try {
    make();
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
  return "";
}

}  // namespace rocmforge::test
