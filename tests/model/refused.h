// A written model that must be refused, and how.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/error.h"
#include "model/build.h"
#include "support/tiny_model.h"

namespace rocmforge::test {

// The message names file and culprit, on one line of under 500 characters.
inline void expect_refused(const gguf::Writer& writer, ErrorCode code, const std::string& culprit) {
  try {
    const Built built(writer);
    ADD_FAILURE() << culprit << " was accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    const std::string what = e.what();
    EXPECT_NE(what.find("tiny.gguf"), std::string::npos) << what;
    EXPECT_NE(what.find(culprit), std::string::npos) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
    EXPECT_LT(what.size(), 500u);
  }
}

// The tiny model with one key or tensor left out, and what `then` adds.
inline gguf::Writer without(const std::string& left_out,
                            const std::function<void(gguf::Writer&)>& then = {},
                            const TinyModel& shape = {}) {
  return edited(tiny_model(shape), {left_out}, then);
}

}  // namespace rocmforge::test
