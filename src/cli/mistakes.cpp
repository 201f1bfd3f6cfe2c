#include "cli/mistakes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace rocmforge::cli {
namespace {

struct Hint {
  std::string_view name, text;
};

constexpr std::string_view kConversation =
    "`rocmforge chat` is a conversation; generate --chat asks one question";
constexpr std::string_view kMapped =
    "weights are mapped from the file where they can be; leave it out";
constexpr std::string_view kWholeGpu = "--device picks one GPU: --device hip:1; leave it out";
constexpr std::string_view kNoGrammar =
    "generate takes it; requests to a server have a field for it";
constexpr std::string_view kOnePrompt =
    "a conversation begins without a prompt; one question: rocmforge generate --chat -p TEXT; what "
    "the model is told first: --system";

// Subcommands of this program's other versions and of programs alike.
constexpr std::array kSubcommands = {
    Hint{"server", "no such subcommand; `serve` is the server"},
    Hint{"run", "no such subcommand; `chat` is a conversation, `generate` completes a prompt"},
    Hint{"cli", "no such subcommand; `chat` is a conversation, `generate` completes a prompt"},
    Hint{"complete", "no such subcommand; `generate` completes a prompt"},
    Hint{"completion",
         "no such subcommand; `generate` completes a prompt, `completions` serves shells"},
    Hint{"show", "no such subcommand; `inspect` shows what is in a file"},
    Hint{"list", "no such subcommand; `models` lists the files of a folder"},
    Hint{"ls", "no such subcommand; `models` lists the files of a folder"},
    Hint{"pull", "no such subcommand; models are files: download one and give it with --gguf"},
    Hint{"download", "no such subcommand; models are files: download one and give it with --gguf"},
};

// Options of llama.cpp that this version has not.
constexpr std::array kOptions = {
    Hint{"-ngl", "no model is run here; leave it out"},
    Hint{"--gpu-layers", "no model is run here; leave it out"},
    Hint{"--n-gpu-layers", "no model is run here; leave it out"},
    Hint{"-fa", "attention needs no such choice here; leave it out"},
    Hint{"--flash-attn", "attention needs no such choice here; leave it out"},
    Hint{"-b", "prompts are processed in batches of 512 tokens; leave it out"},
    Hint{"-ub", "prompts are processed in batches of 512 tokens; leave it out"},
    Hint{"--batch-size", "prompts are processed in batches of 512 tokens; leave it out"},
    Hint{"--ubatch-size", "prompts are processed in batches of 512 tokens; leave it out"},
    Hint{"-ctk", "use --kv-type, for keys and values alike"},
    Hint{"-ctv", "use --kv-type, for keys and values alike"},
    Hint{"--cache-type-k", "use --kv-type, for keys and values alike"},
    Hint{"--cache-type-v", "use --kv-type, for keys and values alike"},
    Hint{"-no-cnv", "without --chat the prompt is completed as given; leave it out"},
    Hint{"-cnv", kConversation},
    Hint{"--conversation", kConversation},
    Hint{"-i", kConversation},
    Hint{"--interactive", kConversation},
    Hint{"-st", "generate --chat asks one question; leave it out"},
    Hint{"--single-turn", "generate --chat asks one question; leave it out"},
    Hint{"-co", "colours are used on a terminal, unless NO_COLOR is set; leave it out"},
    Hint{"--color", "colours are used on a terminal, unless NO_COLOR is set; leave it out"},
    Hint{"-e", "a prompt is taken as it is given; in bash $'a\\nb' has a newline"},
    Hint{"--escape", "a prompt is taken as it is given; in bash $'a\\nb' has a newline"},
    Hint{"--no-escape", "a prompt is taken as it is given; leave it out"},
    Hint{"-r", "use --stop"},
    Hint{"--reverse-prompt", "use --stop"},
    Hint{"--chat-template-file", "use --chat-template, which takes a file or a name"},
    Hint{"--chat-template-kwargs", "use --template-arg KEY=JSON"},
    Hint{"--no-display-prompt", "the prompt is not repeated; leave it out"},
    Hint{"--no-warmup", "there is none; leave it out"},
    Hint{"--no-perf", "times go to standard error; leave it out"},
    Hint{"--mlock", kMapped},
    Hint{"--no-mmap", kMapped},
    Hint{"--mmap", kMapped},
    Hint{"-dev", "use --device"},
    Hint{"-sm", kWholeGpu},
    Hint{"--split-mode", kWholeGpu},
    Hint{"-ts", kWholeGpu},
    Hint{"--tensor-split", kWholeGpu},
    Hint{"-mg", kWholeGpu},
    Hint{"--main-gpu", kWholeGpu},
    Hint{"-tb", "use --threads"},
    Hint{"--threads-batch", "use --threads"},
    Hint{"-j", kNoGrammar},
    Hint{"-jf", "use --json-schema-file"},
    Hint{"--json-schema", kNoGrammar},
    Hint{"--json-schema-file", kNoGrammar},
    Hint{"--grammar", kNoGrammar},
    Hint{"--grammar-file", kNoGrammar},
    Hint{"--lora", "adapters are not supported; merge it into the model first"},
    Hint{"-np", "use --parallel"},
    Hint{"--embeddings", "embeddings are always served; leave it out"},
    Hint{"--embedding", "embeddings are always served; leave it out"},
    Hint{"--pooling", "use --embeddings-pooling"},
    Hint{"--slots", "leave it out"},
    Hint{"--cont-batching", "requests are always run together; leave it out"},
    Hint{"-cb", "requests are always run together; leave it out"},
    Hint{"--jinja", "the model's own template is always used; leave it out"},
    Hint{"-sys", "use --system"},
    Hint{"--system-prompt", "use --system"},
    Hint{"--rope-freq-base", "use --override-kv ARCH.rope.freq_base=float:BASE"},
    Hint{"--imatrix", "importance matrices are not read; leave it out"},
    Hint{"--include-weights", "importance matrices are not read; leave it out"},
    Hint{"--exclude-weights", "importance matrices are not read; leave it out"},
    Hint{"--keep-split", "one whole file is written, also of a model in parts; leave it out"},
    Hint{"--prune-layers", "layers are not taken out of a model; leave it out"},
    Hint{"--tensor-type-file", "use --tensor-type PATTERN=TYPE, as often as needed"},
    Hint{"--output-tensor-type", "use --tensor-type '^output\\.weight=TYPE'"},
    Hint{"--token-embedding-type", "use --tensor-type '^token_embd=TYPE'"},
    Hint{"-hf", "models are files: download one and give it with --gguf"},
    Hint{"-mu", "models are files: download one and give it with --gguf"},
    Hint{"-v", "set ROCMFORGE_LOG_LEVEL=debug for more messages; --version tells the version"},
    Hint{"--verbose", "set ROCMFORGE_LOG_LEVEL=debug for more messages"},
};

const Hint* find(std::span<const Hint> hints, std::string_view name) {
  const auto found = std::ranges::find(hints, name, &Hint::name);
  return found == hints.end() ? nullptr : &*found;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

// "; did you mean X?", for the nearest of `names` when it is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
  std::size_t least = word.size() / 3 + 1;
  const std::string* nearest = nullptr;
  for (const std::string& name : names) {
    if (word.size() > 2 && name.starts_with(word)) return "; did you mean " + name + "?";
    const std::size_t distance = edit_distance(word.substr(0, 64), name);
    if (distance >= least) continue;
    least = distance;
    nearest = &name;
  }
  return nearest == nullptr ? "" : "; did you mean " + *nearest + "?";
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> out;
  for (const CLI::App* sub : app.get_subcommands({})) out.push_back(sub->get_name());
  return out;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

std::string quoted(const std::string& word) {
  return "\"" + word + "\"";
}

// The words of one subcommand, from left to right.
class Walk {
 public:
  Walk(const CLI::App& command, std::span<const std::string> words)
      : command_(command), words_(words) {}

  std::string find() {
    for (at_ = 0; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (word == "--") return rest();
      std::string mistake;
      if (word.size() < 2 || word.front() != '-') {
        mistake = text(word);
      } else if (word[1] == '-') {
        const std::size_t equals = word.find('=');
        mistake = option(word.substr(0, equals), equals != std::string::npos);
      } else if (word.size() == 2) {
        mistake = option(word, false);
      } else {
        mistake = cluster(word);
      }
      if (!mistake.empty() || asks_help_) return mistake;
    }
    return "";
  }

 private:
  const CLI::Option* known(const std::string& name) const {
    return command_.get_option_no_throw(name);
  }

  // All that follows "--" is text.
  std::string rest() {
    for (++at_; at_ < words_.size(); ++at_) {
      if (std::string mistake = text(words_[at_]); !mistake.empty()) return mistake;
    }
    return "";
  }

  std::string unknown(const std::string& name) const {
    std::string out = name + ": no such option";
    if (command_.get_parent() != nullptr && name.starts_with("--") &&
        command_.get_parent()->get_option_no_throw(name) != nullptr) {
      return name + ": stands before the subcommand: rocmforge " + name + " ... " +
             command_.get_name() + " ...";
    }
    const bool is_prompt = name == "-p" || name == "--prompt" || name == "--file";
    if (is_prompt && command_.get_name() == "chat") return out + ": " + std::string(kOnePrompt);
    if (const Hint* hint = cli::find(kOptions, name)) return out + ": " + std::string(hint->text);
    if (name.size() > 2 && name[1] != '-' && known("-" + name) != nullptr) {
      return out + "; did you mean -" + name + "?";
    }
    out += did_you_mean(name, option_names(command_));
    if (takes_text()) out += "; a text that begins with a dash stands behind --";
    return out;
  }

  std::string option(const std::string& name, bool has_value) {
    const CLI::Option* found = known(name);
    if (found == nullptr) return unknown(name);
    asks_help_ = found == command_.get_help_ptr();
    if (!takes_value(*found)) return "";
    if (!has_value) {
      if (++at_ >= words_.size()) return name + ": its value is missing";
      // A prompt may look like an option; a path, a number or a choice does not.
      const std::string& value = words_[at_];
      if (found->get_type_name() != "TEXT" && value.size() > 1 && value.front() == '-' &&
          known(value) != nullptr) {
        return name + ": its value is missing before " + value;
      }
    }
    if (++times_[found] > 1 && found->get_expected_max() == 1) {
      return name + ": given " + std::to_string(times_[found]) + " times";
    }
    return "";
  }

  // "-n5" and "-pTEXT" are options with their value; "-ngl" and "-model" mean something else.
  std::string cluster(const std::string& word) {
    const CLI::Option* found = known(word.substr(0, 2));
    const bool foreign = cli::find(kOptions, word) != nullptr || known("-" + word) != nullptr;
    if (found == nullptr || foreign || !takes_value(*found)) return unknown(word);
    const std::string& kind = found->get_type_name();
    const bool is_number = std::isdigit(static_cast<unsigned char>(word[2])) != 0 || word[2] == '-';
    if ((kind == "N" || kind == "X") && !is_number) return unknown(word);
    return option(word.substr(0, 2), true);
  }

  std::ptrdiff_t most_texts() const {
    return std::ranges::count_if(command_.get_options(),
                                 [](const CLI::Option* o) { return o->get_positional(); });
  }
  bool takes_text() const { return most_texts() > 0; }

  std::string text(const std::string& word) {
    if (takes_text()) {
      if (++n_texts_ <= most_texts()) return "";
      return quoted(word) + ": one word too many" +
             (most_texts() == 1 ? "; put a text with spaces in quotes" : "");
    }
    std::string out = quoted(word) + ": unexpected";
    if (word.ends_with(".gguf")) return out + "; a model is given with --gguf";
    if (known("--prompt") != nullptr) return out + "; the prompt is given in quotes, with -p";
    if (word.find_first_not_of("0123456789,") == std::string::npos) {
      return out + "; several numbers are given with commas";
    }
    return out;
  }

  const CLI::App& command_;
  std::span<const std::string> words_;
  std::size_t at_ = 0;
  bool asks_help_ = false;
  std::ptrdiff_t n_texts_ = 0;
  std::map<const CLI::Option*, int> times_;
};

std::string wrong_subcommand(const CLI::App& app, const std::string& word) {
  if (const Hint* hint = find(kSubcommands, word)) return word + ": " + std::string(hint->text);
  if (word.ends_with(".gguf")) {
    return quoted(word) + ": no subcommand; to complete a prompt: rocmforge generate --gguf " +
           (word.find(' ') == std::string::npos ? word : quoted(word)) + " -p TEXT";
  }
  const std::vector<std::string> names = subcommand_names(app);
  return quoted(word) + ": no such subcommand" + did_you_mean(word, names);
}

}  // namespace

const CLI::App* find_subcommand(const CLI::App& app, std::string_view name) {
  const std::vector<const CLI::App*> all = app.get_subcommands({});
  const auto found = std::ranges::find(all, name, &CLI::App::get_name);
  return found == all.end() ? nullptr : *found;
}

std::vector<std::string> spelled_out(const CLI::App& app, std::vector<std::string> words) {
  const CLI::App* command = nullptr;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (command == nullptr) {
      command = find_subcommand(app, words[i]);
      continue;
    }
    if (words[i] == "-ngl" && command->get_option_no_throw("--gpu-layers") != nullptr) {
      words[i] = "--gpu-layers";
    }
    // What follows is its value, whatever it looks like.
    const CLI::Option* option = command->get_option_no_throw(words[i]);
    if (option != nullptr && takes_value(*option)) ++i;
  }
  return words;
}

std::string find_mistake(const CLI::App& app, std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.empty() || word.front() != '-') {
      const CLI::App* command = find_subcommand(app, word);
      if (command == nullptr) return wrong_subcommand(app, word);
      return Walk(*command, words.subspan(i + 1)).find();
    }
    const std::string name = word.substr(0, word.find('='));
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr) {
      for (const CLI::App* command : app.get_subcommands({})) {
        if (name.size() > 1 && command->get_option_no_throw(name) != nullptr) {
          return name + ": options stand behind the subcommand: rocmforge " + command->get_name() +
                 " " + name + " ...";
        }
      }
      if (const Hint* hint = find(kOptions, name)) return name + ": " + std::string(hint->text);
      return name + ": no such option" + did_you_mean(name, option_names(app));
    }
    if (!takes_value(*option)) return "";  // --help, --version
    if (name.size() == word.size() && ++i >= words.size()) return name + ": its value is missing";
  }
  std::string all;
  for (const std::string& name : subcommand_names(app)) all += (all.empty() ? "" : ", ") + name;
  return "a subcommand is missing: one of " + all;
}

}  // namespace rocmforge::cli
