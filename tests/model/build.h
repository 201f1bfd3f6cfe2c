// Parses a written model and builds its graphs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gguf/reader.h"
#include "gguf/writer.h"
#include "model/model.h"

namespace rocmforge::test {

struct Built {
  explicit Built(const gguf::Writer& writer)
      : bytes(writer.bytes()), file(gguf::parse(bytes, "tiny.gguf", counters)) {
    model = std::make_unique<model::Model>(model::build_model(file, {}, counters));
  }
  Counters counters;
  std::vector<std::byte> bytes;
  gguf::File file;
  std::unique_ptr<model::Model> model;
};

}  // namespace rocmforge::test
