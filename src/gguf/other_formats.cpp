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

constexpr std::string_view kZip = "a ZIP archive, such as a PyTorch checkpoint; convert it to GGUF";
constexpr std::string_view kPickle =
    "a Python pickle, such as an old PyTorch checkpoint; convert it to GGUF";
constexpr std::string_view kPage = "an HTML page; the download went wrong";

// A signature with a NUL in it needs its length.
constexpr std::string_view kXz("\xfd\x37\x7a\x58\x5a\0", 6);

constexpr std::array kSignatures = {
    Signature{"FUGG", "its bytes in reverse: a GGUF file with every number swapped"},
    Signature{"lmgg", kOldGgml},  // magic numbers are stored little-endian
    Signature{"fmgg", kOldGgml},
    Signature{"tjgg", kOldGgml},
    Signature{"algg", kOldGgml},
    Signature{"PK\x03\x04", kZip},
    Signature{"\x80\x02", kPickle},
    Signature{"\x80\x03", kPickle},
    Signature{"\x80\x04", kPickle},
    Signature{"\x80\x05", kPickle},
    Signature{"\x89HDF", "an HDF5 file, such as a Keras model"},
    Signature{"\x93NUMPY", "a NumPy array"},
    Signature{"SQLite format 3", "an SQLite database"},
    Signature{"\x1f\x8b", "gzip-compressed; unpack it"},
    Signature{"\x28\xb5\x2f\xfd", "zstd-compressed; unpack it"},
    Signature{kXz, "xz-compressed; unpack it"},
    Signature{"BZh", "bzip2-compressed; unpack it"},
    Signature{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it"},
    Signature{"Rar!\x1a\x07", "a RAR archive; unpack it"},
    Signature{"MZqFpD", "a llamafile, a program with a model in it; unpack the GGUF file"},
    Signature{"\x7f"
              "ELF",
              "a program (ELF)"},
    Signature{"MZ", "a program for Windows"},
    Signature{"%PDF", "a PDF document"},
    Signature{"\x89PNG", "a PNG image"},
    Signature{"version https://git-lfs", "a Git LFS pointer; the model itself was not downloaded"},
    Signature{"<!DOCTYPE", kPage},
    Signature{"<!doctype", kPage},
    Signature{"<html", kPage},
    Signature{"<?xml", "an XML document; the download went wrong"},
};

// Signatures further in.
constexpr std::size_t kTarAt = 257, kTfliteAt = 4;

bool has_at(std::string_view text, std::size_t at, std::string_view wanted) {
  return text.size() >= at && text.substr(at).starts_with(wanted);
}

// An 8-byte length of a JSON object, then the object: whole or cut short.
bool is_safetensors(std::string_view text) {
  constexpr std::uint64_t kMost = 100'000'000;  // by the format
  if (text.size() < 10) return false;
  std::uint64_t length = 0;
  std::memcpy(&length, text.data(), sizeof length);
  return length >= 2 && length <= kMost && text[8] == '{' && (text[9] == '"' || text[9] == '}');
}

// A protobuf message whose first fields are a version of one byte and the producer's name.
bool is_onnx(std::string_view text) {
  return text.size() > 4 && text[0] == '\x08' && text[1] > 0 && text[1] < 32 && text[2] == '\x12' &&
         text[3] > 0 && text[3] < 64;
}

// With a space in it: letters alone may be a magic number.
bool is_text(std::string_view text) {
  return text.find_first_of(" \n") != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 ? byte != 0x7f : c == '\n' || c == '\r' || c == '\t';
         });
}

}  // namespace

std::string_view other_format(std::span<const std::byte> bytes) {
  constexpr std::size_t kLooked = 512;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), kLooked));
  for (const Signature& signature : kSignatures) {
    if (text.starts_with(signature.start)) return signature.format;
  }
  if (is_safetensors(text)) return "a safetensors file; convert it to GGUF";
  if (has_at(text, kTarAt, "ustar")) return "a tar archive; unpack it";
  if (has_at(text, kTfliteAt, "TFL3")) return "a TensorFlow Lite model";
  if (is_onnx(text)) return "an ONNX model";
  if (text.find_first_not_of('\0') == std::string_view::npos) {
    return "empty bytes at its start; the download went wrong";
  }
  // Longer than a magic number that only happens to be letters.
  if (text.size() < 16 || !is_text(text)) return {};
  return text.starts_with('{') ? "a JSON text" : "a text";
}

}  // namespace rocmforge::gguf
