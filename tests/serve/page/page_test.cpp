#include "serve/page/page.h"

#include <gtest/gtest.h>

namespace rocmforge::serve {
namespace {

std::string header(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

HttpRequest request(Headers headers = {}) {
  HttpRequest out;
  out.headers = std::move(headers);
  return out;
}

TEST(Page, IsServedWithItsPolicyAndOnce) {
  const HttpResponse first = page_answer(request());
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(first.body.starts_with("<!doctype html>"));
  EXPECT_TRUE(first.body.ends_with("</html>\n"));
  // Nothing from elsewhere, and no script but its own.
  const std::string policy = header(first, "Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("script-src 'sha256-"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe-eval"), std::string::npos);
  EXPECT_EQ(header(first, "X-Content-Type-Options"), "nosniff");
  for (const std::string outside : {"src=\"", "@import", "url(", "innerHTML", "eval("}) {
    EXPECT_EQ(first.body.find(outside), std::string::npos) << outside;
  }
  const HttpResponse again = page_answer(request({{"If-None-Match", header(first, "ETag")}}));
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
}

}  // namespace
}  // namespace rocmforge::serve
