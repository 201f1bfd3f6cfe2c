#include "gguf/model_files.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "gguf/reader.h"

namespace rocmforge::gguf {
namespace {

constexpr std::uint64_t kMostParts = 65535;  // split.count is a u16
constexpr std::size_t kDigits = 5;           // of a number in a part's name

[[noreturn]] void refuse(const File& file, const std::string& key, const std::string& why) {
  throw Error(ErrorCode::kFormat, "[gguf] " + file.path() + ": " + key + ": " + why);
}

std::optional<std::uint64_t> number_at(std::string_view text) {
  std::uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

bool same(const Array& a, const Array& b) {
  return a.type == b.type && a.strings == b.strings &&
         std::equal(a.raw.begin(), a.raw.end(), b.raw.begin(), b.raw.end());
}

bool same(const KeyValue& a, const KeyValue& b) {
  const auto values = []<class X, class Y>(const X& x, const Y& y) {
    if constexpr (!std::is_same_v<X, Y>) {
      return false;
    } else if constexpr (std::is_same_v<X, Array>) {
      return same(x, y);
    } else {
      return x == y;
    }
  };
  return a.type == b.type && std::visit(values, a.value, b.value);
}

// The keys of all parts, the first's first. One that two parts have means the same in both, but for
// split.no and the alignment, which are each part's own.
std::vector<KeyValue> joined_keys(const std::vector<File>& parts) {
  std::vector<KeyValue> out = parts.front().metadata();
  std::map<std::string_view, std::pair<const KeyValue*, const File*>> seen;
  for (const KeyValue& kv : parts.front().metadata()) seen[kv.key] = {&kv, &parts.front()};
  for (const File& part : std::span(parts).subspan(1)) {
    for (const KeyValue& kv : part.metadata()) {
      if (kv.key == "split.no" || kv.key == "general.alignment") continue;
      const auto [at, is_new] = seen.try_emplace(kv.key, &kv, &part);
      const auto& [other, other_part] = at->second;
      if (is_new) {
        out.push_back(kv);
      } else if (!same(*other, kv)) {
        refuse(part, printable(kv.key), "is not what " + other_part->path() + " says");
      }
    }
  }
  return out;
}

void check_part(const File& first, const File& part, std::uint64_t number) {
  const PartKeys keys = part_keys(part), wanted = part_keys(first);
  if (keys.count != wanted.count) {
    refuse(part, "split.count",
           "is " + std::to_string(keys.count) + ", but " + first.path() + " says " +
               std::to_string(wanted.count));
  }
  if (keys.number != number) {
    refuse(part, "split.no",
           "is " + std::to_string(keys.number) +
               " (parts are counted from 0), but the file's name "
               "says " +
               std::to_string(number));
  }
}

MappedFile map_part(const std::string& path, const File& first, std::uint64_t number,
                    std::uint64_t count) {
  try {
    return MappedFile(path);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kNotFound) throw;
    throw Error(ErrorCode::kNotFound, "[gguf] " + first.path() + ": part " +
                                          std::to_string(number + 1) + " of " +
                                          std::to_string(count) + " is missing: " + path);
  }
}

File join(const std::vector<File>& parts, std::span<const MappedFile> mappings) {
  const File& first = parts.front();
  std::vector<TensorInfo> tensors;
  std::vector<std::string_view> names;
  std::vector<std::span<const std::byte>> bytes;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    bytes.push_back(mappings[i].bytes());
    for (TensorInfo t : parts[i].tensors()) {
      t.part = static_cast<std::uint32_t>(i);
      tensors.push_back(t);
      names.push_back(t.name);
    }
  }
  if (const auto twice = NameIndex(names).duplicate()) {
    const TensorInfo &a = tensors[twice->first], &b = tensors[twice->second];
    refuse(parts[b.part], printable(b.name), "the tensor is in " + parts[a.part].path() + " too");
  }
  const auto claimed = first.get_u64("split.tensors.count");
  if (claimed && *claimed != tensors.size()) {
    refuse(first, "split.tensors.count",
           "is " + std::to_string(*claimed) + ", but the " + std::to_string(parts.size()) +
               " parts hold " + std::to_string(tensors.size()) + " tensors");
  }
  return File(first.path(), first.version(), first.alignment(), joined_keys(parts),
              std::move(tensors), std::move(bytes));
}

}  // namespace

std::string PartName::path_of(std::uint64_t other) const {
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "-%05llu-of-%05llu.gguf",
                static_cast<unsigned long long>(other), static_cast<unsigned long long>(count));
  return stem + numbers;
}

std::optional<PartName> part_name(const std::string& path) {
  constexpr std::string_view kOf = "-of-", kEnd = ".gguf";
  constexpr std::size_t kBytes = 1 + kDigits + kOf.size() + kDigits + kEnd.size();
  if (path.size() <= kBytes || !path.ends_with(kEnd)) return std::nullopt;
  const std::size_t at = path.size() - kBytes;
  const std::string_view tail = std::string_view(path).substr(at);
  if (tail.front() != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf) return std::nullopt;
  const auto number = number_at(tail.substr(1, kDigits));
  const auto count = number_at(tail.substr(1 + kDigits + kOf.size(), kDigits));
  if (!number || !count) return std::nullopt;
  return PartName{.stem = path.substr(0, at), .number = *number, .count = *count};
}

PartKeys part_keys(const File& file) {
  const auto count = file.get_u64("split.count");
  if (!count) return {};
  if (*count == 0 || *count > kMostParts) {
    refuse(file, "split.count",
           "is " + std::to_string(*count) + ", must be from 1 to " + std::to_string(kMostParts));
  }
  const auto number = file.get_u64("split.no");
  if (!number && *count == 1) return {};
  if (!number) refuse(file, "split.no", "is missing");
  if (*number >= *count) {
    refuse(
        file, "split.no",
        "is " + std::to_string(*number) + ", must be below split.count, " + std::to_string(*count));
  }
  return {.number = *number, .count = *count};
}

std::vector<std::string> part_paths(const File& first) {
  const PartKeys keys = part_keys(first);
  if (keys.count == 1) return {first.path()};
  const std::optional<PartName> name = part_name(first.path());
  if (keys.number != 0) {
    const std::string which = name ? ", " + name->path_of(1) : "";
    refuse(first, "split.no",
           "this is part " + std::to_string(keys.number + 1) + " of " + std::to_string(keys.count) +
               "; give the first" + which);
  }
  const std::string ending = PartName{.stem = "", .number = 1, .count = keys.count}.path_of(1);
  if (!name || name->number != 1 || name->count != keys.count) {
    refuse(first, "split.count",
           "the model has " + std::to_string(keys.count) +
               " parts, which are found by their names; this one's must end in " + ending);
  }
  std::vector<std::string> out;
  for (std::uint64_t i = 1; i <= keys.count; ++i) out.push_back(name->path_of(i));
  return out;
}

ModelFiles::ModelFiles(const std::string& path, Counters& counters) {
  mappings_.emplace_back(path);
  File first = parse(mappings_.front().bytes(), path, counters);
  const std::vector<std::string> paths = part_paths(first);
  if (paths.size() == 1) {
    file_.emplace(std::move(first));
    return;
  }
  std::vector<File> parts;
  parts.push_back(std::move(first));
  for (std::size_t i = 1; i < paths.size(); ++i) {
    mappings_.push_back(map_part(paths[i], parts.front(), i, paths.size()));
    parts.push_back(parse(mappings_.back().bytes(), paths[i], counters));
    check_part(parts.front(), parts.back(), i);
  }
  file_.emplace(join(parts, mappings_));
}

}  // namespace rocmforge::gguf
