// The numbered requests of the first program's interface: each may be asked after and ended by its
// number, for a while after its end too.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "serve/context.h"

namespace rocmforge::serve {

// One of them. Written on the model's thread, read on any.
class LegacyRequest {
 public:
  LegacyRequest(std::uint64_t id, std::string tag) : id_(id), tag_(std::move(tag)) {}

  std::uint64_t id() const { return id_; }
  const std::string& tag() const { return tag_; }
  // {"request_id", "text", "tokens", "finished", "finish_reason"}, and "error" where it failed.
  std::string json() const;
  bool finished() const;

  void began(const ModelThread::Handle& handle);
  void add(const engine::TokenPiece& piece);
  void end(const engine::Result& result);
  // Within a step, if it has not ended.
  void cancel();
  // Told once, at the end, on any thread; at once where that has come.
  void on_end(std::function<void()> told);

 private:
  const std::uint64_t id_;
  const std::string tag_;
  mutable std::mutex mutex_;
  std::string text_, reason_, error_;  // no reason: it goes on
  std::vector<text::TokenId> tokens_;
  std::optional<ModelThread::Handle> handle_;
  bool cancelled_ = false;
  std::vector<std::function<void()>> told_;
};

class LegacyRequests {
 public:
  // Of those that have ended the last so many are remembered, with all of their text, which
  // --ctx bounds.
  static constexpr std::size_t kMostEnded = 512;

  std::shared_ptr<LegacyRequest> add(std::string tag);
  // By number, or by the tag that came along. Null: there is none, or it is forgotten.
  std::shared_ptr<LegacyRequest> find(std::string_view name) const;
  void ended(std::uint64_t id);   // it may be forgotten, some time
  void forget(std::uint64_t id);  // it was never begun

 private:
  mutable std::mutex mutex_;
  std::uint64_t n_ = 0;
  std::map<std::uint64_t, std::shared_ptr<LegacyRequest>> all_;
  std::deque<std::uint64_t> ended_;
};

}  // namespace rocmforge::serve
