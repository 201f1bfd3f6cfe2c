// `rocmforge completions`: for bash, zsh and fish; and the man page, from the same options.
#include "cli/completions.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/version.h"
#include "cli/app.h"
#include "cli/help.h"
#include "cli/output.h"

namespace rocmforge::cli {
namespace {

// What is given after an option.
enum class Takes { kNothing, kPath, kOther };

struct Switch {
  std::vector<std::string> names;  // with their dashes, short ones first
  Takes takes = Takes::kNothing;
  std::string what;   // "PATH"
  std::string about;  // one line
};

std::string on_one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

std::vector<Switch> switches_of(const CLI::App& command) {
  std::vector<Switch> out;
  for (const CLI::Option* option : command.get_options()) {
    Switch s{.names = {}, .what = option->get_type_name(), .about = ""};
    for (const std::string& name : option->get_snames()) s.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) s.names.push_back("--" + name);
    if (s.names.empty()) continue;  // positional
    if (option->get_items_expected_max() != 0)
      s.takes = s.what == "PATH" ? Takes::kPath : Takes::kOther;
    s.about = on_one_line(option->get_description());
    out.push_back(std::move(s));
  }
  return out;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> out;
  for (const CLI::App* command : commands) out.push_back(command->get_name());
  return out;
}

// With a backslash before each of `marked`.
std::string escaped(std::string_view text, std::string_view marked) {
  std::string out;
  for (const char c : text) {
    if (marked.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// ---- bash

// Patterns "COMMAND OPTION" of the options that take this.
std::string bash_patterns(const CLI::App& app, Takes takes) {
  std::vector<std::string> out;
  const auto add = [&](const CLI::App& command, const std::string& name) {
    for (const Switch& s : switches_of(command)) {
      if (s.takes != takes) continue;
      for (const std::string& word : s.names) out.push_back("'" + name + " " + word + "'");
    }
  };
  add(app, "");
  for (const CLI::App* command : commands_of(app)) add(*command, command->get_name());
  return joined(out, " | ");
}

std::string words_of(const CLI::App& command) {
  std::vector<std::string> out;
  for (const Switch& s : switches_of(command)) {
    out.insert(out.end(), s.names.begin(), s.names.end());
  }
  return joined(out, " ");
}

// ---- zsh

std::string zsh_option(const Switch& s) {
  const std::string about = escaped(s.about, "[]:\\");
  std::string quoted;
  for (const char c : about) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::string what = escaped(s.what, ":[]\\");
  const std::string value = s.takes == Takes::kPath    ? ":" + what + ":_files"
                            : s.takes == Takes::kOther ? ":" + what + ": "
                                                       : "";
  if (s.names.size() == 1) return fmt::format("'{}[{}]{}'", s.names.front(), quoted, value);
  return fmt::format("'({})'{{{}}}'[{}]{}'", joined(s.names, " "), joined(s.names, ","), quoted,
                     value);
}

std::string zsh_options(const CLI::App& command, std::string_view indent) {
  std::string out;
  for (const Switch& s : switches_of(command)) {
    out += fmt::format(" \\\n{}{}", indent, zsh_option(s));
  }
  return out;
}

// ---- fish

std::string fish_option(const Switch& s, const std::string& condition) {
  std::string out = "complete -c rocmforge -n '" + condition + "'";
  for (const std::string& name : s.names) {
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (s.takes == Takes::kPath) out += " -r -F";
  if (s.takes == Takes::kOther) out += " -x";
  return out + " -d '" + escaped(s.about, "'\\") + "'\n";
}

// ---- man

// A line of text: no request, and nothing that roff takes for its own.
std::string roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    at_start = c == '\n';
  }
  return out;
}

std::string roff_options(const CLI::App& command) {
  std::string out;
  for (const CLI::Option* option : command.get_options()) {
    const std::string about = roff(on_one_line(option->get_description()));
    const std::string otherwise = option->get_default_str();
    std::string name = option->get_name(/*positional=*/true, /*all_options=*/true);
    if (option->get_items_expected_max() != 0 && !option->get_positional()) {
      name += " " + option->get_type_name();
    }
    out += fmt::format(".TP\n.B {}\n{}{}\n", roff(name), about,
                       otherwise.empty() ? "" : " [" + roff(otherwise) + "]");
  }
  return out;
}

std::string roff_footer(const CLI::App& command) {
  const std::string text = command.get_footer();
  return text.empty() ? "" : ".PP\n.nf\n" + roff(text) + "\n.fi\n";
}

struct Options {
  std::string shell;
};

}  // namespace

std::string bash_completions(const CLI::App& app) {
  const auto commands = commands_of(app);
  const std::string names = joined(names_of(commands), " ");
  std::string cases = fmt::format("    '') words='{} {}' ;;\n", names, words_of(app));
  for (const CLI::App* command : commands) {
    cases += fmt::format("    {}) words='{}' ;;\n", command->get_name(), words_of(*command));
  }
  return fmt::format(
      R"(# bash completion of rocmforge; made by `rocmforge completions bash`.
_rocmforge() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      {}) command=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  COMPREPLY=()
  case "$command $before" in
    {}) compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    {}) return ;;
  esac
  if [[ $command == completions && $cur != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish man' -- "$cur")
    return
  fi
  case $command in
{}  esac
  if [[ -n $command && $cur != -* ]]; then
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -F _rocmforge rocmforge rocmforge_cli
)",
      joined(names_of(commands), " | "), bash_patterns(app, Takes::kPath),
      bash_patterns(app, Takes::kOther), cases);
}

std::string zsh_completions(const CLI::App& app) {
  std::string list, cases;
  for (const CLI::App* command : commands_of(app)) {
    const std::string about = escaped(on_one_line(command->get_description()), "'\\:");
    list += fmt::format("    '{}:{}'\n", command->get_name(), about);
    const bool is_ours = command->get_name() == "completions";
    cases += fmt::format("        {})\n          _arguments{} \\\n            '*:file:{}' ;;\n",
                         command->get_name(), zsh_options(*command, "            "),
                         is_ours ? "(bash zsh fish man)" : "_files");
  }
  return fmt::format(
      R"(#compdef rocmforge rocmforge_cli
# zsh completion of rocmforge; made by `rocmforge completions zsh`.
_rocmforge() {{
  local context state line
  local -a commands
  commands=(
{}  )
  _arguments -C{} \
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
{}      esac ;;
  esac
}}
_rocmforge "$@"
)",
      list, zsh_options(app, "    "), cases);
}

std::string fish_completions(const CLI::App& app) {
  std::string out =
      "# fish completion of rocmforge; made by `rocmforge completions fish`.\n"
      "complete -c rocmforge_cli -w rocmforge\n"
      "complete -c rocmforge -n __fish_use_subcommand -f\n";
  for (const CLI::App* command : commands_of(app)) {
    out +=
        fmt::format("complete -c rocmforge -n __fish_use_subcommand -a {} -d '{}'\n",
                    command->get_name(), escaped(on_one_line(command->get_description()), "'\\"));
  }
  for (const Switch& s : switches_of(app)) out += fish_option(s, "__fish_use_subcommand");
  for (const CLI::App* command : commands_of(app)) {
    const std::string condition = "__fish_seen_subcommand_from " + command->get_name();
    for (const Switch& s : switches_of(*command)) out += fish_option(s, condition);
    if (command->get_name() == "completions") {
      out += "complete -c rocmforge -n '" + condition + "' -f -a 'bash zsh fish man'\n";
    }
  }
  return out;
}

std::string man_page(const CLI::App& app) {
  std::string out = fmt::format(
      ".\\\" Made by `rocmforge completions man`.\n.TH ROCMFORGE 1 \"\" \"rocmforge {}\"\n"
      ".SH NAME\nrocmforge \\- run GGUF language models\n.SH SYNOPSIS\n.B rocmforge\n"
      "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n{}\n.SH OPTIONS\n{}",
      roff(std::string(version())), roff(app.get_description()), roff_options(app));
  out += ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(app)) {
    out += fmt::format(".SS rocmforge {}\n{}.\n{}{}", roff(command->get_name()),
                       roff(on_one_line(command->get_description())), roff_options(*command),
                       roff_footer(*command));
  }
  return out + ".SH NOTES" + "\n" + roff_footer(app);
}

void add_completions(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("completions", "Print what a shell needs to complete this command line");
  command->add_option("shell", o->shell, "bash, zsh or fish; or man: the man page")
      ->required()
      ->type_name("SHELL")
      ->check(one_of({"bash", "zsh", "fish", "man"}));
  command->footer(
      R"(`make install` puts them where shells look for them. By hand:
  rocmforge completions bash > ~/.local/share/bash-completion/completions/rocmforge
  rocmforge completions zsh > "${fpath[1]}/_rocmforge"
  rocmforge completions fish > ~/.config/fish/completions/rocmforge.fish
  rocmforge completions man | man -l -)");
  command->callback([o, &app, &action] {
    action = [o, &app] {
      write_output(o->shell == "bash"   ? bash_completions(app)
                   : o->shell == "zsh"  ? zsh_completions(app)
                   : o->shell == "fish" ? fish_completions(app)
                                        : man_page(app));
      return kExitDone;
    };
  });
}

}  // namespace rocmforge::cli
