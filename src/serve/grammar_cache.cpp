#include "serve/grammar_cache.h"

#include <algorithm>

namespace rocmforge::serve {
namespace {

std::shared_ptr<const constrain::Grammar> compile(GrammarCache::Notation notation,
                                                  const std::string& text) {
  switch (notation) {
    case GrammarCache::Notation::kGbnf:
      return constrain::grammar_of_gbnf(text);
    case GrammarCache::Notation::kSchema:
      return constrain::grammar_of_schema(text);
    case GrammarCache::Notation::kAnyObject:
      break;
  }
  return constrain::grammar_of_json_object();
}

}  // namespace

std::shared_ptr<const constrain::TokenGrammar> GrammarCache::get(Notation notation,
                                                                 const std::string& text) {
  std::string key(1, static_cast<char>(notation));
  if (notation != Notation::kAnyObject) key += text;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::find_if(kept_.begin(), kept_.end(),
                                    [&](const Kept& kept) { return kept.first == key; });
    if (found != kept_.end()) {
      kept_.splice(kept_.begin(), kept_, found);
      shrink();
      return found->second;
    }
  }
  // Not under the lock: another request need not wait. Two that ask at once may both compile.
  auto made = std::make_shared<const constrain::TokenGrammar>(compile(notation, text),
                                                              engine_.token_table());
  const std::scoped_lock lock(mutex_);
  kept_.emplace_front(std::move(key), made);
  shrink();
  return made;
}

// With the lock held. One that an answer is still held to lives until that ends.
void GrammarCache::shrink() {
  std::size_t n = 0, bytes = 0;
  for (auto at = kept_.begin(); at != kept_.end(); ++at, ++n) {
    bytes += at->second->kept_bytes();
    if (n > 0 && (n >= kMost || bytes > kMostBytes)) {
      kept_.erase(at, kept_.end());
      return;
    }
  }
}

}  // namespace rocmforge::serve
