#!/usr/bin/env python3
"""Holds `rocmforge quantize` against llama.cpp's llama-quantize, and writes bench/results/quantize/*.json.

    bench/compare_quantize.py --llama BIN [--rocmforge PROGRAM] SECTION...

BIN is the folder of llama.cpp's programs (August 2026), built apart. Sections:
    recipes     the type of each tensor of made-up models (files without data), for every name of a type
    errors      how far K-quants of random weights in rows of 256 are from the original, theirs and ours
    speed       MB/s of one thread, on the same weights
    perplexity  of a model (--model, quantized or not) widened to F32 and quantized by both, by
                llama-perplexity over --text; takes an hour of two cores
Exit code 1 when a type differs, an error is larger than theirs, or a perplexity is off by over 1 %.
"""
import argparse
import array
import concurrent.futures
import json
import math
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LLAMA_CPP = "August 2026"
NAMES = ("F16 BF16 F32 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q2_K_S Q3_K Q3_K_S Q3_K_M Q3_K_L Q4_K Q4_K_S Q4_K_M "
         "Q5_K Q5_K_S Q5_K_M Q6_K IQ4_NL IQ4_XS MXFP4_MOE").split()
K_NAMES = "Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K IQ4_NL IQ4_XS Q4_0 Q5_1 Q8_0".split()
# Shapes that the recipes tell apart: layers, heads, experts, fused matrices, rows that fall back.
SHAPES = {
    "8B": dict(arch="llama", layers=32, heads=32, kv=8, dim=4096, ff=14336),
    "70B": dict(arch="llama", layers=80, heads=64, kv=8, dim=8192, ff=28672),
    "rows of 576, tied": dict(arch="llama", layers=30, heads=9, kv=3, dim=576, ff=1536, tied=True),
    "qwen2 7B": dict(arch="qwen2", layers=28, heads=28, kv=4, dim=3584, ff=18944),
    "qwen2, 80 layers": dict(arch="qwen2", layers=80, heads=64, kv=8, dim=1024, ff=2048),
    "8 experts": dict(arch="llama", layers=32, heads=32, kv=8, dim=1024, ff=2048, experts=8),
    "4 experts": dict(arch="llama", layers=16, heads=32, kv=8, dim=1024, ff=2048, experts=4),
    "chatglm 9B": dict(arch="chatglm", layers=28, heads=32, kv=2, dim=4096, ff=13696, fused=True),
}


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr[-500:] or done.stdout[-500:]}")
    return done.stdout + done.stderr


# ---- files without a vocabulary

def string(text):
    return struct.pack("<Q", len(text)) + text.encode()


def key(name, value):
    if isinstance(value, str):
        return string(name) + struct.pack("<I", 8) + string(value)
    kind = (6, "<If") if isinstance(value, float) else (4, "<II")
    return string(name) + struct.pack(kind[1], kind[0], value)


def tensors_of(layers, heads, kv, dim, ff, tied=False, experts=0, fused=False, vocab=1024, **_):
    """(name, extents from the innermost) of each."""
    out = [("token_embd.weight", [dim, vocab]), ("output_norm.weight", [dim])]
    if not tied:
        out.append(("output.weight", [dim, vocab]))
    kv_dim = dim // heads * kv
    for i in range(layers):
        of = {"attn_norm": [dim], "ffn_norm": [dim], "attn_output": [dim, dim]}
        if fused:
            of |= {"attn_qkv": [dim, dim + 2 * kv_dim], "ffn_up": [dim, 2 * ff], "ffn_down": [ff, dim]}
        else:
            of |= {"attn_q": [dim, dim], "attn_k": [dim, kv_dim], "attn_v": [dim, kv_dim]}
        if experts:
            of |= {"ffn_gate_inp": [dim, experts], "ffn_gate_exps": [dim, ff, experts],
                   "ffn_up_exps": [dim, ff, experts], "ffn_down_exps": [ff, dim, experts]}
        elif not fused:
            of |= {"ffn_gate": [dim, ff], "ffn_up": [dim, ff], "ffn_down": [ff, dim]}
        out += [(f"blk.{i}.{name}.weight", extents) for name, extents in of.items()]
    return out


def write_model(path, shape, weights=None):
    """F32 data of weights(name, n), or a hole of F16 where that is None."""
    a, dim, heads = shape["arch"] + ".", shape["dim"], shape["heads"]
    keys = {"general.architecture": shape["arch"], a + "block_count": shape["layers"], a + "context_length": 2048,
            a + "embedding_length": dim, a + "feed_forward_length": shape["ff"], a + "attention.head_count": heads,
            a + "attention.head_count_kv": shape["kv"], a + "attention.layer_norm_rms_epsilon": 1e-5,
            a + "rope.freq_base": 10000.0, a + "rope.dimension_count": dim // heads, a + "vocab_size": 1024}
    if shape.get("experts"):
        keys |= {a + "expert_count": shape["experts"], a + "expert_used_count": 2}
    tensors = tensors_of(**shape)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(key(*k) for k in keys.items())
    offset, places = 0, []
    for name, extents in tensors:
        is_f32 = weights is not None or len(extents) == 1
        head += string(name) + struct.pack(f"<I{len(extents)}QIQ", len(extents), *extents, 0 if is_f32 else 1, offset)
        places.append((name, math.prod(extents), offset))
        offset += (math.prod(extents) * (4 if is_f32 else 2) + 31) // 32 * 32
    head += b"\0" * (-len(head) % 32)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + offset)
        for name, n, at in places if weights is not None else []:
            file.seek(len(head) + at)
            file.write(weights(name, n).tobytes())


def read_floats(path):
    """{tensor: array of floats} of a GGUF that is all F32."""
    data = pathlib.Path(path).read_bytes()
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    _, n_tensors, n_keys = struct.unpack_from("<IQQ", data, 4)
    at = 24

    def skip(kind, at):
        if kind == 8:
            return at + 8 + struct.unpack_from("<Q", data, at)[0]
        if kind != 9:
            return at + sizes[kind]
        kind, n = struct.unpack_from("<IQ", data, at)
        at += 12
        for _ in range(n):
            at = skip(kind, at)
        return at

    for _ in range(n_keys):
        at = skip(8, at)
        at = skip(struct.unpack_from("<I", data, at)[0], at + 4)
    table = []
    for _ in range(n_tensors):
        end = skip(8, at)
        name, rank = data[at + 8:end].decode(), struct.unpack_from("<I", data, end)[0]
        *extents, kind, offset = struct.unpack_from(f"<{rank}QIQ", data, end + 4)
        assert kind == 0, name
        table.append((name, math.prod(extents), offset))
        at = end + 4 + 8 * rank + 12
    at += -at % 32
    out = {}
    for name, n, offset in table:
        out[name] = array.array("f")
        out[name].frombytes(data[at + offset:at + offset + 4 * n])
    return out


# ---- sections

def chosen_by_llama(text):
    rows = re.findall(r"^\[ *\d+/ *\d+\] (\S+) .*?type = +(\S+), size = [^(\n]*(?:\((\S+)\))?$", text, re.MULTILINE)
    return {name: (to or kind).upper() for name, kind, to in rows}


def chosen_by_us(text):
    rows = re.findall(r"^ *\[\d+/\d+\] (\S+) +\[.*?\] +(\w+)(?: -> (\w+))?,", text, re.MULTILINE)
    return {name: (to or kind) for name, kind, to in rows}


def recipes(args, folder):
    results, differing = [], []
    for title, shape in SHAPES.items():
        path = f"{folder}/{shape['arch']}.gguf"
        write_model(path, shape)
        for name in NAMES:
            theirs = chosen_by_llama(run(args.llama / "llama-quantize", "--dry-run", path, name))
            ours = chosen_by_us(run(args.rocmforge, "quantize", "--dry-run", "--gguf", path, "--type", name))
            if len(ours) != len(tensors_of(**shape)) or ours != theirs:
                differing.append(f"{title} {name}")
        results.append({"model": title, "tensors": len(tensors_of(**shape)), "names": len(NAMES)})
        os.remove(path)
    return {"recipes": results, "differing": differing}, not differing


def random_model(folder):
    draw = random.Random(1)

    def weights(name, n):
        return array.array("f", [1.0] * n if name.endswith("norm.weight") else [draw.gauss(0, 0.05) for _ in range(n)])

    path = f"{folder}/random.gguf"
    write_model(path, dict(arch="llama", layers=2, heads=8, kv=2, dim=256, ff=512), weights)
    return path


def errors(args, folder):
    path = random_model(folder)
    exact = read_floats(path)
    results = []

    def distance(quantized):
        wide = f"{folder}/wide.gguf"
        run(args.rocmforge, "quantize", "--gguf", quantized, "--out", wide, "--type", "F32", "--allow-requantize")
        values = read_floats(wide)
        total = sum(sum((a - b) ** 2 for a, b in zip(exact[name], values[name])) for name in exact)
        return math.sqrt(total / sum(len(x) for x in exact.values()))

    for name in K_NAMES:
        run(args.rocmforge, "quantize", "--gguf", path, "--out", f"{folder}/ours.gguf", "--type", name)
        run(args.llama / "llama-quantize", path, f"{folder}/theirs.gguf", name)
        ours, theirs = distance(f"{folder}/ours.gguf"), distance(f"{folder}/theirs.gguf")
        results.append({"type": name, "ours_rms": ours, "llama_cpp_rms": theirs, "ratio": ours / theirs})
        print(results[-1], flush=True)
    return {"errors": results}, all(r["ratio"] <= 1 for r in results)


def speed(args, folder):
    path = f"{folder}/large.gguf"
    draw = random.Random(1)
    block = [draw.gauss(0, 0.05) for _ in range(1 << 16)]
    write_model(path, dict(arch="llama", layers=2, heads=8, kv=8, dim=1024, ff=2048),
                lambda name, n: array.array("f", (block * (n // len(block) + 1))[:n]))
    results = []
    for name in K_NAMES + ["MXFP4", "MXFP6_E2M3", "MXFP6_E3M2"]:
        before = os.times()
        run(args.rocmforge, "quantize", "--gguf", path, "--out", f"{folder}/ours.gguf", "--type", name, "-t", 1)
        after = os.times()
        # The processor's time, which other programs on the machine do not lengthen.
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        results.append({"type": name, "mb_per_second": os.path.getsize(path) / 1e6 / seconds})
        print(results[-1], flush=True)
    return {"speed": results, "threads": 1}, True


def perplexity(args, folder):
    wide = f"{folder}/F32.gguf"
    run(args.rocmforge, "quantize", "--gguf", args.model, "--out", wide, "--type", "F32", "--allow-requantize")

    def measure(path):
        out = run(args.llama / "llama-perplexity", "-m", path, "-f", args.text, "-c", 512, "--chunks", args.chunks,
                  "-t", args.threads)
        return float(re.search(r"Final estimate: PPL = ([\d.]+)", out)[1])

    cases, files = [("Q8_0", []), ("Q4_0", []), ("Q5_1", []), ("Q8_0", ["--tensor-type", ".*=mxfp4"])], []
    for i, (name, rule) in enumerate(cases):
        files += [f"{folder}/ours.{i}.gguf", f"{folder}/theirs.{i}.gguf"]
        run(args.rocmforge, "quantize", "--gguf", wide, "--out", files[-2], "--type", name, *rule)
        run(args.llama / "llama-quantize", *rule, wide, files[-1], name)
    results = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as jobs:
        values = jobs.map(measure, files)
        for name, rule in cases:
            ours, theirs = next(values), next(values)
            results.append({"type": " ".join([name, *rule]), "chunks": args.chunks, "ours": ours, "llama_cpp": theirs,
                            "ratio": ours / theirs})
            print(results[-1], flush=True)
    return {"perplexity": results, "model": pathlib.Path(args.model).name, "text": pathlib.Path(args.text).name}, \
        all(abs(r["ratio"] - 1) <= 0.01 for r in results)


def main():
    sections = {f.__name__: f for f in (recipes, errors, speed, perplexity)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="+", choices=sections)
    parser.add_argument("--llama", type=pathlib.Path, required=True)
    parser.add_argument("--rocmforge", type=pathlib.Path, default=ROOT / "build/rocmforge")
    parser.add_argument("--model", help="for perplexity")
    parser.add_argument("--text", help="for perplexity")
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1, help="perplexities at once")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    if "perplexity" in args.sections and not (args.model and args.text):
        parser.error("perplexity wants --model and --text")
    failed = []
    for name in args.sections:
        start = time.time()
        with tempfile.TemporaryDirectory() as folder:
            result, good = sections[name](args, folder)
        out = ROOT / f"bench/results/quantize/{name}.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result | {"llama_cpp": LLAMA_CPP, "pass": good}, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {'pass' if good else 'FAIL'} ({time.time() - start:.0f} s)", flush=True)
        if not good:
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
