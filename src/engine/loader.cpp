#include "engine/loader.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "engine/read_vocab.h"
#include "engine/setting.h"
#include "gguf/reader.h"
#include "model/architecture.h"
#include "text/tokenizer_json.h"

namespace rocmforge::engine {
namespace {

// Embeddings are padded to a multiple of some power of two up to this.
constexpr std::int32_t kUsualPadding = 512;

// A tokenizer.json, which may leave out what ends a text: the model's file says that, if it does.
text::Vocab read_tokenizer_file(const gguf::File& file, const std::string& path) {
  text::Vocab vocab = text::read_tokenizer_json(path);
  const auto take = [&](const char* key, text::TokenId& id) {
    const auto from_file = file.find(key) == nullptr ? std::nullopt : file.get_u64(key);
    if (id == text::kNoToken && from_file && *from_file < vocab.tokens.size())
      id = static_cast<text::TokenId>(*from_file);
  };
  take("tokenizer.ggml.bos_token_id", vocab.bos);
  take("tokenizer.ggml.eos_token_id", vocab.eos);
  return vocab;
}

}  // namespace

ModelFile::ModelFile(const std::string& path, Counters& counters,
                     std::vector<gguf::Override> overrides)
    : overrides_(std::move(overrides)) {
  try {
    files_.emplace(path, counters);
  } catch (const Error& e) {
    // Of a file with more than one thing that is not supported, the architecture is the one to
    // name.
    if (e.code() == ErrorCode::kUnsupported) {
      const MappedFile mapping(path);
      model::find_architecture(gguf::parse_keys(mapping.bytes(), path));
    }
    throw;
  }
  for (const gguf::Override& override : overrides_) {
    if (gguf().find(override.key) == nullptr)
      log(LogLevel::kInfo, path + ": has no key " + override.key + ", which was to be set; added");
  }
  files_->file().set(overrides_);
}

ModelFile::ModelFile(const model::RandomSpec& random, Counters& counters) {
  random_.emplace(random, counters);
}

std::vector<BadWeight> ModelFile::bad_weights(Scan scan, const ScanProgress& progress) const {
  // Past the mapping: what is looked at stays out of the process's memory.
  const auto read = [this](const gguf::TensorInfo& tensor, std::uint64_t offset,
                           std::span<std::byte> to) {
    mappings()[tensor.part].read_at(static_cast<std::size_t>(tensor.offset + offset), to);
  };
  return find_bad_weights(gguf(), read, scan, progress);
}

void ModelFile::warn_of_bad_weights() const {
  if (!files_) return;
  warn_of(bad_weights(Scan::kQuick, {}), gguf().path());
  const std::uint64_t quick = bytes_to_scan(gguf(), Scan::kQuick);
  const std::uint64_t all = bytes_to_scan(gguf(), Scan::kWhole);
  if (quick == all) return;
  log(LogLevel::kInfo, gguf().path() + ": looked for weights that are no numbers in " +
                           std::to_string(quick >> 20) + " of " + std::to_string(all >> 20) +
                           " MiB; --check-tensors looks at all");
}

void ModelFile::check_weights(const ScanProgress& progress) const {
  if (!files_) return;
  bool stopped = false;
  const auto ask = [&](std::int64_t done, std::int64_t total) {
    stopped = progress && !progress(done, total);
    return !stopped;
  };
  const std::vector<BadWeight> bad = bad_weights(Scan::kWhole, ask);
  if (stopped) throw Error(ErrorCode::kCancelled, "[engine] " + gguf().path() + ": cancelled");
  refuse_bad_weights(bad, gguf().path());
  log(LogLevel::kInfo, gguf().path() + ": every weight is a number");
}

bool has_vocabulary(const gguf::File& file) {
  const auto model = file.get_string("tokenizer.ggml.model");
  return model != "none" && model != "no_vocab";  // llama.cpp's two spellings
}

std::unique_ptr<text::Tokenizer> find_tokenizer(const gguf::File& file, const std::string& path) {
  if (!path.empty()) return text::make_tokenizer(read_tokenizer_file(file, path));
  const bool has_keys = file.find("tokenizer.ggml.model") != nullptr;
  if (has_keys && has_vocabulary(file)) return text::make_tokenizer(read_vocab(file));
  const auto beside = std::filesystem::path(file.path()).parent_path() / "tokenizer.json";
  std::error_code ignored;
  if (std::filesystem::is_regular_file(beside, ignored)) {
    log(LogLevel::kInfo, file.path() + ": has no vocabulary; taken from " + beside.string());
    return text::make_tokenizer(read_tokenizer_file(file, beside.string()));
  }
  if (!has_keys) read_vocab(file);  // which throws
  return nullptr;
}

namespace {

[[noreturn]] void refuse_no_vocabulary(const gguf::File& file) {
  throw SettingError(
      ErrorCode::kUnsupported,
      "[engine] " + file.path() +
          ": tokenizer.ggml.model: is \"none\"; without a vocabulary there is no text: lay a "
          "tokenizer.json beside the file, or give one",
      {{Setting::kTokenizer}});
}

}  // namespace

std::unique_ptr<text::Tokenizer> load_tokenizer(const gguf::File& file, const std::string& path) {
  auto tokenizer = find_tokenizer(file, path);
  if (tokenizer == nullptr) refuse_no_vocabulary(file);
  return tokenizer;
}

OpenedModel::OpenedModel(const std::string& path, Counters& counters,
                         std::vector<gguf::Override> overrides, const std::string& tokenizer_path)
    : file(path, counters, std::move(overrides)),
      tokenizer(find_tokenizer(file.gguf(), tokenizer_path)) {}

OpenedModel::OpenedModel(const model::RandomSpec& random, Counters& counters)
    : file(random, counters) {}

const text::Tokenizer& OpenedModel::require_tokenizer() const {
  if (tokenizer == nullptr) refuse_no_vocabulary(file.gguf());
  return *tokenizer;
}

void check_vocabulary(const gguf::File& file, const model::HyperParams& params,
                      const text::Tokenizer& tokenizer) {
  // A few rows more than tokens are no fault: padding.
  if (tokenizer.size() > params.n_vocab) {
    throw Error(ErrorCode::kFormat, "[model] " + file.path() + ": tokenizer.ggml.tokens: has " +
                                        std::to_string(tokenizer.size()) +
                                        " tokens, but token_embd.weight only " +
                                        std::to_string(params.n_vocab) + " rows");
  }
  const std::int32_t without = params.n_vocab - tokenizer.size();
  if (without <= std::max(kUsualPadding, params.n_vocab / 16)) return;
  log(LogLevel::kWarn, "[model] " + file.path() + ": the vocabulary has " +
                           std::to_string(tokenizer.size()) + " tokens, token_embd.weight " +
                           std::to_string(params.n_vocab) + " rows: " + std::to_string(without) +
                           " have no text; is it this model's vocabulary?");
}

std::vector<backend::WeightData> weight_data(const gguf::File& file, const ir::WeightTable& table) {
  std::vector<backend::WeightData> out;
  for (std::int32_t i = 0; i < table.size(); ++i) {
    const ir::WeightId id{i};
    if (table.at(id).segments.empty()) continue;  // another stage's
    backend::WeightData data{.id = id, .segments = {}};
    for (const ir::WeightSegment& segment : table.at(id).segments) {
      const gguf::TensorInfo* rows = file.find_tensor(segment.tensor);
      check(rows != nullptr, "a weight's tensor was checked to be there");
      backend::SegmentData bytes;
      if (file.has_data(*rows)) {
        bytes.rows = file.data(*rows);
      } else {
        bytes.random = model::random_seed_of(segment.tensor);
      }
      if (!segment.bias.empty()) bytes.bias = file.data(*file.find_tensor(segment.bias));
      data.segments.push_back(bytes);
    }
    out.push_back(std::move(data));
  }
  return out;
}

std::vector<float> read_floats(const gguf::File& file, const std::string& tensor) {
  const gguf::TensorInfo* info = file.find_tensor(tensor);
  check(info != nullptr && info->dtype == DType::kF32, "an F32 tensor of the file");
  const std::span<const std::byte> bytes = file.data(*info);
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

}  // namespace rocmforge::engine
