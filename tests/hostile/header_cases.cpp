// The first bytes, and files of other formats.
#include <limits>

#include "hostile/cases.h"

namespace rocmforge::test {
namespace {

std::function<Bytes()> text(std::string_view bytes) {
  return [bytes = std::string(bytes)] { return RawFile().text(bytes).bytes(); };
}

// A format's first bytes, then some of no meaning.
std::function<Bytes()> starting(std::string_view bytes) {
  return text(std::string(bytes) + std::string(512, 'x'));
}

std::function<Bytes()> safetensors() {
  return [] { return RawFile().u64(20).text(R"({"__metadata__":{}} )").u64(0).bytes(); };
}

std::function<Bytes()> tar() {
  return text(std::string(257, 'm') + "ustar" + std::string(300, '\0'));
}

template <class T>
std::function<Bytes()> with_bytes(std::size_t at, T value) {
  return [=] {
    Bytes bytes = valid_bytes();
    poke(bytes, at, value);
    return bytes;
  };
}

std::function<Bytes()> counts(std::uint64_t n_tensors, std::uint64_t n_keys) {
  return [=] {
    Bytes bytes = valid_bytes();
    poke(bytes, 8, n_tensors);
    poke(bytes, 16, n_keys);
    return bytes;
  };
}

constexpr std::uint64_t k63 = std::uint64_t{1} << 63;
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Cases header_cases() {
  return {
      {"empty", text(""), "[file] @: is empty"},
      {"three_bytes", text("GGU"),
       "[gguf] @: header: byte 0: the file ends within the magic number: 4 bytes wanted, 3 left"},
      {"magic_alone", text("GGUF"),
       "[gguf] @: header: byte 4: the file ends within the version: 4 bytes wanted, 0 left"},
      {"wrong_magic", with_bytes<std::uint32_t>(0, 0x58554747),
       "[gguf] @: header: byte 0: not a GGUF file: it starts with 'GGUX'"},
      {"zeros", text(std::string(4096, '\0')),
       "[gguf] @: header: byte 0: not a GGUF file but empty bytes at its start; the download went "
       "wrong"},
      {"magic_backwards", with_bytes<std::uint32_t>(0, 0x47475546),
       "[gguf] @: header: byte 0: not a GGUF file but its bytes in reverse: a GGUF file with every "
       "number swapped"},
      {"big_endian", with_bytes<std::uint32_t>(4, 0x03000000),
       "[gguf] @: header: byte 4: the file is big-endian (its version reads 50331648); only "
       "little-endian GGUF is read"},
      {"version_0", with_bytes<std::uint32_t>(4, 0),
       "[gguf] @: header: byte 4: GGUF version 0 does not exist"},
      {"version_1", with_bytes<std::uint32_t>(4, 1),
       "[gguf] @: header: byte 4: GGUF version 1; versions 2 and 3 are read"},
      {"version_4", with_bytes<std::uint32_t>(4, 4),
       "[gguf] @: header: byte 4: GGUF version 4; versions 2 and 3 are read"},
      {"version_huge", with_bytes<std::uint32_t>(4, 0xffffffff),
       "[gguf] @: header: byte 4: GGUF version 4294967295; versions 2 and 3 are read"},
      {"header_cut", text(std::string_view("GGUF\3\0\0\0\1\0\0\0", 12)),
       "[gguf] @: header: byte 8: the file ends within the number of tensors: 8 bytes wanted, 4 "
       "left"},
      {"tensors_2_to_63", counts(k63, 1),
       "[gguf] @: header: byte 8: 9223372036854775808 tensors claimed, more than the 119144 bytes "
       "left can hold"},
      {"tensors_2_to_63_less_1", counts(k63 - 1, 1),
       "[gguf] @: header: byte 8: 9223372036854775807 tensors claimed, more than the 119144 bytes "
       "left can hold"},
      {"tensors_2_to_64_less_1", counts(kMax, 1),
       "[gguf] @: header: byte 8: 18446744073709551615 tensors claimed, more than the 119144 bytes "
       "left can hold"},
      {"keys_2_to_63", counts(1, k63),
       "[gguf] @: header: byte 16: 9223372036854775808 keys claimed, more than the 119144 bytes "
       "left can hold"},
      {"keys_2_to_63_less_1", counts(1, k63 - 1),
       "[gguf] @: header: byte 16: 9223372036854775807 keys claimed, more than the 119144 bytes "
       "left can hold"},
      {"keys_2_to_64_less_1", counts(1, kMax),
       "[gguf] @: header: byte 16: 18446744073709551615 keys claimed, more than the 119144 bytes "
       "left can hold"},
      {"tensors_more_than_there_are", counts(13, 17),
       "[gguf] @: tensor 13 of 13: byte 7669: its name '' is empty"},
      {"no_tensors", [] { return RawFile::start(0, 0).bytes(); },
       "[engine] @: tokenizer.ggml.model: missing; the file has no whole vocabulary"},
      {"text", text("Once upon a time there was a model.\n"),
       "[gguf] @: header: byte 0: not a GGUF file but a text"},
      {"json", text("{\"weight_map\": {\"lm_head.weight\": \"model-00001.safetensors\"}}\n"),
       "[gguf] @: header: byte 0: not a GGUF file but a JSON text"},
      {"safetensors", safetensors(),
       "[gguf] @: header: byte 0: not a GGUF file but a safetensors file; convert it to GGUF"},
      {"ggml", starting("lmgg"),
       "[gguf] @: header: byte 0: not a GGUF file but a model of ggml's formats before GGUF (GGML, "
       "GGMF, GGJT, GGLA); convert it to GGUF"},
      {"ggjt", starting("tjgg"),
       "[gguf] @: header: byte 0: not a GGUF file but a model of ggml's formats before GGUF (GGML, "
       "GGMF, GGJT, GGLA); convert it to GGUF"},
      {"pytorch_zip", starting("PK\3\4"),
       "[gguf] @: header: byte 0: not a GGUF file but a ZIP archive, such as a PyTorch checkpoint; "
       "convert it to GGUF"},
      {"pickle_2", starting("\x80\2"),
       "[gguf] @: header: byte 0: not a GGUF file but a Python pickle, such as an old PyTorch "
       "checkpoint; convert it to GGUF"},
      {"pickle_4", starting("\x80\4\x95"),
       "[gguf] @: header: byte 0: not a GGUF file but a Python pickle, such as an old PyTorch "
       "checkpoint; convert it to GGUF"},
      {"hdf5", starting("\x89HDF\r\n\x1a\n"),
       "[gguf] @: header: byte 0: not a GGUF file but an HDF5 file, such as a Keras model"},
      {"numpy", starting("\x93NUMPY\1"),
       "[gguf] @: header: byte 0: not a GGUF file but a NumPy array"},
      {"onnx", starting("\x08\x08\x12\x07pytorch"),
       "[gguf] @: header: byte 0: not a GGUF file but an ONNX model"},
      {"tflite", starting(std::string_view("\x1c\0\0\0TFL3", 8)),
       "[gguf] @: header: byte 0: not a GGUF file but a TensorFlow Lite model"},
      {"gzip", starting("\x1f\x8b\x08"),
       "[gguf] @: header: byte 0: not a GGUF file but gzip-compressed; unpack it"},
      {"zstd", starting("\x28\xb5\x2f\xfd"),
       "[gguf] @: header: byte 0: not a GGUF file but zstd-compressed; unpack it"},
      {"xz",
       starting(std::string_view("\xfd"
                                 "7zXZ\0",
                                 6)),
       "[gguf] @: header: byte 0: not a GGUF file but xz-compressed; unpack it"},
      {"bzip2", starting("BZh9"),
       "[gguf] @: header: byte 0: not a GGUF file but bzip2-compressed; unpack it"},
      {"seven_zip", starting("7z\xbc\xaf\x27\x1c"),
       "[gguf] @: header: byte 0: not a GGUF file but a 7-Zip archive; unpack it"},
      {"rar", starting("Rar!\x1a\7"),
       "[gguf] @: header: byte 0: not a GGUF file but a RAR archive; unpack it"},
      {"tar", tar(), "[gguf] @: header: byte 0: not a GGUF file but a tar archive; unpack it"},
      {"elf",
       starting("\x7f"
                "ELF"),
       "[gguf] @: header: byte 0: not a GGUF file but a program (ELF)"},
      {"llamafile", starting("MZqFpD="),
       "[gguf] @: header: byte 0: not a GGUF file but a llamafile, a program with a model in it; "
       "unpack the GGUF file"},
      {"pdf", starting("%PDF-1.7"), "[gguf] @: header: byte 0: not a GGUF file but a PDF document"},
      {"png", starting("\x89PNG\r\n\x1a\n"),
       "[gguf] @: header: byte 0: not a GGUF file but a PNG image"},
      {"git_lfs", text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
       "[gguf] @: header: byte 0: not a GGUF file but a Git LFS pointer; the model itself was not "
       "downloaded"},
      {"html", text("<!DOCTYPE html><html>404</html>"),
       "[gguf] @: header: byte 0: not a GGUF file but an HTML page; the download went wrong"},
      {"xml", text("<?xml version=\"1.0\"?><Error>AccessDenied</Error>"),
       "[gguf] @: header: byte 0: not a GGUF file but an XML document; the download went wrong"},
      {"sqlite", starting(std::string_view("SQLite format 3\0", 16)),
       "[gguf] @: header: byte 0: not a GGUF file but an SQLite database"},
  };
}

}  // namespace rocmforge::test
