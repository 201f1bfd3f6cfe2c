// Grammars that requests name, compiled once for all that ask for the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "constrain/token_grammar.h"
#include "engine/engine.h"

namespace rocmforge::serve {

class GrammarCache {
 public:
  enum class Notation : char { kGbnf = 'g', kSchema = 's', kAnyObject = 'o' };
  // Kept: those asked for last, and no more than hold so many bytes with what they have found.
  static constexpr std::size_t kMost = 16, kMostBytes = std::size_t{256} << 20;

  // The engine outlives it.
  explicit GrammarCache(engine::Engine& engine) : engine_(engine) {}

  // `text`: in that notation; ignored for kAnyObject. From any thread. Throws as
  // constrain/grammar.h says.
  std::shared_ptr<const constrain::TokenGrammar> get(Notation notation, const std::string& text);

 private:
  using Kept = std::pair<std::string, std::shared_ptr<const constrain::TokenGrammar>>;

  void shrink();

  engine::Engine& engine_;
  std::mutex mutex_;
  std::list<Kept> kept_;  // the last one asked for first
};

}  // namespace rocmforge::serve
