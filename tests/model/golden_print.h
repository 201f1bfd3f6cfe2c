// Graphs as text, held to the files of golden/: any change of plan shows as a difference.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "support/temp_dir.h"

namespace rocmforge::test {

// ROCMFORGE_UPDATE_GOLDEN=1 writes golden/NAME.txt anew; the test still fails where it differed.
inline void expect_golden_print(const std::string& name, const std::string& text) {
  const std::string path = std::string(ROCMFORGE_GOLDEN_DIR) + "/" + name + ".txt";
  const std::string golden = std::ifstream(path) ? read_file(path) : "";
  if (std::getenv("ROCMFORGE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(golden, text) << name << ": is not as before; ROCMFORGE_UPDATE_GOLDEN=1 writes it anew";
}

}  // namespace rocmforge::test
