#include "engine/kv_store.h"

#include <string>

#include "base/error.h"
#include "engine/setting.h"

namespace rocmforge::engine {
namespace {

std::unique_ptr<backend::Buffer> allocate(backend::Device& device,
                                          const backend::KvLayout& layout) {
  try {
    return device.allocate(layout.bytes());
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kOutOfMemory) throw;
    throw SettingError(ErrorCode::kOutOfMemory,
                       "[engine] the KV cache for " +
                           std::to_string(layout.n_blocks * ir::kBlockTokens) +
                           " tokens does not fit: " + e.what(),
                       {{Setting::kContext}, {Setting::kKvType}});
  }
}

}  // namespace

KvStore::KvStore(backend::Device& device, const backend::KvLayout& layout)
    : layout_(layout), buffer_(allocate(device, layout)) {}

}  // namespace rocmforge::engine
