// Owners move and free once.
#include <type_traits>

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

}  // namespace
}  // namespace rocmforge::test
