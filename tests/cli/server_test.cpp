// What the program asks of a server, and how it shows the answers; the server here is a script's.
#include "serve/http/server.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/json.h"
#include "cli/program.h"

namespace rocmforge::test {
namespace {

using namespace std::chrono_literals;
using serve::HttpRequest;
using serve::Reply;

class Asked : public Cli {
 protected:
  using Handle = std::function<void(const HttpRequest&, std::shared_ptr<Reply>)>;

  void serve(Handle handle) {
    server_.emplace(
        "127.0.0.1:0", serve::HttpLimits{},
        serve::HttpService{.handle =
                               [this, handle](HttpRequest request, std::shared_ptr<Reply> reply) {
                                 {
                                   const std::scoped_lock lock(mutex_);
                                   seen_.push_back(request);
                                 }
                                 changed_.notify_all();
                                 handle(request, std::move(reply));
                               },
                           .error =
                               [](int status, std::string_view message) {
                                 return serve::HttpResponse{.status = status,
                                                            .body = std::string(message)};
                               }});
    server_->run(2);
  }
  void serve_body(int status, const std::string& body) {
    serve([=](const HttpRequest&, const std::shared_ptr<Reply>& reply) {
      reply->send({.status = status, .body = body});
    });
  }
  void TearDown() override {
    held_.reset();
    server_.reset();
  }

  Command command(std::vector<std::string> args) {
    args.insert(args.begin(), {"--host", "http://" + server_->address()});
    return rocmforge(std::move(args));
  }
  Outcome ask(std::vector<std::string> args) { return run(command(std::move(args))); }

  HttpRequest seen(std::size_t i = 0) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return seen_.size() > i; }));
    return seen_.at(i);
  }
  std::string body(const std::string& name) {
    const boost::json::value parsed = boost::json::parse(seen().body);
    const auto* found = parsed.as_object().if_contains(name);
    return found == nullptr ? "" : boost::json::serialize(*found);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HttpRequest> seen_;
  std::shared_ptr<Reply> held_;
  std::optional<serve::HttpServer> server_;
};

std::string event(const std::string& text, bool finished = false,
                  const std::string& reason = "null") {
  return R"(data: {"request_id":7,"token":1,"text":")" + text + R"(","finished":)" +
         (finished ? "true" : "false") + R"(,"finish_reason":)" + reason + "}\n\n";
}

TEST_F(Asked, GeneratePrintsTheOldForm) {
  serve_body(200, R"({"request_id":12,"text":"a\nb","tokens":[1,2],"finished":true,)"
                  R"("finish_reason":"completed"})");
  const Outcome o = ask({"generate", "-p", "caf\xC3\xA9 \"x\""});
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, "request_id: 12\nfinish_reason: Some(\"completed\")\ntext:\na\nb\n");
  EXPECT_EQ(o.err, "");
  EXPECT_EQ(seen().method + " " + seen().path, "POST /generate");
  EXPECT_EQ(seen().header("content-type"), "application/json");
  EXPECT_EQ(body("prompt"), "\"caf\xC3\xA9 \\\"x\\\"\"");
  EXPECT_EQ(body("max_tokens"), "100");
  EXPECT_EQ(body("top_k"), "50");
  EXPECT_EQ(boost::json::parse(body("temperature")).to_number<double>(), 1.0);
  EXPECT_EQ(boost::json::parse(body("top_p")).to_number<double>(), 0.9);
}

TEST_F(Asked, OptionsGoAlongAsTheyWereGiven) {
  serve_body(200, R"({"request_id":1,"text":"","finished":true,"finish_reason":null})");
  const Outcome o = ask({"generate",
                         "-p",
                         "x",
                         "-n",
                         "0128",
                         "--temp",
                         ".5",
                         "--top-k",
                         "7",
                         "--top-p",
                         "0.25",
                         "--seed",
                         "18446744073709551615",
                         "--stop",
                         "a",
                         "--stop",
                         "b,c",
                         "--min-p",
                         "0.1",
                         "--dynatemp-exp",
                         "2",
                         "--mirostat-ent",
                         "4",
                         "--typical",
                         "0.5"});
  EXPECT_EQ(o.out, "request_id: 1\nfinish_reason: None\ntext:\n\n") << to_string(o);
  const std::vector<std::pair<std::string, double>> numbers = {
      {"max_tokens", 128}, {"temperature", 0.5},       {"top_k", 7},        {"top_p", 0.25},
      {"min_p", 0.1},      {"dynatemp_exponent", 2.0}, {"mirostat_tau", 4}, {"typical_p", 0.5}};
  for (const auto& [name, value] : numbers) {
    EXPECT_EQ(boost::json::parse(body(name)).to_number<double>(), value) << name;
  }
  EXPECT_EQ(body("seed"), "18446744073709551615");
  EXPECT_EQ(body("stop"), R"(["a","b,c"])");
}

TEST_F(Asked, StreamsAreShownAsTheyCome) {
  serve([&](const HttpRequest&, std::shared_ptr<Reply> reply) {
    reply->begin({.content_type = "text/event-stream"});
    reply->write(event("one "));
    held_ = std::move(reply);
  });
  Process process(command({"generate", "-p", "x", "--stream"}));
  ASSERT_TRUE(process.wait_until([](const Outcome& o) { return o.out == "one "; }));
  held_->write(": quiet\n\n" + event("two") + event("", true, "\"completed\""));
  held_->end();
  const Outcome o = process.wait();
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, "one two\n[request 7 finished: completed]\n");
  EXPECT_EQ(seen().path, "/generate/stream");
}

TEST_F(Asked, AStreamThatIsCutIsAnError) {
  serve([&](const HttpRequest&, const std::shared_ptr<Reply>& reply) {
    reply->begin({.content_type = "text/event-stream"});
    reply->write(event("one"));
    reply->end();
  });
  const Outcome o = ask({"generate", "-p", "x", "--stream"});
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_EQ(o.out, "one\n");
  EXPECT_NE(o.err.find("the stream ended before the answer did"), o.err.npos) << o.err;
}

TEST_F(Asked, AnAnswerThatFailedIsAFailure) {
  serve([&](const HttpRequest&, const std::shared_ptr<Reply>& reply) {
    reply->begin({.content_type = "text/event-stream"});
    reply->write(event("", true, "\"failed\""));
    reply->end();
  });
  const Outcome o = ask({"generate", "-p", "x", "--stream"});
  EXPECT_EQ(o.exit_code, 1);
  EXPECT_EQ(o.out, "\n[request 7 finished: failed]\n");
}

TEST_F(Asked, CtrlCEndsAStreamAndTellsTheServer) {
  serve([&](const HttpRequest& request, std::shared_ptr<Reply> reply) {
    if (request.path == "/cancel/7") {
      reply->send({.body = R"({"request_id":7,"text":"one","finished":true,)"
                           R"("finish_reason":"cancelled"})"});
      return;
    }
    reply->begin({.content_type = "text/event-stream"});
    reply->write(event("one"));
    held_ = std::move(reply);
  });
  Process process(command({"generate", "-p", "x", "--stream"}));
  ASSERT_TRUE(process.wait_until([](const Outcome& o) { return o.out == "one"; }));
  process.send(SIGINT);
  const Outcome o = process.wait();
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, "one\n[request 7 cancelled]\n");
  EXPECT_EQ(seen(1).method + " " + seen(1).path, "POST /cancel/7");
  EXPECT_TRUE(held_->gone());
}

// Its number is not known yet: the server knows it by the tag that came along.
TEST_F(Asked, CtrlCEndsAWholeAnswerToo) {
  serve([&](const HttpRequest& request, std::shared_ptr<Reply> reply) {
    if (request.path == "/generate") {
      held_ = std::move(reply);
      return;
    }
    reply->send({.body = R"({"request_id":5,"text":"so far","finished":true,)"
                         R"("finish_reason":"cancelled"})"});
  });
  Process process(command({"generate", "-p", "x"}));
  const std::string tag(seen().header("x-request-tag"));
  ASSERT_EQ(tag.size(), 32U);
  process.send(SIGINT);
  const Outcome o = process.wait();
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, "so far\n[request 5 cancelled]\n");
  EXPECT_EQ(seen(1).path, "/cancel/" + tag);
}

TEST_F(Asked, CtrlCDoesNotWaitForAServerThatSaysNothing) {
  serve([&](const HttpRequest&, std::shared_ptr<Reply> reply) { held_ = std::move(reply); });
  Process process(command({"generate", "-p", "x"}));
  seen();
  const auto begin = std::chrono::steady_clock::now();
  process.send(SIGINT);
  const Outcome o = process.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_TRUE(succeeded(o));
  EXPECT_EQ(o.out, "\n[request cancelled]\n");
}

TEST_F(Asked, StatusAndCancelPrintTheOldForm) {
  serve([&](const HttpRequest& request, const std::shared_ptr<Reply>& reply) {
    const bool ended = request.method == "POST";
    reply->send({.body = std::string(R"({"request_id":3,"text":"x\ny","tokens":[],"finished":)") +
                         (ended ? R"(true,"finish_reason":"cancelled"})"
                                : R"(false,"finish_reason":null})")});
  });
  EXPECT_EQ(ask({"status", "--request-id", "3"}).out,
            "request_id: 3, finished: false, reason: None\ntext:\nx\ny\n");
  EXPECT_EQ(seen(0).method + " " + seen(0).path, "GET /status/3");
  EXPECT_EQ(ask({"cancel", "--request-id", "3"}).out,
            "Cancelled request 3 (finished: Some(\"cancelled\"))\ntext:\nx\ny\n");
  EXPECT_EQ(seen(1).method + " " + seen(1).path, "POST /cancel/3");
}

TEST_F(Asked, ErrorsOfTheServerAreShownAsTheyAre) {
  serve_body(404, "{\"error\":\"unknown\"}\n");
  for (const auto& args : {std::vector<std::string>{"status", "--request-id", "3"},
                           {"cancel", "--request-id", "3"},
                           {"generate", "-p", "x"},
                           {"generate", "-p", "x", "--stream"}}) {
    const Outcome o = ask(args);
    EXPECT_EQ(o.exit_code, 1);
    EXPECT_EQ(o.out, "");
    EXPECT_EQ(o.err, "Server returned error 404: {\"error\":\"unknown\"}\n");
  }
}

TEST_F(Asked, AnotherServersAnswerIsSaidToBeThat) {
  serve_body(200, "<html>");
  EXPECT_TRUE(failed(ask({"generate", "-p", "x"}), {"no answer of rocmforge's"}));
  server_.reset();
  serve_body(200, R"({"request_id":"x"})");
  EXPECT_TRUE(failed(ask({"status", "--request-id", "1"}), {"request_id is missing"}));
}

TEST_F(Asked, TheKeyComesFromTheEnvironment) {
  serve_body(200, R"({"request_id":1,"text":"","finished":true,"finish_reason":"length"})");
  Command c = command({"generate", "-p", "x"});
  c.env["ROCMFORGE_API_KEY"] = "sk-1";
  EXPECT_TRUE(succeeded(run(c)));
  EXPECT_EQ(seen().header("authorization"), "Bearer sk-1");
  c.env["ROCMFORGE_API_KEY"] = "a\nb";
  EXPECT_TRUE(misused(run(c), {"ROCMFORGE_API_KEY"}));
}

TEST_F(Asked, TheHostComesFromTheEnvironmentToo) {
  serve_body(200, R"({"request_id":1,"text":"","finished":true,"finish_reason":"length"})");
  Command c = rocmforge({"generate", "-p", "x"});
  c.env["ROCMFORGE_HOST"] = "http://" + server_->address();
  EXPECT_TRUE(succeeded(run(c)));
}

TEST_F(Asked, OptionsThatMeanNothingToAServerAreRefusedByName) {
  serve_body(200, "{}");
  const std::vector<std::vector<std::string>> cases = {{"--device", "cpu"},
                                                       {"--threads", "2"},
                                                       {"--ctx", "512"},
                                                       {"--answers", "2"},
                                                       {"--logprobs", "2"},
                                                       {"--check-tensors"},
                                                       {"--chat"},
                                                       {"--parallel", "3"},
                                                       {"--no-fuse"},
                                                       {"--gpu-layers", "1"},
                                                       {"--samplers", "top_k"}};
  for (const auto& more : cases) {
    std::vector<std::string> args = {"generate", "-p", "x"};
    args.insert(args.end(), more.begin(), more.end());
    EXPECT_TRUE(misused(ask(args), {more.front(), "without --gguf", server_->address()}));
  }
  EXPECT_TRUE(misused(ask({"generate", "--batch", "f"}), {"--batch", "--gguf"}));
  EXPECT_TRUE(seen_.empty());
}

TEST_F(Asked, RangesAreCheckedBeforeTheServerIsAsked) {
  serve_body(200, "{}");
  EXPECT_EQ(ask({"generate", "-p", "x", "-n", "8193"}).err,
            "Invalid max_tokens: 8193 exceeds maximum of 8192\n");
  EXPECT_EQ(ask({"generate", "-p", "x", "--top-k", "0"}).exit_code, 2);
  EXPECT_TRUE(seen_.empty());
}

TEST(NoServer, IsSaidSo) {
  const std::vector<std::string> host = {"--host", "http://127.0.0.1:1"};
  const auto told = [&](std::vector<std::string> args, const std::vector<std::string>& parts) {
    args.insert(args.begin(), host.begin(), host.end());
    return failed(run_rocmforge(args), parts);
  };
  EXPECT_TRUE(told({"generate", "-p", "x"},
                   {"http://127.0.0.1:1", "is `rocmforge serve` running?", "--gguf PATH"}));
  EXPECT_TRUE(told({"status", "--request-id", "1"}, {"is `rocmforge serve` running?"}));
  EXPECT_TRUE(misused(run_rocmforge({"--host", "https://a", "generate", "-p", "x"}),
                      {"--host", "https is not spoken here"}));
  EXPECT_TRUE(misused(run_rocmforge({"--host", "", "status", "--request-id", "1"}), {"--host"}));
}

}  // namespace
}  // namespace rocmforge::test
