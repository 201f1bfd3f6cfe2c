"""Predicts llama.cpp's own speed with the time model of tools/predict, to hold it against what others
measured: predict.py --llama LLAMA --built FOLDER [--card 7900xtx] [--out FILE.json] [CASE ...]

A CASE is SHAPE:TYPE:TEST, such as 7b:q4_0:tg or 8b:q4_k_m:pp512. llama-bench runs models of one and of
three layers, of made-up weights, on the emulated card; the rest of the layers is multiplied.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import model  # noqa: E402
from cards import CARDS  # noqa: E402

N_LAYERS = {"7b": 32, "8b": 32, "14b": 48}
BITS = {"type2": 4.5, "type8": 8.5, "type12": 4.5, "type14": 6.5625}  # mul_mat_vec_q<(ggml_type)2, ...>
# Prefill in Q4_K_M is not among them: llama.cpp multiplies its Q6_K matrices with hipBLAS there.
# Tokens a second that were measured on an RX 7900 XTX with llama.cpp's HIP backend, (least, most).
PUBLISHED = {
    "7b:q4_0:tg": (129, 144, "ggml-org/llama.cpp issue 20934 (March 2026)"),
    "7b:q4_0:pp512": (4000, 4400, "ggml-org/llama.cpp issue 20934 (March 2026)"),
    "8b:q4_k_m:tg": (105.8, 105.8, "ggml-org/llama.cpp pull request 26284, tg64"),
    "14b:q8_0:tg": (48.5, 48.5, "ggml-org/llama.cpp pull request 22254, gfx1100 at 340 W, Qwen2 14B"),
}
DEFAULT = list(PUBLISHED)


def steps(args, shape, kind, layers, test, folder):
    """The dispatches of one step of a model with so many layers."""
    gguf, counters = folder / f"{shape}-{kind}-{layers}.gguf", folder / "counters.json"
    if not gguf.exists():
        subprocess.run([sys.executable, HERE / "make_model.py", shape, kind, str(layers), gguf], check=True)
    counters.unlink(missing_ok=True)
    tokens = int(test[2:]) if test.startswith("pp") else 0
    command = [f"{args.llama}/build/bin/llama-bench", "-m", str(gguf), "-r", "1", "--no-warmup", "-t", "1", "-ngl",
               "99", "-fa", "1", "-p", str(tokens), "-n", "0" if tokens else "1"]
    env = dict(os.environ, GGML_BACKEND_PATH=f"{args.built}/libggml-hip.so", GGML_CUDA_DISABLE_GRAPHS="1",
               ROCMFORGE_LLAMA_OBJECTS=args.built, ROCMFORGE_EMU_CARD=args.card, ROCMFORGE_EMU_LOG="-",
               ROCMFORGE_EMU_COUNTERS=str(counters))
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0 or "ROCm" not in done.stdout:
        sys.exit(f"predict: {' '.join(command)}: exit code {done.returncode}\n{done.stdout[-2000:]}")
    return json.loads(counters.read_text(encoding="utf-8"))["dispatches"]


def parts(one, three):
    """Runs of one and three layers -> (a first layer, a second, the last and the head)."""
    n, odd = divmod(len(three) - len(one), 2)
    if odd or n <= 0:
        raise ValueError(f"{len(one)} dispatches with one layer, {len(three)} with three")
    short = [[re.sub(r"type\d+", "", d["kernel"]) for d in three[i * n:(i + 1) * n]] for i in (0, 1)]
    if short[0] != short[1]:
        raise ValueError(f"the layers differ: {short}")
    return three[:n], three[n:2 * n], three[2 * n:]


def names_of(dispatches):
    """Mangled name -> a short readable one."""
    mangled = sorted({d["kernel"] for d in dispatches})
    plain = subprocess.run(["c++filt"], input="\n".join(mangled), stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split("\n")
    return {m: re.sub(r"\(ggml_type\)", "type", p.removeprefix("void ").split("(float const*")[0]).split("(void")[0]
            for m, p in zip(mangled, plain)}


def summary(case, rows, total, tokens):
    by_kernel = {}
    names = names_of([d for d, _, _ in rows])
    for d, n, t in rows:
        row = by_kernel.setdefault(f"{names[d['kernel']]} {'x'.join(map(str, d['grid']))}",
                                   {"times": 0, "seconds": 0.0, "bound": t.bound, "bytes": 0.0, "issue": 0.0, "lds": 0.0, "l0": 0.0})
        row["times"] += n
        for key, value in (("seconds", t.mid), ("bytes", t.bytes_s), ("issue", t.issue_s), ("lds", t.lds_s), ("l0", t.l0_s)):
            row[key] += value
        kind = re.search(r"mul_mat_vec_q.*(type\d+)E", d["kernel"])
        if kind:
            weights = d["lines_read"] * model.LINE * 8 / BITS[kind[1]]
            row["valu_a_weight"] = model.valu_of(d["classes"]) / weights
        if d["classes"].get("wmma"):
            row["other_valu_a_wmma"] = model.valu_of(d["classes"]) / d["classes"]["wmma"]
    for row in by_kernel.values():
        row["share"] = row["seconds"] / total.mid
    out = {"case": case, "dispatches": sum(n for _, n, _ in rows),
           "tokens_per_second": {k: tokens / getattr(total, k) for k in ("low", "mid", "high")}, "kernels": by_kernel}
    if case in PUBLISHED:
        least, most, source = PUBLISHED[case]
        out["published"] = {"least": least, "most": most, "source": source}
    return out


def show(out):
    speed = out["tokens_per_second"]
    print(f"{out['case']}: {speed['mid']:.1f} tokens/s predicted ({speed['low']:.1f} to {speed['high']:.1f}),"
          f" {out['dispatches']} dispatches")
    if "published" in out:
        p = out["published"]
        print(f"  published {p['least']} to {p['most']}: the prediction is {speed['mid'] / p['most'] - 1:+.0%} to"
              f" {speed['mid'] / p['least'] - 1:+.0%} off ({p['source']})")
    for name, row in sorted(out["kernels"].items(), key=lambda item: -item[1]["seconds"]):
        more = "".join(f", {row[k]:.3f} {words}" for k, words in
                       (("valu_a_weight", "VALU a weight"), ("other_valu_a_wmma", "VALU a WMMA")) if k in row)
        print(f"  {name[:60]:60} x{row['times']:<4} {row['share']:6.1%} {row['bound']} (bytes"
              f" {row['bytes'] / row['seconds']:.0%}, issue {row['issue'] / row['seconds']:.0%},"
              f" LDS {row['lds'] / row['seconds']:.0%}, L0 {row['l0'] / row['seconds']:.0%}){more}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama", required=True)
    parser.add_argument("--built", required=True)
    parser.add_argument("--card", choices=CARDS, default="7900xtx")
    parser.add_argument("--models", help="a folder to keep the made-up models in")
    parser.add_argument("--counts", help="a folder to keep the counts in; those in it are not run again")
    parser.add_argument("--out")
    parser.add_argument("case", nargs="*", default=DEFAULT)
    args = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(args.models or temporary)
        for case in args.case:
            shape, kind, test = case.split(":")
            runs = []
            for layers in (1, 3):
                kept = args.counts and pathlib.Path(args.counts) / f"{case.replace(':', '-')}-{layers}.json"
                if kept and kept.exists():
                    runs.append(json.loads(kept.read_text(encoding="utf-8")))
                else:
                    runs.append(steps(args, shape, kind, layers, test, folder))
                    if kept:
                        kept.write_text(json.dumps(runs[-1]), encoding="utf-8")
            first, second, rest = parts(*runs)
            between = N_LAYERS[shape] - 1
            counted = ([(d, between // 2) for d in first] + [(d, between - between // 2) for d in second]
                       + [(d, 1) for d in rest])
            card = CARDS[args.card]
            rows = [(d, n, model.time_of(d, card).times(n)) for d, n in counted]
            total = rows[0][2]
            for _, _, t in rows[1:]:
                total = total + t
            results.append(summary(case, rows, total, int(test[2:]) if test.startswith("pp") else 1))
            show(results[-1])
    if args.out:
        pathlib.Path(args.out).write_text(json.dumps(
            {"what": "llama.cpp's kernels, predicted from counts of an emulator; not a measurement",
             "card": CARDS[args.card].name, "results": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
