#include "gguf/other_formats.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace rocmforge::gguf {
namespace {

struct Signature {
  std::string_view start;
  std::string_view format;
};

constexpr std::string_view kOldGgml =
    "a model of ggml's formats before GGUF (GGML, GGMF, GGJT, GGLA); convert it to GGUF";

constexpr std::array kSignatures = {
    Signature{"lmgg", kOldGgml},  // magic numbers are stored little-endian
    Signature{"fmgg", kOldGgml},
    Signature{"tjgg", kOldGgml},
    Signature{"algg", kOldGgml},
    Signature{"PK\x03\x04", "a ZIP archive, such as a PyTorch checkpoint; convert it to GGUF"},
    Signature{"\x80\x02", "a Python pickle, such as an old PyTorch checkpoint; convert it to GGUF"},
    Signature{"\x89HDF", "an HDF5 file"},
    Signature{"\x1f\x8b", "gzip-compressed"},
    Signature{"\x28\xb5\x2f\xfd", "zstd-compressed"},
    Signature{"version https://git-lfs", "a Git LFS pointer; the model itself was not downloaded"},
    Signature{"<!DOCTYPE", "an HTML page; the download went wrong"},
    Signature{"<!doctype", "an HTML page; the download went wrong"},
    Signature{"<html", "an HTML page; the download went wrong"},
};

// An 8-byte length of a JSON object, then the object.
bool is_safetensors(std::span<const std::byte> bytes) {
  if (bytes.size() < 10) return false;
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  return length >= 2 && length <= bytes.size() - 8 && bytes[8] == std::byte{'{'};
}

}  // namespace

std::string_view other_format(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min<std::size_t>(bytes.size(), 64));
  for (const Signature& signature : kSignatures) {
    if (text.starts_with(signature.start)) return signature.format;
  }
  if (is_safetensors(bytes)) return "a safetensors file; convert it to GGUF";
  return {};
}

}  // namespace rocmforge::gguf
