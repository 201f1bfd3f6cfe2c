// Where test data lies. Tests that need data which is not there skip themselves and say so.
#pragma once

#include <string>

namespace rocmforge::test {

// The folder of shared test data (models/, golden/, vocabs/, eval/): ROCMFORGE_TEST_DATA, else
// ../shared beside the checkout. Empty when there is none.
std::string data_dir();

// data_dir()/relative, or empty when that file does not exist.
std::string data_file(const std::string& relative);

// The real model, where `make run` puts it: ${XDG_CACHE_HOME:-~/.cache}/rocmforge/models/...;
// empty when it has not been fetched.
std::string smollm2_file();

}  // namespace rocmforge::test

// Skips the test when `path` (from data_file) is empty, naming what is missing.
#define ROCMFORGE_NEED_DATA(path, what) \
  if ((path).empty()) GTEST_SKIP() << "test data not found: " << (what)
