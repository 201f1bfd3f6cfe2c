// GET /health and /ready: neither waits for the device.
#include <fmt/format.h>

#include "base/version.h"
#include "serve/json/write.h"
#include "serve/legacy/routes.h"

namespace rocmforge::serve {
namespace {

constexpr int kRetry = 5;  // seconds

std::string health(Context& context, const Service& service) {
  const ModelThread::Counts counts = context.thread().counts();
  const std::string trouble = context.thread().trouble();
  const std::string state = trouble.empty() ? "healthy" : "degraded";
  const std::string error = trouble.empty() ? "" : ",\"error\":" + quoted(trouble);
  return fmt::format(R"({{"status":"{}","service":"rocmforge","version":"{}","checks":{{)"
                     R"("engine":{{"status":"{}","model":{}}},"gpu":{{"status":"{}"{}}},)"
                     R"("requests":{{"active":{},"queued":{},"draining":{}}},)"
                     R"("cache":{{"status":"healthy","context":{}}}}}}})",
                     state, version(), state, quoted(context.options().model), state, error,
                     counts.n_running, counts.n_waiting, service.closing(),
                     context.engine().runner().n_ctx());
}

}  // namespace

void add_health(Router& router, Context& context, const Service& service) {
  router.add({.method = "GET",
              .pattern = "/health",
              .handle = [&](const auto& call) { call->send_json(health(context, service)); },
              .needs_key = false,
              .error = legacy_error});
  router.add({.method = "GET",
              .pattern = "/ready",
              .handle =
                  [&](const auto& call) {
                    const std::string trouble = context.thread().trouble();
                    if (!service.closing() && trouble.empty()) {
                      call->send_json(R"({"ready":true,"service":"rocmforge"})");
                      return;
                    }
                    const std::string why =
                        service.closing() ? "the server is shutting down" : trouble;
                    call->send({.status = 503,
                                .headers = {{"Retry-After", std::to_string(kRetry)}},
                                .body = fmt::format(
                                    R"({{"ready":false,"service":"rocmforge","error":{}}})",
                                    quoted(why))});
                  },
              .needs_key = false,
              .error = legacy_error});
}

}  // namespace rocmforge::serve
