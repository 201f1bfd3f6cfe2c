// /v1/models and /v1/models/{id}.
#include <fmt/format.h>

#include "serve/json/write.h"
#include "serve/openai/routes.h"

namespace rocmforge::serve {
namespace {

std::string model_object(Context& context, std::string_view name) {
  const model::HyperParams& params = context.engine().params();
  return fmt::format(
      R"({{"id":{},"object":"model","created":{},"owned_by":"rocmforge","max_model_len":{},)"
      R"("meta":{{"architecture":{},"n_ctx":{},"n_ctx_train":{},"n_vocab":{},"n_embd":{}}}}})",
      quoted(name), context.created(), context.engine().runner().n_ctx(),
      quoted(params.architecture), context.engine().runner().n_ctx(), params.n_ctx_train,
      params.n_vocab, params.dim);
}

}  // namespace

void add_models(Router& router, Context& context) {
  router.add({.method = "GET", .pattern = "/v1/models", .handle = [&context](const auto& call) {
                std::string data = model_object(context, context.options().model);
                for (const std::string& alias : context.options().aliases) {
                  data.append(",").append(model_object(context, alias));
                }
                call->send_json(fmt::format(R"({{"object":"list","data":[{}]}})", data));
              }});
  router.add(
      {.method = "GET", .pattern = "/v1/models/{id}", .handle = [&context](const auto& call) {
         if (!context.is_model(call->argument())) {
           throw ApiError(404,
                          fmt::format("there is no model \"{}\" here, only {}", call->argument(),
                                      context.options().model),
                          {.code = "model_not_found", .param = "model"});
         }
         call->send_json(model_object(context, call->argument()));
       }});
}

}  // namespace rocmforge::serve
