// `rocmforge chat`: driven through a pipe, as scripts do, and on a terminal, as users do.
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <poll.h>
#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <regex>
#include <thread>

#include "cli/program.h"

namespace rocmforge::test {
namespace {

namespace json = boost::json;

constexpr const char* kTemplate =
    "{% if messages|length > 7 %}{{ raise_exception('enough is enough') }}{% endif %}"
    "{% for m in messages %}<s>{{ m.role }}\n{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% if enable_thinking %}<think>\n{% endif %}"
    "{% endif %}";

// What the line after an answer says.
struct Counts {
  int kept, prompt, generated;
};

class Chat : public Cli {
 protected:
  const std::string& chat_model() {
    if (chat_model_.empty()) chat_model_ = write_chat_model(dir_.file("chat.gguf"), kTemplate);
    return chat_model_;
  }
  Command command(std::vector<std::string> more) {
    std::vector<std::string> args = {"chat", "--gguf",   chat_model(), "--seed",
                                     "3",    "--device", "cpu"};
    args.insert(args.end(), more.begin(), more.end());
    Command out = rocmforge(std::move(args));
    out.env["XDG_STATE_HOME"] = dir_.file("state");
    return out;
  }
  Outcome talk(const std::string& lines, std::vector<std::string> more = {"-n", "12"}) {
    Command out = command(std::move(more));
    out.input = lines;
    return run(out);
  }
  static std::vector<Counts> counts_of(const Outcome& o) {
    static const std::regex form(
        "\\[kept ([0-9]+) tokens \\| prompt ([0-9]+) tokens, [0-9.]+ tokens/s \\| generated "
        "([0-9]+) "
        "tokens, [0-9.]+ tokens/s\\]\n");
    std::vector<Counts> out;
    for (std::sregex_iterator i(o.err.begin(), o.err.end(), form), end; i != end; ++i) {
      out.push_back({std::stoi((*i)[1]), std::stoi((*i)[2]), std::stoi((*i)[3])});
    }
    return out;
  }
  // Role and content of each message that /save has written.
  std::vector<std::pair<std::string, std::string>> saved(const std::string& path) {
    std::vector<std::pair<std::string, std::string>> out;
    const json::value all = json::parse(read_file(path));
    for (const json::value& m : all.at("messages").as_array()) {
      out.emplace_back(m.at("role").as_string(), m.at("content").as_string());
    }
    return out;
  }

 private:
  std::string chat_model_;
};

TEST_F(Chat, EachLineIsAMessageAndTheCacheIsKept) {
  const std::string file = dir_.file("saved.json");
  const Outcome o = talk("hello\nhe ll o\n\n  \nab\n/save " + file + "\n");
  ASSERT_TRUE(succeeded(o));
  const auto messages = saved(file);
  ASSERT_EQ(messages.size(), 6u);
  std::string answers;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i].first, i % 2 == 0 ? "user" : "assistant");
    if (i % 2 == 1) answers += messages[i].second + "\n";
  }
  EXPECT_EQ(messages[2].second, "he ll o");
  EXPECT_EQ(o.out, answers);
  const auto counts = counts_of(o);
  ASSERT_EQ(counts.size(), 3u) << o.err;
  EXPECT_EQ(counts[0].kept, 0);
  EXPECT_GE(counts[1].kept, counts[0].prompt - 1);
  EXPECT_GE(counts[2].kept, counts[1].kept + counts[1].prompt - 1);
  // The first answer is that of generate.
  Command alone = rocmforge({"generate", "--gguf", chat_model(), "--seed", "3", "--device", "cpu",
                             "--chat", "-p", "hello", "-n", "12"});
  EXPECT_EQ(messages[1].second, answer_of(run(alone)).text);
}

TEST_F(Chat, MessagesOfSeveralLinesAndOfSlashes) {
  const std::string file = dir_.file("saved.json");
  const Outcome o =
      talk("one\\\ntwo\\\nthree\n\"\"\"a\nb\n\"\"\"\n\"\"\"/help\"\"\"\n/save " + file + "\n");
  ASSERT_TRUE(succeeded(o));
  const auto messages = saved(file);
  ASSERT_EQ(messages.size(), 6u);
  EXPECT_EQ(messages[0].second, "one\ntwo\nthree");
  EXPECT_EQ(messages[2].second, "a\nb");
  EXPECT_EQ(messages[4].second, "/help");
}

TEST_F(Chat, Commands) {
  const std::string file = dir_.file("saved.json");
  const Outcome help = talk("/help\n/exit\nnever said\n");
  ASSERT_TRUE(succeeded(help));
  for (const char* name : {"/clear", "/regen", "/system", "/set", "/save", "/help", "/exit"}) {
    EXPECT_NE(help.out.find(std::string(name) + " "), std::string::npos) << help.out;
  }
  EXPECT_TRUE(counts_of(help).empty());

  // Another answer in place of the first; the same with the likeliest tokens.
  const Outcome again = talk("hello\n/regen\n/set temp 0\n/regen\n/regen\n/save " + file + "\n");
  ASSERT_TRUE(succeeded(again));
  const auto counts = counts_of(again);
  ASSERT_EQ(counts.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(counts[i].prompt, 1);
    EXPECT_EQ(counts[i].kept, counts[0].prompt - 1);
  }
  ASSERT_EQ(saved(file).size(), 2u);
  const std::string last = saved(file)[1].second + "\n";
  EXPECT_TRUE(again.out.ends_with(last + last)) << again.out;
  EXPECT_FALSE(again.out.ends_with(last + last + last)) << again.out;

  const Outcome cleared =
      talk("/system be kind\nhello\n/clear\n/system\nhello\n/save " + file + "\n");
  ASSERT_TRUE(succeeded(cleared));
  ASSERT_EQ(saved(file).size(), 3u);
  EXPECT_EQ(saved(file)[0], (std::pair<std::string, std::string>("system", "be kind")));
  const std::string answer = saved(file)[2].second + "\n";
  EXPECT_EQ(cleared.out, answer + "be kind\n" + answer);
  EXPECT_EQ(talk("hello\n", {"-n", "12", "--system", "be kind"}).out, answer);
  EXPECT_EQ(talk("/system \"\"\nhello\n", {"-n", "12", "--system", "be kind"}).out,
            talk("hello\n").out);
}

TEST_F(Chat, MistakesAreToldAndTheConversationGoesOn) {
  const auto told = [&](const std::string& lines, const std::vector<std::string>& parts) {
    const Outcome o = talk(lines);
    EXPECT_EQ(o.exit_code, 1) << to_string(o);
    for (const std::string& part : parts) {
      EXPECT_NE(o.err.find(part), std::string::npos) << part << "\n" << o.err;
    }
    EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 3) << o.err;  // and two notes
    EXPECT_EQ(counts_of(o).size(), 1u) << o.err;
  };
  told("/foo\nhello\n", {"error: ", "/foo", "/help"});
  told("/regen\nhello\n", {"/regen", "no answer"});
  told("/clear all\nhello\n", {"/clear"});
  told("/save\nhello\n", {"/save"});
  told("/save /nowhere/at/all\nhello\n", {"/nowhere/at/all", "No such file"});
  for (const char* words : {"/set s 5", "/set top_k 5", "/set repeat-last-n -1"}) {
    const Outcome taken = talk(std::string(words) + "\nhello\n");
    EXPECT_EQ(taken.exit_code, 0) << words << to_string(taken);
    EXPECT_EQ(taken.err.find("/set"), std::string::npos) << taken.err;
  }
  told("/set temp\nhello\n", {"/set"});
  told("/set temp x\nhello\n", {"/set", "x"});
  told("/set top-p 2\nhello\n", {"/set", "top_p"});
  told("/set gguf x\nhello\n", {"/set", "gguf"});
  told("\xff\nhello\n", {"UTF-8"});
  told("/system \xff\nhello\n", {"UTF-8"});
  // The template's own words, of eight messages.
  const Outcome o = talk("a\nb\nc\nd\n");
  EXPECT_EQ(o.exit_code, 0) << to_string(o);
  const Outcome enough = talk("/system s\na\nb\nc\nd\n/clear\nhello\n");
  EXPECT_EQ(enough.exit_code, 1);
  EXPECT_NE(enough.err.find("line 1: enough is enough"), std::string::npos) << enough.err;
  EXPECT_EQ(counts_of(enough).size(), 4u);
}

TEST_F(Chat, AFullContextSaysWhatToDo) {
  const Outcome o = talk("hello\n" + std::string(60, 'a') + "\n/clear\nhe\n",
                         {"--ctx", "64", "--ignore-eos", "-n", "20"});
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_NE(o.err.find("more than the context of 64: /clear begins a new one, --ctx N holds more"),
            std::string::npos)
      << o.err;
  EXPECT_EQ(counts_of(o).size(), 2u);
  const Outcome full = talk("hello\n", {"--ctx", "64", "--ignore-eos"});
  EXPECT_NE(full.err.find("(the context of 64 tokens is full"), std::string::npos) << full.err;
  EXPECT_NE(talk("hello\n", {"--ignore-eos", "-n", "9"}).err.find("(cut at 9 tokens"),
            std::string::npos);
}

TEST_F(Chat, ThinkingStandsBetweenLinesOfItsOwn) {
  const std::string file = dir_.file("saved.json");
  const std::vector<std::string> more = {"-n", "40",          "--think", "on", "--reasoning-budget",
                                         "5",  "--ignore-eos"};
  const Outcome o = talk("hello\nand\n/save " + file + "\n", more);
  ASSERT_TRUE(succeeded(o));
  const auto messages = saved(file);
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_TRUE(o.out.starts_with("<think>\n")) << o.out;
  EXPECT_NE(o.out.find("\n</think>\n\n" + messages[1].second + "\n<think>\n"), std::string::npos)
      << o.out;
  std::vector<std::string> hidden = more;
  hidden.emplace_back("--hide-thinking");
  EXPECT_EQ(talk("hello\nand\n", hidden).out,
            messages[1].second + "\n" + messages[3].second + "\n");
}

TEST_F(Chat, CtrlCStopsTheAnswerAndNotTheProgram) {
  const std::string file = dir_.file("saved.json");
  Command endless = command({"--ctx", "60000", "--ignore-eos"});
  endless.env["ROCMFORGE_LOG_LEVEL"] = "off";  // more context than the model was trained for
  endless.input = "hello\n/save " + file + "\n";
  Process process(endless);
  ASSERT_TRUE(process.wait_until([](const Outcome& o) { return o.out.size() > 5; }));
  process.send(SIGINT);
  const Outcome o = process.wait();
  ASSERT_TRUE(succeeded(o));
  EXPECT_TRUE(o.err.starts_with("(stopped)\n[kept 0 tokens")) << o.err;
  ASSERT_EQ(saved(file).size(), 2u);
  EXPECT_EQ(saved(file)[1].second + "\n", o.out);
}

// A terminal, and the program on it.
class Terminal {
 public:
  explicit Terminal(const Command& command) {
    winsize size{.ws_row = 24, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = ::forkpty(&master_, nullptr, nullptr, &size);
    if (pid_ != 0) return;
    for (const auto& [name, value] : command.env) {
      value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<char*> argv;
    for (const std::string& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Terminal() {
    if (!ended_) ::kill(pid_, SIGKILL);
    if (!ended_) ::waitpid(pid_, nullptr, 0);
    ::close(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& text) const {
    ASSERT_EQ(::write(master_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // Reads until `text` comes behind what was waited for before; false after a minute or at the end.
  bool wait_for(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (true) {
      const std::size_t at = seen_.find(text, from_);
      if (at != std::string::npos) {
        from_ = at + text.size();
        return true;
      }
      pollfd poll{.fd = master_, .events = POLLIN, .revents = 0};
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (::poll(&poll, 1, 100) <= 0) continue;
      char part[4096];
      const ssize_t n = ::read(master_, part, sizeof part);
      if (n <= 0) return false;
      seen_.append(part, static_cast<std::size_t>(n));
    }
  }
  // For the prompt, and for the program to read what is typed there: before, the terminal's own
  // editing would swallow it.
  bool wait_for_prompt(const std::string& prompt = ">>> ") {
    return wait_for(prompt) && wait_for_mode(/*by_line=*/false);
  }
  // For the program to have taken the line: the terminal is by line again.
  bool wait_until_taken() { return wait_for_mode(/*by_line=*/true); }

  // Its exit code, or minus the signal that it died of.
  int end() {
    wait_for("\x01never\x01");
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  const std::string& seen() const { return seen_; }

 private:
  bool wait_for_mode(bool by_line) const {
    for (int i = 0; i < 6000; ++i) {
      termios now{};
      if (::tcgetattr(master_, &now) == 0 && ((now.c_lflag & ICANON) != 0) == by_line) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));  // and to be about to read
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  pid_t pid_ = -1;
  int master_ = -1;
  bool ended_ = false;
  std::string seen_;
  std::size_t from_ = 0;
};

class ChatTerminal : public Chat {
 protected:
  Command on_terminal(std::vector<std::string> more) {
    Command out = command(std::move(more));
    out.env["TERM"] = "xterm";
    out.env["NO_COLOR"] = "";
    out.env["LC_ALL"] = "C.UTF-8";
    out.env["ROCMFORGE_LOG_LEVEL"] = "off";
    return out;
  }
};

TEST_F(ChatTerminal, CtrlCStopsTheAnswerThenLeaves) {
  const std::string file = dir_.file("saved.json");
  Terminal terminal(on_terminal({"--ctx", "60000", "--ignore-eos"}));
  ASSERT_TRUE(terminal.wait_for("/help lists the commands"));
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("hello\n");
  ASSERT_TRUE(terminal.wait_until_taken());
  terminal.type("\x03");
  ASSERT_TRUE(terminal.wait_for("(stopped")) << terminal.seen();
  ASSERT_TRUE(terminal.wait_for("[kept 0 tokens"));
  ASSERT_TRUE(terminal.wait_for_prompt());
  // One at the prompt drops the line, and says what the next one does.
  terminal.type("not this\x03");
  ASSERT_TRUE(terminal.wait_for("(Ctrl-C again, or Ctrl-D, leaves)")) << terminal.seen();
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("/save " + file + "\n");
  ASSERT_TRUE(terminal.wait_for("(saved ")) << terminal.seen();
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("\x03");
  ASSERT_TRUE(terminal.wait_for("(Ctrl-C again"));
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("\x03");
  EXPECT_EQ(terminal.end(), 0) << terminal.seen();
  for (const auto& [role, content] : saved(file))
    EXPECT_EQ(content.find("not this"), std::string::npos);
}

TEST_F(ChatTerminal, TheHistoryIsKeptForTheUserAlone) {
  const std::string file = dir_.file("saved.json");
  {
    Terminal terminal(on_terminal({"-n", "5"}));
    ASSERT_TRUE(terminal.wait_for_prompt());
    terminal.type("h\xc3\xa9llo\n");
    ASSERT_TRUE(terminal.wait_for("[kept"));
    ASSERT_TRUE(terminal.wait_for_prompt());
    terminal.type("\x04");
    EXPECT_EQ(terminal.end(), 0) << terminal.seen();
  }
  const std::string history = dir_.file("state") + "/rocmforge/history";
  ASSERT_TRUE(std::filesystem::exists(history));
  EXPECT_EQ(std::filesystem::status(history).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  Terminal terminal(on_terminal({"-n", "5"}));
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("\x1b[A\n");  // the line before
  ASSERT_TRUE(terminal.wait_for("[kept")) << terminal.seen();
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("\"\"\"two\n");
  ASSERT_TRUE(terminal.wait_for_prompt("... "));
  terminal.type("lines\"\"\"\n");
  ASSERT_TRUE(terminal.wait_for("[kept"));
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("/save " + file + "\n");
  ASSERT_TRUE(terminal.wait_for("(saved "));
  ASSERT_TRUE(terminal.wait_for_prompt());
  terminal.type("/exit\n");
  EXPECT_EQ(terminal.end(), 0) << terminal.seen();
  ASSERT_EQ(saved(file).size(), 4u);
  EXPECT_EQ(saved(file)[0].second, "h\xc3\xa9llo");
  EXPECT_EQ(saved(file)[2].second, "two\nlines");
}

TEST_F(ChatTerminal, ThinkingIsDimUnlessColoursAreUnwanted) {
  for (const bool wanted : {true, false}) {
    Command command =
        on_terminal({"-n", "30", "--think", "on", "--reasoning-budget", "5", "--ignore-eos"});
    if (!wanted) command.env["NO_COLOR"] = "1";
    Terminal terminal(command);
    ASSERT_TRUE(terminal.wait_for_prompt());
    terminal.type("hello\n");
    ASSERT_TRUE(terminal.wait_for("[kept"));
    ASSERT_TRUE(terminal.wait_for_prompt());
    terminal.type("\x04");
    EXPECT_EQ(terminal.end(), 0);
    const std::string& seen = terminal.seen();
    EXPECT_EQ(seen.find("hello\r\n\x1b[2m") != std::string::npos, wanted) << seen;
    EXPECT_EQ(seen.find("<think>") == std::string::npos, wanted) << seen;
    EXPECT_EQ(seen.find("\x1b[0m\r\n\r\n") != std::string::npos, wanted) << seen;
  }
}

}  // namespace
}  // namespace rocmforge::test
