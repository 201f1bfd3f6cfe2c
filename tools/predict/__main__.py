"""Predicts tokens a second on a card from what the emulator counted. Not a measurement.

    tools/predict run --rocmforge PROGRAM --emulator LIBRARY [--card 7900xt] [--types Q4_0,Q8_0,MXFP4]
        runs two layers and the head of an 8B llama on the emulator, decode and prefill, checks that
        the layers count alike, multiplies them, and writes RESULTS/<target>/predicted.json
    tools/predict show RESULTS/<target>/predicted.json [--kernels]
        its table
    tools/predict counters FILE.json [--card 7900xt]
        each dispatch of a file of counters (ROCMFORGE_EMU_COUNTERS)
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import model  # noqa: E402
from cards import CARDS, DRAM_SHARE  # noqa: E402

N_LAYERS = 32      # of llama-8b
PROMPT = 512       # one step of prefill
# Bits of a weight in memory, scales among them (src/tensor/quant).
BITS = {"q4_0": 4.5, "q4_1": 5, "q8_0": 8.5, "q6_k": 6.5625, "mxfp4": 4.25, "f16": 16, "bf16": 16}


def counted(program, library, spec, layers, tokens):
    """Counts one step of a token and, behind each other in one run, one of `tokens` -> their dispatches."""
    with tempfile.TemporaryDirectory() as folder:
        counters = pathlib.Path(folder) / "counters.json"
        # No limit of time, and none of the runs that measure whether graphs pay: time is not emulated.
        environment = dict(os.environ, ROCMFORGE_HIP_LIBRARY=str(library), ROCMFORGE_GPU_TIMEOUT="0",
                           ROCMFORGE_GPU_GRAPH="0", ROCMFORGE_EMU_CHECK="fast",
                           ROCMFORGE_EMU_COUNTERS=str(counters))
        command = [str(program), "bench", "--device", "hip", "--random", f"{spec},layers={layers}",
                   "--ctx", str(max(64, tokens)), "-r", "1", "-o", "json", "-p", str(tokens), "-n", "1"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"predict: {' '.join(command)}: exit code {done.returncode}\n{done.stderr.strip()}")
        steps = model.steps_of(json.loads(counters.read_text(encoding="utf-8"))["dispatches"])
    return {1: steps[-1], tokens: max(steps, key=lambda step: sum(d["instructions"] for d in step))}


def counted_once(args, kind, layers):
    """The same, kept in the folder --counts, if there is one, and read from there."""
    kept = args.counts and pathlib.Path(args.counts) / f"{kind}-{layers}.json"
    if kept and kept.exists():
        return {int(k): v for k, v in json.loads(kept.read_text(encoding="utf-8")).items()}
    steps = counted(args.rocmforge, args.emulator, f"llama-8b:{kind}", layers, PROMPT)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(steps), encoding="utf-8")
    return steps


def kernel_row(work, n, t, total, card):
    classes = work["classes"]
    valu = model.valu_of(classes)
    row = {"kernel": work["kernel"], "times": n, "grid": work["grid"], "seconds": t.mid,
           "share": t.mid / total.mid, "bound": t.bound, "bytes_share": t.bytes_s / t.mid,
           "issue_share": t.issue_s / t.mid, "lds_share": t.lds_s / t.mid, "l0_share": t.l0_s / t.mid,
           "occupancy": work["occupancy"],
           # Work groups over WGPs: 1 where all WGPs have as many.
           "balance": 1 / (card.wgps * model.busiest_share(work, card))}
    kind = work["kernel"].removeprefix("matmul_").rsplit("_", 1)[0].removesuffix("_pair")
    if work["kernel"].startswith("matmul_") and kind in BITS and not classes.get("wmma"):
        weights = work["lines_read"] * model.LINE * 8 / BITS[kind]
        row["valu_a_weight"] = valu / weights
    loop = work["loop"]
    if loop and loop["classes"].get("wmma"):
        inner = loop["classes"]
        row["other_valu_a_wmma"] = model.valu_of(inner) / inner["wmma"]
    return row


def predict(kind, steps, card, tokens):
    """`steps`: with one layer, and with two."""
    parts, worst = model.check_layers(*steps)
    total, rows = model.whole(parts, N_LAYERS, card)
    return {"test": "tg1" if tokens == 1 else f"pp{tokens}", "model": f"llama-8b:{kind}",
            "tokens_per_second": {"low": tokens / total.low, "mid": tokens / total.mid,
                                  "high": tokens / total.high},
            "dispatches": sum(n for _, n, _ in rows), "linear_within": worst,
            "kernels": [kernel_row(work, n, t, total, card) for work, n, t in rows]}


def run(args):
    card = CARDS[args.card]
    out = {"what": "predicted from counts of an emulator; not a measurement", "card": card.name,
           "clock_ghz": card.clock_ghz, "dram_gbs": card.dram_gbs, "dispatch_us": card.dispatch_us,
           "dram_share": DRAM_SHARE, "results": []}
    for kind in args.types.split(","):
        one, two = (counted_once(args, kind, layers) for layers in (1, 2))
        for tokens in two:
            result = predict(kind, (one[tokens], two[tokens]), card, tokens)
            print(line(result), flush=True)
            out["results"].append(result)
    path = pathlib.Path(args.results) / "gfx1100" / "predicted.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def line(result):
    speed = result["tokens_per_second"]
    return (f"{result['model']:20} {result['test']:6} {speed['mid']:9.1f} tokens/s predicted "
            f"({speed['low']:.1f} to {speed['high']:.1f}), {result['dispatches']} dispatches")


def show(args):
    data = json.loads(pathlib.Path(args.file).read_text(encoding="utf-8"))
    print(f"{data['card']}: {data['what']}")
    for result in data["results"]:
        print(line(result))
        for row in result["kernels"] if args.kernels else ():
            more = "".join(f", {row[key]:.3f} {words}" for key, words in
                           (("valu_a_weight", "VALU a weight"), ("other_valu_a_wmma", "VALU a WMMA"))
                           if key in row)
            print(f"  {row['kernel']:32} x{row['times']:<3} {row['share']:6.1%} bound by {row['bound']}"
                  f" (bytes {row['bytes_share']:.0%}, issue {row['issue_share']:.0%},"
                  f" LDS {row['lds_share']:.0%}, L0 {row['l0_share']:.0%}), WGPs' balance"
                  f" {row['balance']:.0%}{more}")


def counters(args):
    card = CARDS[args.card]
    for work in json.loads(pathlib.Path(args.file).read_text(encoding="utf-8"))["dispatches"]:
        t = model.time_of(work, card)
        print(f"{work['kernel']:32} {t.mid * 1e6:9.1f} us predicted ({t.high * 1e6:.1f} to"
              f" {t.low * 1e6:.1f}), bound by {t.bound}")


def main():
    parser = argparse.ArgumentParser(prog="tools/predict", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("run")
    p.add_argument("--rocmforge", required=True)
    p.add_argument("--emulator", required=True)
    p.add_argument("--card", choices=CARDS, default="7900xt")
    p.add_argument("--types", default="Q4_0,Q8_0,MXFP4")
    p.add_argument("--results", default="bench/results")
    p.add_argument("--counts", help="a folder to keep the counts in, and to take them from")
    p.set_defaults(do=run)
    p = commands.add_parser("show")
    p.add_argument("file")
    p.add_argument("--kernels", action="store_true")
    p.set_defaults(do=show)
    p = commands.add_parser("counters")
    p.add_argument("file")
    p.add_argument("--card", choices=CARDS, default="7900xt")
    p.set_defaults(do=counters)
    args = parser.parse_args()
    try:
        args.do(args)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"predict: {error}")


if __name__ == "__main__":
    main()
