#include "kv/prefix_cache.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace rocmforge::kv {

PrefixCache::PrefixCache(BlockPool& pool, std::int32_t block_tokens)
    : pool_(pool), block_tokens_(static_cast<std::size_t>(block_tokens)) {
  const auto n = static_cast<std::size_t>(pool.n_blocks());
  entries_.resize(n);
  tokens_.resize(n * block_tokens_);
  buckets_.assign(std::bit_ceil(n), kNoBlock);
}

BlockId PrefixCache::find(BlockId before, std::span<const std::int32_t> tokens) const {
  check(tokens.size() == block_tokens_, "the tokens of a block");
  for (BlockId b = buckets_[bucket(before, tokens)]; b != kNoBlock; b = at(b).next) {
    if (at(b).before == before && std::ranges::equal(tokens_of(b), tokens)) return b;
  }
  return kNoBlock;
}

void PrefixCache::add(BlockId block, BlockId before, std::span<const std::int32_t> tokens) {
  check(tokens.size() == block_tokens_, "the tokens of a block");
  check(!at(block).known, "a block that is known already");
  check(before == kNoBlock || at(before).known, "a block behind one that is not known");
  pool_.mark(block, *this);
  BlockId& first = buckets_[bucket(before, tokens)];
  at(block) = {.known = true, .before = before, .next = first};
  first = block;
  std::ranges::copy(tokens, tokens_.begin() + block * static_cast<std::ptrdiff_t>(block_tokens_));
  if (before != kNoBlock) ++at(before).n_behind;
  ++n_known_;
}

void PrefixCache::clear() {
  std::ranges::fill(buckets_, kNoBlock);
  for (BlockId block = 0; block < pool_.n_blocks(); ++block) {
    if (at(block).known) pool_.unmark(block);
    at(block) = {};
  }
  n_known_ = 0;
}

void PrefixCache::lose(BlockId block) {
  Entry& entry = at(block);
  check(entry.known && entry.n_behind == 0, "a block is lost before those behind it");
  BlockId* link = &buckets_[bucket(entry.before, tokens_of(block))];
  while (*link != block) link = &at(*link).next;
  *link = entry.next;
  if (entry.before != kNoBlock) --at(entry.before).n_behind;
  entry = {};
  --n_known_;
}

std::span<const std::int32_t> PrefixCache::tokens_of(BlockId block) const {
  return std::span(tokens_).subspan(static_cast<std::size_t>(block) * block_tokens_, block_tokens_);
}

// FNV-1a over whole words, and its high bits mixed in.
std::size_t PrefixCache::bucket(BlockId before, std::span<const std::int32_t> tokens) const {
  constexpr std::uint64_t kBasis = 14695981039346656037U, kPrime = 1099511628211U;
  std::uint64_t hash = (kBasis ^ static_cast<std::uint32_t>(before)) * kPrime;
  for (const std::int32_t token : tokens) {
    hash = (hash ^ static_cast<std::uint32_t>(token)) * kPrime;
    hash ^= hash >> 29;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32)) & (buckets_.size() - 1);
}

}  // namespace rocmforge::kv
