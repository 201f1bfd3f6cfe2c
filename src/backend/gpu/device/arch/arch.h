// Arch: the architecture that is compiled for. The one place that asks for it. With
// ROCMFORGE_TEST_GFX10 it is gfx10's whatever the target: tests so run it on another card.
#pragma once

#if defined(__NVPTX__)
#include "backend/gpu/device/arch/sm.h"
namespace rocmforge::gpu {
using sm::Arch;
}
#elif defined(__GFX10__) || defined(ROCMFORGE_TEST_GFX10)
#include "backend/gpu/device/arch/gfx10.h"
namespace rocmforge::gpu {
using gfx10::Arch;
}
#elif defined(__GFX12__)
#include "backend/gpu/device/arch/gfx12.h"
namespace rocmforge::gpu {
using gfx12::Arch;
}
#elif defined(__GFX11__)
#include "backend/gpu/device/arch/gfx11.h"
namespace rocmforge::gpu {
using gfx11::Arch;
}
#elif defined(__gfx90a__) || defined(__gfx942__)
#include "backend/gpu/device/arch/cdna.h"
namespace rocmforge::gpu {
using cdna::Arch;
}
#else
#error "no architecture of device/arch is compiled for"
#endif
