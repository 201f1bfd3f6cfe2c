// Routes, keys, CORS, the ids of requests, and what a server says before it has a model.
#include "serve/service.h"

#include <gtest/gtest.h>

#include "serve/api_fixture.h"

namespace rocmforge::test {
namespace {

TEST(Router, FindsByMethodAndPath) {
  serve::Router router;
  const auto nothing = [](const std::shared_ptr<serve::Call>&) {};
  router.add({.method = "GET", .pattern = "/a", .handle = nothing});
  router.add({.method = "POST", .pattern = "/a", .handle = nothing});
  router.add({.method = "GET", .pattern = "/a/{id}", .handle = nothing});
  EXPECT_NE(router.find("GET", "/a").route, nullptr);
  EXPECT_NE(router.find("HEAD", "/a").route, nullptr);
  EXPECT_EQ(router.find("PUT", "/a").route, nullptr);
  EXPECT_EQ(router.find("PUT", "/a").allow, "GET, HEAD, POST");
  EXPECT_EQ(router.find("GET", "/a/b/c").argument, "b/c");
  EXPECT_EQ(router.find("GET", "/a/").route, nullptr);
  EXPECT_EQ(router.find("GET", "/b").allow, "");
}

TEST(Secrets, AreTheSameOrNot) {
  EXPECT_TRUE(serve::same_secret("abc", "abc"));
  for (const char* other : {"", "ab", "abd", "abcd", "abcabc"}) {
    EXPECT_FALSE(serve::same_secret(other, "abc")) << other;
  }
}

TEST_F(Api, BeforeThereIsAModelIsA503) {
  start();
  const auto answer = get("/v1/models");
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.header("retry-after").empty());
  EXPECT_EQ(str(json::parse(answer.body).at("error").at("code")), "loading");
  EXPECT_EQ(str(json::parse(get("/health").body).at("status")), "loading");
  EXPECT_EQ(json::parse(get("/ready").body).at("ready"), false);
}

TEST_F(Api, AnUnknownPathAndAnotherMethod) {
  open();
  const auto unknown = get("/v2/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.find("/v2/nothing"), std::string::npos);
  const auto other = get("/v1/chat/completions");
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.header("allow"), "POST, OPTIONS");
  EXPECT_EQ(ask("HEAD", "/v1/models").status, 200);
}

TEST_F(Api, RequestsHaveIds) {
  open();
  EXPECT_EQ(ask("GET", "/v1/models", "", {{"X-Request-Id", "mine-7"}}).header("x-request-id"),
            "mine-7");
  const std::string one(get("/v1/models").header("x-request-id"));
  EXPECT_FALSE(one.empty());
  EXPECT_NE(get("/v1/models").header("x-request-id"), one);
}

TEST_F(Api, KeysAreAskedFor) {
  open({.service = {.keys = {"first", "second"}}});
  const auto status = [&](serve::Headers headers) {
    return ask("GET", "/v1/models", "", std::move(headers)).status;
  };
  EXPECT_EQ(status({}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer third"}}), 401);
  EXPECT_EQ(status({{"Authorization", "Basic first"}}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer first"}}), 200);
  EXPECT_EQ(status({{"authorization", "bearer second"}}), 200);
  EXPECT_EQ(status({{"X-Api-Key", "second"}}), 200);
  const auto refusal = json::parse(get("/v1/models").body).at("error");
  EXPECT_EQ(str(refusal.at("code")), "invalid_api_key");
}

TEST_F(Api, CorsIsForThoseOrigins) {
  open({.service = {.cors_origins = {"https://a.example"}}});
  const auto allowed = ask("GET", "/v1/models", "", {{"Origin", "https://a.example"}});
  EXPECT_EQ(allowed.header("access-control-allow-origin"), "https://a.example");
  const auto other = ask("GET", "/v1/models", "", {{"Origin", "https://b.example"}});
  EXPECT_EQ(other.header("access-control-allow-origin"), "");
  const auto preflight = ask("OPTIONS", "/v1/chat/completions", "",
                             {{"Origin", "https://a.example"},
                              {"Access-Control-Request-Method", "POST"},
                              {"Access-Control-Request-Headers", "authorization"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-methods"), "POST, OPTIONS");
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "authorization");
}

TEST_F(Api, WhileItEndsNothingNewIsTaken) {
  open();
  service_->close();
  const auto answer = get("/v1/models");
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.header("retry-after").empty());
}

}  // namespace
}  // namespace rocmforge::test
