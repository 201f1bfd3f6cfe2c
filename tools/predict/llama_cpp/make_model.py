"""Writes a GGUF of a llama's shapes with made-up weights: make_model.py SHAPE TYPE LAYERS FILE

SHAPE: 7b (Llama 2), 8b (Llama 3) or 14b (Qwen2). TYPE: q4_0, q8_0 or q4_k_m, whose output matrix llama.cpp's
quantizer makes Q6_K (q8_0: Q8_0).
"""
import random
import struct
import sys

SHAPES = {  # embedding, feed-forward, heads, KV heads, vocabulary
    "7b": (4096, 11008, 32, 32, 32000),
    "8b": (4096, 14336, 32, 8, 128256),
    "14b": (5120, 13824, 40, 8, 152064),  # Qwen2, without its biases
}
F32, Q4_0, Q8_0, Q4_K, Q6_K = 0, 2, 8, 12, 14
BLOCK = {F32: (1, 4), Q4_0: (32, 18), Q8_0: (32, 34), Q4_K: (256, 144), Q6_K: (256, 210)}
SCALE = struct.pack("<e", 0.004)


def block(kind, rng):
    if kind == F32:
        return struct.pack("<f", 1.0)
    size = BLOCK[kind][1]
    if kind in (Q4_0, Q8_0):
        return SCALE + rng.randbytes(size - 2)
    if kind == Q4_K:
        return SCALE + SCALE + rng.randbytes(size - 4)
    return rng.randbytes(size - 2) + struct.pack("<e", 0.0001)


def tensors(shape, kind, layers):
    d, ff, heads, kv, vocab = SHAPES[shape]
    head = d // heads
    base = {"q4_0": Q4_0, "q8_0": Q8_0, "q4_k_m": Q4_K}[kind]
    out = [("token_embd.weight", base, (d, vocab)), ("output_norm.weight", F32, (d,)),
           ("output.weight", Q8_0 if base == Q8_0 else Q6_K, (d, vocab))]
    for i in range(layers):
        # Q4_K_M: the first layer is one of the half whose attn_v and ffn_down are Q6_K.
        more = Q6_K if kind == "q4_k_m" and i % 2 == 0 else base
        for name, t, dims in (("attn_norm", F32, (d,)), ("ffn_norm", F32, (d,)), ("attn_q", base, (d, d)),
                              ("attn_k", base, (d, kv * head)), ("attn_v", more, (d, kv * head)),
                              ("attn_output", base, (d, d)), ("ffn_gate", base, (d, ff)),
                              ("ffn_up", base, (d, ff)), ("ffn_down", more, (ff, d))):
            out.append((f"blk.{i}.{name}.weight", t, dims))
    return out


def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


def metadata(shape, layers):
    d, ff, heads, kv, vocab = SHAPES[shape]
    u32 = {"block_count": layers, "context_length": 8192, "embedding_length": d, "feed_forward_length": ff,
           "attention.head_count": heads, "attention.head_count_kv": kv, "vocab_size": vocab,
           "rope.dimension_count": d // heads}
    pairs = [text("general.architecture") + struct.pack("<I", 8) + text("llama"),
             text("tokenizer.ggml.model") + struct.pack("<I", 8) + text("no_vocab"),
             text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5)]
    return pairs + [text("llama." + k) + struct.pack("<II", 4, v) for k, v in u32.items()]


def main():
    shape, kind, layers, path = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    rng = random.Random(1)
    made = {k: b"".join(block(k, rng) for _ in range(4099)) for k in BLOCK if k != F32}  # a prime: no rows alike
    made[F32] = block(F32, rng)
    all_tensors, pairs, offset, infos, sizes = tensors(shape, kind, layers), metadata(shape, layers), 0, [], []
    for name, t, dims in all_tensors:
        n = 1
        for x in dims:
            n *= x
        infos.append(text(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
                     + struct.pack("<IQ", t, offset))
        sizes.append(n // BLOCK[t][0] * BLOCK[t][1])
        offset += -(-sizes[-1] // 32) * 32
    head = b"GGUF" + struct.pack("<IQQ", 3, len(all_tensors), len(pairs)) + b"".join(pairs) + b"".join(infos)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % 32))
        for (_, t, _), size in zip(all_tensors, sizes):
            unit = made[t]
            while size_left := size:
                part = unit if size_left >= len(unit) else unit[:size_left]
                file.write(part)
                size -= len(part)
            file.write(bytes(-file.tell() % 32))


if __name__ == "__main__":
    main()
