// A model file on the disk -> everything that is known of it: parsed once, mapped while it lives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/executor.h"
#include "base/counters.h"
#include "base/mapped_file.h"
#include "gguf/file.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

// The mapped and parsed file. Not movable: the parts point into one another.
class ModelFile {
 public:
  ModelFile(const std::string& path, Counters& counters);
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  const gguf::File& gguf() const { return gguf_; }
  const MappedFile& mapping() const { return mapping_; }

 private:
  MappedFile mapping_;
  gguf::File gguf_;
};

std::unique_ptr<text::Tokenizer> load_tokenizer(const gguf::File& file);

// Where the file holds each weight's segments; a tokenizer smaller or larger than the embedding is
// refused by check_vocabulary.
std::vector<backend::WeightData> weight_data(const gguf::File& file, const ir::WeightTable& table);

// The model's embedding must have a row for each token. Error{kFormat} naming both numbers.
void check_vocabulary(const gguf::File& file, const model::HyperParams& params,
                      const text::Tokenizer& tokenizer);

// An F32 vector of the file, copied.
std::vector<float> read_floats(const gguf::File& file, const std::string& tensor);

}  // namespace rocmforge::engine
