"""The faults that mutate.py seeds."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Source:
    what: str
    module: str  # that is compiled: MODULE.hip of src/backend/gpu/device
    changes: tuple  # (file there, text that it has once, what takes its place)
    cases: str  # of op_gpu_test, as --gtest_filter takes them
    check: str = "full"
    caught: str = dataclasses.field(kw_only=True)  # by what: a name of WORDS


@dataclasses.dataclass(frozen=True)
class Code:
    what: str
    module: str
    kernel: str
    instruction: str  # a pattern of llvm-objdump's text
    which: int | None  # the n-th of them in the kernel, from 0; None: all
    cases: str
    check: str = "full"
    then: str = ".*"  # a pattern of the instruction after it
    caught: str = dataclasses.field(kw_only=True)


# What a run's words are called in the table, the first that is found.
WORDS = [
    (r"\[emu\] global race: ", "check: global race"),
    (r"\[emu\] LDS race: ", "check: LDS race"),
    (r"\[emu\] missing wait: ", "check: missing wait"),
    (r"\[emu\] uninitialised: ", "check: uninitialised"),
    (r"\[emu\] fragment not repeated: ", "check: fragment not repeated"),
    (r"\[emu\] out of bounds: ", "bounds"),
    (r"\[emu\] use after free: ", "bounds"),
    (r"\[emu\] misaligned: ", "alignment"),
    (r"\[emu\] barrier: ", "barrier that not all reach"),
    (r"\[emu\] limit: ", "limit of instructions"),
    (r"\[emu\] divergent scalar: ", "check: divergent scalar"),
    (r"Expected: \(worst_error", "result"),
    (r"replayed, it gives another result", "result of the replay"),
]

SOFTMAX, NORM, ROPE = "*/softmax_*", "*/rms_norm_*", "*/rope_n*"
ATTENTION = "*/paged_attention_f32_splits:*/paged_attention_f32_decode"
ATTENTION_UNITS = "*/paged_attention_f16_splits:*/paged_attention_f16_prompt"
SAMPLE = "*/sample_edited_11x5000_fused"

SEEDS = [
    # Lanes and reductions.
    Source("a wrong lane in a reduction", "rms_norm",
           (("reduce.h", "xor_lane<kWidth / 2>", "xor_lane<(kWidth / 2 + 1) / 2>"),), NORM,
           caught="result"),
    Source("one wave of the workgroup is left out of a sum", "softmax",
           (("reduce.h", "for (int w = 1; w < kWaves; ++w) y", "for (int w = 2; w < kWaves; ++w) y"),),
           SOFTMAX, caught="result"),
    Source("halves of a wave's sums are not exchanged", "matmul_q4_0",
           (("matmul_units.h", "upper ? low : high)", "upper ? high : low)"),), "*/matmul_Q4_0_5x131",
           caught="result"),
    # Weights.
    Source("swapped nibbles", "matmul_q4_0",
           (("weights_planes.h", "q[i] = (i32)(w & 0x0f0f0f0fU);\n    q[i + 4] = (i32)(w >> 4 & 0x0f0f0f0fU);",
             "q[i + 4] = (i32)(w & 0x0f0f0f0fU);\n    q[i] = (i32)(w >> 4 & 0x0f0f0f0fU);"),),
           "*/matmul_Q4_0_1x37", caught="result"),
    Source("the wrong scale of two", "matmul_q4_1",
           (("weights.h",
             "split_nibbles(raw.q[0], out.q);\n    out.d = half_of(raw.scales);\n"
             "    out.m = half_of(raw.scales >> 16);",
             "split_nibbles(raw.q[0], out.q);\n    out.d = half_of(raw.scales);\n"
             "    out.m = half_of(raw.scales);"),),
           "*/matmul_Q4_1_1x37", caught="result"),
    Source("the scales of the unit before", "matmul_q8_0",
           (("matmul_units.h", "row.scales += kPlanes.scales * u;",
             "row.scales += kPlanes.scales * (u & ~1);"),), "*/matmul_Q8_0_5x131", caught="result"),
    Source("an exponent too great by one", "embed",
           (("weights_codes.h", "(u32)(e - 1) << 23", "(u32)e << 23"),), "*/embed_MXFP4", caught="result"),
    Source("the row after", "embed",
           (("embed.hip", "token - s.begin, a.table.cols", "token - s.begin + 1, a.table.cols"),),
           "*/embed_F32", caught="bounds"),
    # Rows, columns, tails.
    Source("an unmasked tail of columns", "prepare",
           (("activations.h", "if (c + i < cols) out", "if (c + i < cols + 4) out"),),
           "*/matmul_F16_67x70:*/matmul_mixed_view_12", caught="result"),
    Source("a padded column that is not 0", "prepare",
           (("prepare.hip", "for (i32 c = 4 * A::thread(); c < a.padded; c +=",
             "for (i32 c = 4 * A::thread(); c < a.cols; c +="),), "*/matmul_F16_67x70", caught="result"),
    Source("a mask off by one", "elementwise",
           (("elementwise.hip", "c <= a.positions", "c < a.positions"),), "*/mask_*", caught="result"),
    Source("an unmasked position of a tile", "paged_attention_mma",
           (("attention_tile.h", "(u32)position < (u32)n ?", "(u32)position <= (u32)n ?"),),
           ATTENTION_UNITS, caught="result"),
    Source("the wrong pair of a rotation", "rope",
           (("rope.h", ": d ^ 1;", ": (d ^ 1) ^ 2;"),), ROPE, caught="result"),
    Source("keys stored a place further", "kv_write",
           (("kv_write.hip", "(a.kv, slot, kKeys, head)", "(a.kv, slot ^ 1, kKeys, head)"),),
           "*/kv_write_*", caught="result"),
    Source("a stride of elements taken for bytes", "rms_norm",
           (("rms_norm.hip", "const float* x = a.x + row * a.x_stride + begin;",
             "const float* x = a.x + 4096 * row * a.x_stride + begin;"),), NORM, "fast", caught="bounds"),
    # Matrix units.
    Source("a fragment that lanes 16 to 31 do not repeat", "matmul_q4_0",
           (("arch/gfx11.h", "gpu::load<HalfX16, 16>(at + (lane % 16) * stride)",
             "gpu::load<HalfX16, 16>(at + lane % 16 / (1 + lane / 16) * stride)"),),
           "*/matmul_tiles_Q4_0_9", caught="check: fragment not repeated"),
    Source("weights of attention not copied to the other lanes", "paged_attention_mma",
           (("arch/gfx11.h", "words[4 + w] = low ? partner : own;", "words[4 + w] = partner;"),),
           ATTENTION_UNITS, caught="check: fragment not repeated"),
    Source("rows of a product in another order", "matmul_q4_0",
           (("arch/gfx11.h", "return 2 * i + lane / 16; }", "return i + 8 * (lane / 16); }"),),
           "*/matmul_tiles_Q4_0_9", caught="result"),
    # LDS, barriers, order.
    Source("no barrier between the LDS's writing and reading", "softmax",
           (("reduce.h", "scratch[A::thread() / A::kWave] = x;\n  A::barrier();",
             "scratch[A::thread() / A::kWave] = x;"),), SOFTMAX, caught="check: uninitialised"),
    Source("no barrier before the LDS is written again", "softmax",
           (("reduce.h", "A::barrier();  // an earlier use of scratch is over", ""),), SOFTMAX,
           caught="check: LDS race"),
    Source("no barrier after activations are prepared", "matmul_q4_0",
           (("matmul.h", "        prepare(slice * a.slice);\n        A::barrier();\n        prepared = "
             "slice;\n      }\n      // The next", "        prepare(slice * a.slice);\n        prepared = "
             "slice;\n      }\n      // The next"),), "*/matmul_Q4_0_1x37", caught="check: LDS race"),
    Source("no barrier between two steps of a product", "matmul_q4_0",
           (("matmul_gemm.h", "x.put(step, n_steps);\n          A::barrier();", "x.put(step, n_steps);"),),
           "*/matmul_tiles_Q4_0_9", caught="check: LDS race"),
    Source("a sort that trusts in waves being in step", "sampling",
           (("sampling.h", "<= A::kWave) {\n          A::wave_barrier", "<= 4 * A::kWave) {\n          "
             "A::wave_barrier"),), SAMPLE, caught="check: LDS race"),
    Source("no release before the ticket", "paged_attention_mma",
           (("attention_tile.h", "    A::fence_device();\n    A::barrier();\n    if (A::thread() == 0) {\n"
             "      is_last", "    if (A::thread() == 0) {\n      is_last"),), ATTENTION_UNITS,
           caught="check: global race"),
    Source("no acquire after the ticket", "paged_attention",
           (("paged_attention.h", "if (lds.is_last == 0) return;\n    A::fence_device();",
             "if (lds.is_last == 0) return;"),), ATTENTION, caught="check: global race"),
    Source("the ticket of another split", "paged_attention",
           (("paged_attention.h", "== t.item.n_splits - 1 ?", "== t.item.n_splits - 2 ?"),), ATTENTION,
           caught="check: global race"),
    Source("LDS that nobody set", "paged_attention",
           (("paged_attention.h", "lds.sum[i] = 0;", ""),), ATTENTION, caught="check: uninitialised"),
    Source("a register that nobody set", "rms_norm",
           (("rms_norm.hip", "float squares = 0;", 'float squares;\n  asm volatile("" : "=v"(squares));'),),
           NORM, caught="check: uninitialised"),
    Source("LDS read behind its end", "softmax",
           (("reduce.h", "T y = scratch[0];", "T y = scratch[A::opaque(0) - 20000];"),), SOFTMAX, "fast",
           caught="bounds"),
    # The machine code.
    Code("a load's result used before it is waited for", "softmax", "softmax_rows",
         r"s_waitcnt vmcnt\(0\)", 0, SOFTMAX, caught="check: missing wait"),
    Code("kernel arguments used before they are waited for", "rms_norm", "rms_norm_group",
         r"s_waitcnt lgkmcnt\(0\)", 0, NORM, caught="check: missing wait"),
    Code("an LDS write not waited for before the barrier", "rms_norm", "rms_norm_group",
         r"s_waitcnt lgkmcnt\(0\)", None, NORM, then="s_barrier", caught="check: LDS race"),
    Code("the second barrier of a sum", "rms_norm", "rms_norm_group", r"s_barrier", 1, NORM,
         caught="check: uninitialised"),
    Code("every barrier of a product", "matmul_q4_0", "matmul_q4_0_gemm16", r"s_barrier", None,
         "*/matmul_tiles_Q4_0_9", caught="check: uninitialised"),
    Code("stores not waited for before the ticket", "paged_attention", "paged_attention_f32_128",
         r"s_waitcnt_vscnt .*", None, ATTENTION, caught="check: global race"),
    Code("the cache of others' results not invalidated", "paged_attention", "paged_attention_f32_128",
         r"buffer_gl1_inv", None, ATTENTION, caught="check: global race"),
    Code("the nearest cache not invalidated", "sampling", "sample_fused_rows", r"buffer_gl0_inv", None,
         SAMPLE, caught="check: global race"),
]
