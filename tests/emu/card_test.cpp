// The card that the emulator presents.
#include <gtest/gtest.h>

#include "base/error.h"
#include "machine/card.h"

namespace rocmforge::emu {
namespace {

TEST(CardTest, parses_names_and_settings) {
  EXPECT_EQ(parse_card("").units, 84U);
  EXPECT_EQ(parse_card("7900xtx").units, 96U);
  EXPECT_EQ(parse_card("8060s").target, "gfx1151");
  const Card card = parse_card("7900xt,units=8,memory=512M");
  EXPECT_EQ(card.units, 8U);
  EXPECT_EQ(card.memory_bytes, 512U << 20);
  EXPECT_EQ(parse_card("memory=1G").memory_bytes, 1U << 30);
  for (const char* wrong : {"7800xt", "units=7", "units=", "units=8x", "memory=1Q",
                            "memory=", "memory=99999999999999999999", "clock=1", "units=8,7900xt",
                            ",", "=", "memory=18014398509481984M"}) {
    EXPECT_THROW(parse_card(wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace rocmforge::emu
