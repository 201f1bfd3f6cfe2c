// A model file on the disk, or its parts -> everything that is known of it: parsed once, mapped
// while it lives.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backend/executor.h"
#include "base/counters.h"
#include "base/mapped_file.h"
#include "engine/weight_scan.h"
#include "gguf/model_files.h"
#include "model/model.h"
#include "model/random_model.h"
#include "text/tokenizer.h"

namespace rocmforge::engine {

// The mapped and parsed files, or a model of made-up weights. Not movable: the parts point into one
// another.
class ModelFile {
 public:
  // `overrides` take the place of what the file's metadata says, before anything reads it.
  ModelFile(const std::string& path, Counters& counters,
            std::vector<gguf::Override> overrides = {});
  ModelFile(const model::RandomSpec& random, Counters& counters);
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  const gguf::File& gguf() const { return random_ ? random_->gguf() : files_->file(); }
  // A warning for each tensor that is seen to hold no numbers in a quick look (weight_scan.h).
  void warn_of_bad_weights() const;
  // Looks at every weight. Error{kFormat} naming the tensors that hold no numbers; kCancelled where
  // `progress`, which may be empty, says to stop.
  void check_weights(const ScanProgress& progress) const;
  // By TensorInfo::part; none of a model of made-up weights.
  std::span<const MappedFile> mappings() const {
    return files_ ? files_->mappings() : std::span<const MappedFile>();
  }

 private:
  std::vector<BadWeight> bad_weights(Scan scan, const ScanProgress& progress) const;

  std::vector<gguf::Override> overrides_;
  std::optional<gguf::ModelFiles> files_;
  std::optional<model::RandomModel> random_;
};

// False for a file that says it has none (tokenizer.ggml.model "none").
bool has_vocabulary(const gguf::File& file);
// That of `path`, a tokenizer.json or the folder of one, where it is given; else the file's own;
// else that of a tokenizer.json beside the file; null for a file that says it has none.
std::unique_ptr<text::Tokenizer> find_tokenizer(const gguf::File& file, const std::string& path);
// The same. Error{kUnsupported} when there is none.
std::unique_ptr<text::Tokenizer> load_tokenizer(const gguf::File& file,
                                                const std::string& path = {});

// A model that was opened: its file and tokenizer, once for all engines that are made of it and all
// that is worked out of it before.
struct OpenedModel {
  // `tokenizer`: as find_tokenizer() takes it.
  OpenedModel(const std::string& path, Counters& counters,
              std::vector<gguf::Override> overrides = {}, const std::string& tokenizer = {});
  OpenedModel(const model::RandomSpec& random, Counters& counters);

  // Error{kUnsupported} for a model without a vocabulary.
  const text::Tokenizer& require_tokenizer() const;

  ModelFile file;
  std::unique_ptr<text::Tokenizer> tokenizer;  // null: there is no vocabulary
};

// Where the file holds each weight's segments, or the seed of what it does not hold.
std::vector<backend::WeightData> weight_data(const gguf::File& file, const ir::WeightTable& table);

// The model's embedding must have a row for each token. Error{kFormat} naming both numbers; a
// warning where so many rows have no token that the vocabulary may be another model's.
void check_vocabulary(const gguf::File& file, const model::HyperParams& params,
                      const text::Tokenizer& tokenizer);

// An F32 vector of the file, copied.
std::vector<float> read_floats(const gguf::File& file, const std::string& tensor);

}  // namespace rocmforge::engine
