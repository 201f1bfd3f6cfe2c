// An engine on a small written model.
#pragma once

#include <memory>
#include <string>

#include "backend/cpu/device.h"
#include "engine/engine.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace rocmforge::test {

struct TinyEngine {
  explicit TinyEngine(const TinyModel& shape = {}, engine::EngineOptions options = {},
                      const cpu::Options& cpu = {.n_threads = 2, .isa = cpu::best_isa()})
      : device(cpu::make_device(cpu, counters)) {
    options.path = write_tiny_model(dir.file("tiny.gguf"), shape);
    engine = std::make_unique<engine::Engine>(options, *device, counters);
  }

  engine::Request request(const std::string& prompt, std::int32_t max_tokens = 20) const {
    return {.prompt = engine->tokenizer().encode(prompt, {}),
            .max_tokens = max_tokens,
            .sampling = {.temperature = 0}};
  }
  engine::Completion complete(const engine::Request& request) {
    return std::get<engine::Completion>(engine->generate(request, {}));
  }

  TempDir dir;
  Counters counters;
  std::unique_ptr<backend::Device> device;
  std::unique_ptr<engine::Engine> engine;
};

}  // namespace rocmforge::test
