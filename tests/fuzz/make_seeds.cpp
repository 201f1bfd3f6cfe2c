// Writes the seeds of the fuzz targets that are made, not written by hand, into FOLDER/TARGET/:
// whole small models, whose bytes the fuzzer then changes.
#include <cstdio>
#include <filesystem>
#include <string>

#include "model/architecture.h"
#include "support/tiny_model.h"

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  using namespace rocmforge;
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_seeds FOLDER\n");
    return 2;
  }
  const fs::path gguf = fs::path(argv[1]) / "gguf";
  fs::create_directories(gguf);
  for (const model::ArchitectureRow& row : model::architectures()) {
    test::TinyModel shape = test::tiny_shape(std::string(row.name));
    shape.n_layers = 1;
    shape.dim = 16;
    shape.n_heads = 2;
    shape.n_kv_heads = 1;
    shape.n_ff = 16;
    shape.tied = true;
    if (shape.head_dim > 0) shape.head_dim = 8;
    test::write_tiny_model((gguf / (std::string(row.name) + ".gguf")).string(), shape);
  }
  return 0;
}
