#include "object/msgpack.h"

#include <cstdio>

#include "base/error.h"

namespace rocmforge::emu {
namespace {

constexpr int kMaxDepth = 16;

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  MsgpackValue read(int depth) {
    if (depth > kMaxDepth) fail("nests too deep");
    const auto tag = static_cast<std::uint8_t>(big_endian(1));
    if (tag < 0x80) return number(tag);
    if (tag < 0x90) return map(tag & 15U, depth);
    if (tag < 0xa0) return list(tag & 15U, depth);
    if (tag < 0xc0) return text(tag & 31U);
    if (tag >= 0xe0) return number(static_cast<std::int8_t>(tag));
    switch (tag) {
      case 0xc0:
        return {};
      case 0xc2:
      case 0xc3: {
        MsgpackValue value = number(tag & 1);
        value.kind = MsgpackValue::Kind::kBool;
        return value;
      }
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return number(static_cast<std::int64_t>(big_endian(std::size_t{1} << (tag - 0xcc))));
      case 0xd0:
        return number(static_cast<std::int8_t>(big_endian(1)));
      case 0xd1:
        return number(static_cast<std::int16_t>(big_endian(2)));
      case 0xd2:
        return number(static_cast<std::int32_t>(big_endian(4)));
      case 0xd3:
        return number(static_cast<std::int64_t>(big_endian(8)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return text(big_endian(std::size_t{1} << (tag - 0xd9)));
      case 0xdc:
      case 0xdd:
        return list(big_endian(tag == 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return map(big_endian(tag == 0xde ? 2 : 4), depth);
      default:
        char what[64];
        std::snprintf(what, sizeof what, "tag 0x%02x is not expected", tag);
        fail(what);
    }
  }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    throw Error(ErrorCode::kFormat, "[emu] code object: metadata: " + what);
  }
  std::span<const std::byte> take(std::uint64_t n) {
    if (n > bytes_.size()) fail("cut short");
    const auto out = bytes_.first(static_cast<std::size_t>(n));
    bytes_ = bytes_.subspan(out.size());
    return out;
  }
  std::uint64_t big_endian(std::size_t n) {
    std::uint64_t x = 0;
    for (const std::byte byte : take(n)) x = x << 8 | static_cast<std::uint8_t>(byte);
    return x;
  }
  static MsgpackValue number(std::int64_t x) {
    MsgpackValue value;
    value.kind = MsgpackValue::Kind::kInt;
    value.number = x;
    return value;
  }
  MsgpackValue text(std::uint64_t n) {
    MsgpackValue value;
    value.kind = MsgpackValue::Kind::kText;
    for (const std::byte byte : take(n)) value.text += static_cast<char>(byte);
    return value;
  }
  // A count that is not true ends at "cut short": every element takes a byte at least.
  MsgpackValue list(std::uint64_t n, int depth) {
    MsgpackValue value;
    value.kind = MsgpackValue::Kind::kList;
    for (std::uint64_t i = 0; i < n; ++i) value.list.push_back(read(depth + 1));
    return value;
  }
  MsgpackValue map(std::uint64_t n, int depth) {
    MsgpackValue value;
    value.kind = MsgpackValue::Kind::kMap;
    for (std::uint64_t i = 0; i < n; ++i) {
      MsgpackValue key = read(depth + 1);
      if (key.kind != MsgpackValue::Kind::kText) fail("a key that is no text");
      value.map[key.text] = read(depth + 1);
    }
    return value;
  }

  std::span<const std::byte> bytes_;
};

}  // namespace

const MsgpackValue* MsgpackValue::find(const std::string& key) const {
  const auto at = map.find(key);
  return at == map.end() ? nullptr : &at->second;
}

MsgpackValue read_msgpack(std::span<const std::byte> bytes) {
  return Reader(bytes).read(0);
}

}  // namespace rocmforge::emu
