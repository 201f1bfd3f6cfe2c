// A model's file, or its several parts, mapped and parsed as one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/mapped_file.h"
#include "gguf/file.h"

namespace rocmforge::gguf {

// "model-00002-of-00003.gguf" taken apart.
struct PartName {
  std::string stem;  // "model"
  std::uint64_t number = 0, count = 0;

  std::string path_of(std::uint64_t other) const;  // of another part, from 1 on
};
std::optional<PartName> part_name(const std::string& path);

// How many parts the file says that its model has (split.count), and which it is, from 0 on
// (split.no); 1 and 0 without such keys. Error{kFormat} for numbers that make no sense.
struct PartKeys {
  std::uint64_t number = 0, count = 1;
};
PartKeys part_keys(const File& file);

// The paths of all parts, the first first, of a file that says it is the first of several. Error
// naming what is wrong: the file is another part (the message says which to give), or its name
// does not tell the others'.
std::vector<std::string> part_paths(const File& first);

class ModelFiles {
 public:
  // Maps and parses the file, and the other parts where it is the first of several: they must agree
  // with it in split.count and split.tensors.count, be of the numbers that their names say, agree
  // with one another in every key that two of them have, and hold no tensor twice. Errors name the
  // part at fault.
  ModelFiles(const std::string& path, Counters& counters);

  const File& file() const { return *file_; }  // keys and tensors of all parts
  File& file() { return *file_; }
  std::span<const MappedFile> mappings() const { return mappings_; }  // by TensorInfo::part

 private:
  std::vector<MappedFile> mappings_;
  std::optional<File> file_;
};

}  // namespace rocmforge::gguf
