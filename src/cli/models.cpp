// `rocmforge models`: the model files of a folder.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/output.h"
#include "gguf/model_files.h"
#include "gguf/reader.h"

namespace rocmforge::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVariable = "ROCMFORGE_MODELS";

struct Options {
  std::string dir, place;  // the same, by name and by place
};

bool is_gguf(const fs::path& path) {
  std::string end = path.extension().string();
  std::transform(end.begin(), end.end(), end.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return end == ".gguf";
}

// Every .gguf file in the folder and those below, each folder once, however links lead to it.
void find_files(const fs::path& dir, std::set<fs::path>& seen, std::vector<fs::path>& out) {
  std::error_code failed;
  const fs::path real = fs::canonical(dir, failed);
  if (failed || !seen.insert(real).second) return;
  for (fs::directory_iterator at(dir, fs::directory_options::skip_permission_denied, failed), end;
       !failed && at != end; at.increment(failed)) {
    std::error_code unknown;
    if (at->is_directory(unknown)) {
      find_files(at->path(), seen, out);
    } else if (at->is_regular_file(unknown) && is_gguf(at->path())) {
      out.push_back(at->path());
    }
  }
}

// One part of a model whose first part is there stands for no model of its own.
bool is_later_part(const fs::path& path) {
  const auto name = gguf::part_name(path.string());
  std::error_code failed;
  return name && name->number > 1 && fs::exists(name->path_of(1), failed);
}

std::uint64_t number(const gguf::File& file, const std::string& key) {
  const gguf::KeyValue* kv = file.find(key);
  if (kv == nullptr) return 0;
  if (kv->type != gguf::ValueType::kArray) return file.get_u64(key).value_or(0);
  const std::vector<std::int64_t> by_layer = *file.get_ints(key);
  const auto most = std::max_element(by_layer.begin(), by_layer.end());
  return most == by_layer.end() ? 0 : static_cast<std::uint64_t>(std::max(*most, std::int64_t{0}));
}

std::string about(const gguf::File& file) {
  const std::string arch(file.get_string("general.architecture").value_or("unknown"));
  const auto of_arch = [&](const char* key) { return number(file, arch + "." + key); };
  const auto tokens = file.get_strings("tokenizer.ggml.tokens");
  return fmt::format(
      "arch: {} | layers: {} | heads: {} | hidden: {} | ctx: {} | vocab: {} | file_type: {} | "
      "embedded tokenizer: {}",
      arch, of_arch("block_count"), of_arch("attention.head_count"), of_arch("embedding_length"),
      of_arch("context_length"), tokens ? tokens->size() : of_arch("vocab_size"),
      number(file, "general.file_type"), tokens ? "yes" : "no");
}

// The keys alone are read, so that a type or an architecture that cannot be run is listed as well.
std::string describe(const fs::path& path) {
  std::error_code failed;
  const fs::path tokenizer = path.parent_path() / "tokenizer.json";
  std::string out =
      fmt::format("- {}\n  gguf: {}\n  tokenizer: {}\n", path.stem().string(), path.string(),
                  fs::is_regular_file(tokenizer, failed) ? tokenizer.string() : "(no tokenizer)");
  try {
    const MappedFile file(path.string());
    return out + "  " + about(gguf::parse_keys(file.bytes(), path.string())) + "\n";
  } catch (const Error& e) {
    return out + "  error: " + e.what() + "\n";
  }
}

int list_models(const Options& o) {
  const char* variable = std::getenv(kVariable);
  if (!o.dir.empty() && !o.place.empty()) {
    throw Error(ErrorCode::kUsage, "--dir: the folder is given twice, by name and by its place");
  }
  const std::string given = o.dir + o.place;
  const std::string dir = !given.empty()                               ? given
                          : variable != nullptr && variable[0] != '\0' ? variable
                                                                       : "models";
  std::vector<fs::path> paths;
  std::set<fs::path> seen;
  find_files(dir, seen, paths);
  std::erase_if(paths, is_later_part);
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.stem(), a) < std::pair(b.stem(), b);
  });
  std::string out;
  for (const fs::path& path : paths) out += describe(path);
  if (out.empty()) {
    out = fmt::format(
        "No GGUF models found in '{}'. Use --dir or ROCMFORGE_MODELS to specify a directory.\n",
        dir);
  } else {
    out = "Discovered models:\n" + out;
  }
  write_output(out);
  return kExitDone;
}

}  // namespace

void add_models(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("models", "List the model files of a folder");
  command->add_option("folder", o->place, "As --dir")->type_name("PATH")->check(not_empty_path());
  command->add_option("--dir", o->dir, "The folder, and those in it [$ROCMFORGE_MODELS, or models]")
      ->type_name("PATH");
  command->footer(
      R"(Every .gguf file, by name; of a model in several parts the first. A file that cannot be read is listed
with its error. `rocmforge inspect` tells more of one.

Example:
  rocmforge models ~/models)");
  command->callback([o, &action] { action = [o] { return list_models(*o); }; });
}

}  // namespace rocmforge::cli
