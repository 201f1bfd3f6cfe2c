// A model in several files, as converters make them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gguf/writer.h"

namespace rocmforge::test {

// Of one part: its keys, split.* not among them, are there already; which part, from 0 on.
using EditPart = std::function<void(gguf::Writer& part, int number)>;

// "STEM-00001-of-0000N.gguf".
std::string part_path(const std::string& stem, int number, int count);

// Writes the model in `count` parts: its keys in the first, its tensors shared out in their order,
// with the keys that tell of the split, those in `left_out` excepted, and what `edit` adds. Returns
// the first's path.
std::string write_split_model(const gguf::Writer& model, const std::string& stem, int count,
                              const std::vector<std::string>& left_out = {},
                              const EditPart& edit = {});

}  // namespace rocmforge::test
