// As much of msgpack as the metadata of code objects uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace rocmforge::emu {

struct MsgpackValue {
  enum class Kind : std::uint8_t { kNil, kBool, kInt, kText, kList, kMap };
  Kind kind = Kind::kNil;
  std::int64_t number = 0;  // bool: 0 or 1
  std::string text;
  std::vector<MsgpackValue> list;
  std::map<std::string, MsgpackValue> map;

  // The value of a key of a map; null where there is none, or this is no map.
  const MsgpackValue* find(const std::string& key) const;
};

// The one value that `bytes` hold. Throws Error{kFormat} where they do not, and where lists and
// maps nest deeper than 16.
MsgpackValue read_msgpack(std::span<const std::byte> bytes);

}  // namespace rocmforge::emu
