#include "backend/cpu/simd/isa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "backend/cpu/simd/kernels.h"
#include "base/error.h"

namespace rocmforge::test {
namespace {

using cpu::Isa;

// Sets ROCMFORGE_CPU_ISA, and puts back what was there.
class ForcedIsa {
 public:
  explicit ForcedIsa(const char* value) {
    if (const char* old = std::getenv(kName)) old_ = old, had_ = true;
    ::setenv(kName, value, 1);
  }
  ~ForcedIsa() {
    if (had_) {
      ::setenv(kName, old_.c_str(), 1);
    } else {
      ::unsetenv(kName);
    }
  }

 private:
  static constexpr const char* kName = "ROCMFORGE_CPU_ISA";
  std::string old_;
  bool had_ = false;
};

bool is_available(Isa isa) {
  const auto isas = cpu::available_isas();
  return std::find(isas.begin(), isas.end(), isa) != isas.end();
}

TEST(IsaTest, ScalarIsAlwaysThereAndTheBestIsLast) {
  ASSERT_FALSE(cpu::available_isas().empty());
  EXPECT_EQ(cpu::available_isas().front(), Isa::kScalar);
  const ForcedIsa none("");
  EXPECT_EQ(cpu::best_isa(), cpu::available_isas().back());
}

TEST(IsaTest, TheEnvironmentForcesOne) {
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    const ForcedIsa forced(std::string(cpu::to_string(isa)).c_str());
    if (is_available(isa)) {
      EXPECT_EQ(cpu::best_isa(), isa);
      EXPECT_EQ(cpu::kernels(isa).isa, isa);
      continue;
    }
    try {
      cpu::best_isa();
      ADD_FAILURE() << cpu::to_string(isa) << " is not available, and was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    }
  }
}

TEST(IsaTest, AnUnknownNameIsRefused) {
  const ForcedIsa forced("avx1024");
  try {
    cpu::best_isa();
    ADD_FAILURE() << "avx1024 was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(error.what()).find("'avx1024'"), std::string::npos);
  }
}

TEST(IsaTest, TablesAreWhole) {
  for (const Isa isa : cpu::available_isas()) {
    const cpu::Kernels& table = cpu::kernels(isa);
    EXPECT_EQ(table.isa, isa);
    for (const DType type : kAllDTypes) {
      EXPECT_EQ(table.gemm[static_cast<std::size_t>(type)] != nullptr, type != DType::kI32)
          << to_string(type);
    }
  }
}

}  // namespace
}  // namespace rocmforge::test
