#include "serve/api_error.h"

#include <new>

#include "base/error.h"
#include "serve/json/field.h"
#include "serve/json/write.h"

namespace rocmforge::serve {
namespace {

std::string_view type_of(const ApiError& error) {
  switch (error.status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    case 503:
      return "unavailable_error";
    default:
      return error.status < 500 ? "invalid_request_error" : "server_error";
  }
}

std::string or_null(const std::string& text) {
  return text.empty() ? "null" : quoted(text);
}

}  // namespace

ApiError thrown_api_error() {
  try {
    throw;
  } catch (const ApiError& e) {
    return e;
  } catch (const BadField& e) {
    return {400, e.what(), {.param = e.param()}};
  } catch (const Error& e) {
    switch (e.code()) {
      case ErrorCode::kUsage:
      case ErrorCode::kFormat:
      case ErrorCode::kUnsupported:
      case ErrorCode::kInvalidArgument:
        return {400, e.what()};
      default:
        return {500, e.what()};
    }
  } catch (const std::bad_alloc&) {
    return {503, "out of memory", {.retry_after = 1}};
  } catch (const std::exception& e) {
    return {500, e.what()};
  } catch (...) {
    return {500, "something that is no exception was thrown"};
  }
}

std::string openai_error(const ApiError& error) {
  std::string out = R"({"error":{"message":)";
  append_quoted(out, error.what());
  out.append(R"(,"type":")").append(type_of(error)).append(R"(","param":)");
  out.append(or_null(error.more.param)).append(R"(,"code":)").append(or_null(error.more.code));
  return out.append("}}");
}

}  // namespace rocmforge::serve
