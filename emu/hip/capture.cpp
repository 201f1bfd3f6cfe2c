// Streams that record instead of running, and the graphs that come of it. Source: ROCm/HIP
// hip_runtime_api.h (hipStreamCaptureMode, hipErrorStreamCapture...), which follows the CUDA
// Programming Guide, "Stream Capture".
#include <algorithm>
#include <utility>

#include "hip/driver.h"

namespace rocmforge::emu {
namespace {

constexpr int kGlobal = 0, kThreadLocal = 1, kRelaxed = 2;  // hipStreamCaptureMode

void join(std::vector<std::size_t>& nodes, const std::vector<std::size_t>& more) {
  for (const std::size_t node : more) {
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
  }
}

// Every node comes before one of `ends`.
bool all_before(const Graph& graph, const std::vector<std::size_t>& ends) {
  std::vector<bool> reached(graph.nodes.size(), false);
  for (const std::size_t end : ends) reached[end] = true;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {  // nodes come after older ones alone
    if (!reached[i]) return false;
    for (const std::size_t before : graph.nodes[i].after) reached[before] = true;
  }
  return true;
}

}  // namespace

void Driver::begin_capture(Stream& stream, int mode) {
  if (mode < kGlobal || mode > kRelaxed) throw Status(kInvalidValue, "there is no such mode");
  if (&stream == &null_stream_) {
    throw Status(kCaptureUnsupported, "the null stream cannot be captured");
  }
  if (stream.capture != nullptr) throw Status(kIllegalState, "the stream is captured already");
  auto capture = std::make_shared<Capture>();
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->origin = &stream;
  capture->joined = {&stream};
  stream.capture = capture;
  stream.captured_after.clear();
  captures_.push_back(std::move(capture));
}

void Driver::leave_capture(Stream& stream) {
  const std::shared_ptr<Capture> capture = std::exchange(stream.capture, nullptr);
  std::erase(capture->joined, &stream);
  if (capture->origin != &stream) return;
  for (Stream* other : capture->joined) other->capture = nullptr;
  capture->joined.clear();
  capture->origin = nullptr;
  std::erase(captures_, capture);
}

std::shared_ptr<Graph> Driver::end_capture(Stream& stream) {
  const std::shared_ptr<Capture> capture = stream.capture;
  if (capture == nullptr) throw Status(kIllegalState, "the stream is not captured");
  if (capture->origin != &stream) throw Status(kCaptureUnmatched, "");
  if (capture->mode != kRelaxed && capture->thread != std::this_thread::get_id()) {
    throw Status(kCaptureWrongThread, "");
  }
  leave_capture(stream);
  if (capture->broken) throw Status(kCaptureInvalidated, "");
  if (!all_before(capture->graph, stream.captured_after)) throw Status(kCaptureUnjoined, "");
  return std::make_shared<Graph>(std::move(capture->graph));
}

void Driver::break_captures(const Stream& stream) {
  if (stream.capture != nullptr) stream.capture->broken = true;
}

void Driver::forbid_in_capture() {
  bool forbidden = false;
  for (const auto& capture : captures_) {
    const bool concerned =
        capture->mode == kGlobal ||
        (capture->mode == kThreadLocal && capture->thread == std::this_thread::get_id());
    if (!concerned) continue;
    capture->broken = true;
    forbidden = true;
  }
  if (forbidden) throw Status(kCaptureUnsupported, "the call may wait for the device");
}

void Driver::forbid_captured(Stream& stream) {
  if (stream.capture == nullptr) return;
  break_captures(stream);
  throw Status(kCaptureUnsupported, "what is recorded does not run");
}

void Driver::wait(Stream& stream, Event& event) {
  if (event.capture == nullptr) {
    if (stream.capture != nullptr) {
      if (event.marker == nullptr) return;  // never recorded
      break_captures(stream);
      throw Status(kCaptureIsolation, "the event was not recorded in the capture");
    }
    if (event.marker != nullptr) enqueue(stream, {}, event.marker);
    return;
  }
  if (event.capture->origin == nullptr) {
    throw Status(kCapturedEvent, "and that capture has ended");
  }
  if (stream.capture != nullptr && stream.capture != event.capture) {
    break_captures(stream);
    event.capture->broken = true;
    throw Status(kCaptureMerge, "");
  }
  if (&stream == &null_stream_) {
    event.capture->broken = true;
    throw Status(kCaptureImplicit, "");
  }
  if (stream.capture == nullptr) {
    stream.capture = event.capture;
    stream.captured_after.clear();
    event.capture->joined.push_back(&stream);
  }
  join(stream.captured_after, event.captured_after);
}

void Driver::launch(Graph& graph, Stream& stream) {
  if (stream.capture != nullptr) {
    break_captures(stream);
    throw Status(kNotSupported, "a graph launched into a capture");
  }
  for (const Node& node : graph.nodes) {
    if (node.work.module != nullptr && node.work.module->unloaded) {
      throw Status(kInvalidHandle, "the module of a kernel in the graph was unloaded");
    }
  }
  const std::vector<CommandPtr> first = before_next(stream);
  std::vector<CommandPtr> commands;
  std::vector<std::uint64_t> lanes;
  for (const Node& node : graph.nodes) {
    std::vector<CommandPtr> after;
    for (const std::size_t before : node.after) after.push_back(commands[before]);
    if (after.empty()) {
      after = first;
      after.push_back(graph.last_launch);
    }
    const bool follows = node.after.size() == 1 && node.after[0] + 1 == commands.size();
    lanes.push_back(follows ? lanes.back() : reinterpret_cast<std::uintptr_t>(next_handle()));
    commands.push_back(queue_.add(node.work, after, lanes.back()));
  }
  commands.insert(commands.end(), first.begin(), first.end());
  stream.last = graph.last_launch = queue_.add({}, commands, stream.lane);
}

}  // namespace rocmforge::emu
