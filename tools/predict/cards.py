"""The cards that times are predicted for; every constant with its source.

A time predicted from these is no measurement: see tools/predict/model.py for what is left out.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    name: str
    units: int            # compute units; two SIMD32 each
    clock_ghz: float      # boost clock of the data sheet, which its peak figures assume
    dram_gbs: float       # bus width x data rate
    # Microseconds that a kernel of a replayed graph, or of a stream, costs beyond its work.
    dispatch_us: tuple    # (least, usual, most)

    @property
    def simds(self):
        return 2 * self.units

    @property
    def wgps(self):
        return self.units // 2


# AMD's data sheets: 84 and 96 compute units, boost 2.4 and 2.5 GHz, 320 and 384 bits of GDDR6 at
# 20 Gbit/s. Dispatches: ROCm/legacy-rocm-build 6409 and ROCm/rocm-systems 10834, gfx1100 with tiny
# kernels: 2.8 to 3.9 us in a graph, 3.1 us on a stream.
DISPATCH_US = (2.8, 3.1, 3.9)
CARDS = {
    "7900xt": Card("RX 7900 XT", 84, 2.4, 800.0, DISPATCH_US),
    "7900xtx": Card("RX 7900 XTX", 96, 2.5, 960.0, DISPATCH_US),
}

# Cycles that an instruction of a class holds its SIMD's vector issue (AMD, "RDNA3 Instruction Set
# Architecture", and the peak rates of the data sheet): one for a wave of 32 lanes; a quarter of the
# rate for transcendental functions and for 32-bit integer products (LLVM's SISchedule.td, too, gives
# those WriteIntMul's); a sixteenth for doubles (data sheet: 1.92 of 30.7 TFLOP/s, without pairs);
# 16x16x16 WMMA does 8192 operations, of 256 a cycle and SIMD.
VALU_CYCLES = {"valu": 1, "dot": 1, "transcendental": 4, "slow_integer": 4, "double": 16, "wmma": 32}
# Each of these has an issue port of its own in a SIMD: one a cycle, beside the vector ones.
PORTS = (("salu", "branch", "smem", "barrier", "wait", "other"), ("load", "store", "atomic"),
         ("lds", "permute"))

# Lines of 128 bytes that the L0 cache of a compute unit gives to its loads in a cycle (AMD, "RDNA
# Architecture" white paper, 2019: 128 bytes, twice GCN's). Lines are counted load by load, as L0 serves them.
L0_LINES_A_CYCLE = 1

# Of the DRAM's rate on the data sheet, what programs are known to reach: 79 % (llama.cpp Vulkan, 8B
# Q4_0 on an 8060S: 46.2 tokens a second x 4.36 GB of 256 GB/s; ggml-org/llama.cpp 18280), 86 % (the
# same on an RX 9070 XT, 119.6 x 4.6 GB of 640 GB/s, maeddesg/vulkanforge; and plain reads on an
# 8060S, 221 of 256 GB/s, hipEngine's roofline). The low end takes the first, the middle the second,
# the high end all of it.
DRAM_SHARE = (0.79, 0.86, 1.0)
