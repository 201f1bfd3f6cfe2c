// Owners move and free once.
#include <type_traits>
#include <utility>

#include "gpu_driver/fixture.h"

namespace rocmforge::test {
namespace {

using gpu::DeviceMemory;
using gpu::PinnedMemory;
using gpu::Stream;

static_assert(!std::is_copy_constructible_v<DeviceMemory> && !std::is_copy_assignable_v<Stream>);
static_assert(std::is_nothrow_move_constructible_v<DeviceMemory> &&
              std::is_nothrow_move_constructible_v<PinnedMemory> &&
              std::is_nothrow_move_assignable_v<gpu::GraphExec>);

TEST(Handles, MoveAndFreeOnce) {
  const FreshFakes fresh;
  const auto api = open_fake(gpu::Vendor::kNvidia);
  const FakeControl& control = control_of(gpu::Vendor::kNvidia);
  {
    DeviceMemory a(*api, 16), b(*api, 32);
    EXPECT_EQ(control.live.allocations, 2);
    const gpu::DeviceAddress address = b.address();
    a = std::move(b);
    EXPECT_EQ(a.address(), address);
    EXPECT_EQ(a.bytes(), 32);
    DeviceMemory c(std::move(a));
    EXPECT_EQ(c.address(), address);
    EXPECT_EQ(a.bytes(), 0);  // NOLINT: a moved-from owner holds nothing
    c = {};
    PinnedMemory p(*api, 8);
    PinnedMemory q(std::move(p));
    EXPECT_EQ(p.bytes().size(), 0U);  // NOLINT
    EXPECT_EQ(q.bytes().size(), 8U);
    EXPECT_EQ(control.live.pinned, 1);
  }
  EXPECT_EQ(control.live.allocations, 0);
  EXPECT_EQ(control.live.pinned, 0);
  Stream nothing;
  EXPECT_FALSE(nothing);
}

// What the other tests rely on: the fake sees who does not wait.
TEST(Handles, AStreamThatGoesWithWorkLeftIsCounted) {
  const FreshFakes fresh;
  const auto api = open_fake(gpu::Vendor::kNvidia);
  FakeControl& control = control_of(gpu::Vendor::kNvidia);
  const DeviceMemory memory(*api, 16);
  for (const bool waits : {true, false}) {
    const Stream stream = gpu::make_stream(*api);
    api->fill_zero(memory.address(), 16, stream.get());
    if (waits) api->wait(stream.get());
  }
  EXPECT_EQ(std::exchange(control.n_destroyed_busy, 0), 1);
}

}  // namespace
}  // namespace rocmforge::test
