#include "serve/legacy/requests.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <utility>

#include "serve/json/write.h"

namespace rocmforge::serve {

std::string LegacyRequest::json() const {
  const std::scoped_lock lock(mutex_);
  const std::string reason = reason_.empty() ? "null" : quoted(reason_);
  const std::string error = error_.empty() ? "" : ",\"error\":" + quoted(error_);
  return fmt::format(
      R"({{"request_id":{},"text":{},"tokens":[{}],"finished":{},"finish_reason":{}{}}})", id_,
      quoted(text_), fmt::join(tokens_, ","), !reason_.empty(), reason, error);
}

bool LegacyRequest::finished() const {
  const std::scoped_lock lock(mutex_);
  return !reason_.empty();
}

void LegacyRequest::began(const ModelThread::Handle& handle) {
  const std::scoped_lock lock(mutex_);
  handle_ = handle;
  if (cancelled_) handle.cancel();
}

void LegacyRequest::add(const engine::TokenPiece& piece) {
  const std::scoped_lock lock(mutex_);
  text_ += piece.answer;
  if (piece.token != text::kNoToken) tokens_.push_back(piece.token);
}

void LegacyRequest::end(const engine::Result& result) {
  std::vector<std::function<void()>> told;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto* completion = std::get_if<engine::Completion>(&result)) {
      text_ = completion->text;
      tokens_ = completion->tokens;
      reason_ = engine::to_string(completion->reason);
      error_ = completion->error;
    } else {
      reason_ = engine::to_string(engine::FinishReason::kFailed);
      error_ = std::get<engine::Rejected>(result).message;
    }
    told.swap(told_);
  }
  for (const auto& one : told) one();
}

void LegacyRequest::cancel() {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  if (handle_) handle_->cancel();
}

void LegacyRequest::on_end(std::function<void()> told) {
  {
    const std::scoped_lock lock(mutex_);
    if (reason_.empty()) {
      told_.push_back(std::move(told));
      return;
    }
  }
  told();
}

std::shared_ptr<LegacyRequest> LegacyRequests::add(std::string tag) {
  const std::scoped_lock lock(mutex_);
  auto out = std::make_shared<LegacyRequest>(n_, std::move(tag));
  all_.emplace(n_++, out);
  return out;
}

std::shared_ptr<LegacyRequest> LegacyRequests::find(std::string_view name) const {
  std::uint64_t id = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, id);
  const std::scoped_lock lock(mutex_);
  if (error == std::errc() && stop == end) {
    const auto found = all_.find(id);
    if (found != all_.end()) return found->second;
  }
  for (const auto& [number, request] : all_) {
    if (!name.empty() && request->tag() == name) return request;
  }
  return nullptr;
}

void LegacyRequests::ended(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  ended_.push_back(id);
  if (ended_.size() <= kMostEnded) return;
  all_.erase(ended_.front());
  ended_.pop_front();
}

void LegacyRequests::forget(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  all_.erase(id);
}

}  // namespace rocmforge::serve
