// bytes -> File, in one pass, every bound checked before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/counters.h"
#include "gguf/file.h"

namespace rocmforge::gguf {

// Parses the whole header. `bytes` is the complete file and must outlive the File; `path` is only
// for messages. Counts itself in counters.file_parses.
// Errors: kFormat with path and byte offset, key or tensor name; kUnsupported for a version or a
// tensor type that is well-formed but not run here.
// Guarantees afterwards: keys and tensor names unique, not empty, UTF-8 without NUL (values of type
// string may be any bytes); every tensor's extents > 0, its row a whole number of blocks, its bytes
// inside the file, aligned to file.alignment(), and overlapping no other's. Memory used is at most
// a small multiple of the header's size; time is n log n in the numbers of keys and tensors.
File parse(std::span<const std::byte> bytes, const std::string& path, Counters& counters);

// The same of a file of `file_bytes` bytes of which `head` is the beginning, the whole header in
// it: the data of some tensors may lie past it (File::has_data).
File parse_head(std::span<const std::byte> head, std::uint64_t file_bytes, const std::string& path,
                Counters& counters);

// The metadata alone, without tensors: to tell what a file is whose tensors cannot be read. Errors
// as parse's, of what stands before the tensors. Does not count as a parse.
File parse_keys(std::span<const std::byte> bytes, const std::string& path);

}  // namespace rocmforge::gguf
