#!/usr/bin/env python3
"""Collects what bench/compare-gpu.sh measured, and renders results as the tables of documents.

    tools/bench_table.py collect RAW --results FOLDER   RAW -> FOLDER/<device>/speed.json, and its table
    tools/bench_table.py table FILE.json                the table of a result
    tools/bench_table.py documents [--write] FILE.md... compares each table in a document, or renews it

A document's table stands between <!-- table: bench/results/cpu/x.json --> and <!-- end of table -->;
the path is from the root of the repository. Exit code 1 when one differs from its file.
"""
import argparse
import json
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = re.compile(r"(<!-- table: (\S+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)


# ---- collect

def text(path):
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def name_of(row):
    """A row of llama-bench's JSON, or of ours -> "tg128 x8 @ d128"."""
    name = f"pp{row['n_prompt']}" if row["n_gen"] == 0 else f"tg{row['n_gen']}"
    if row.get("n_sequences", 1) > 1:
        name += f" x{row['n_sequences']}"
    if row.get("n_depth", 0) > 0:
        name += f" @ d{row['n_depth']}"
    return name


def bench_rows(out):
    """The output of either program -> {test: (tokens a second, row)}."""
    if out.startswith("["):
        return {name_of(r): (r["avg_ts"], r) for r in json.loads(out)}
    rows = {}  # llama-batched-bench: an object a line, among other lines
    for line in out.splitlines():
        if not line.startswith("{"):
            continue
        r = json.loads(line)
        as_ours = {"n_prompt": 0, "n_gen": r["tg"], "n_sequences": r["pl"], "n_depth": r["pp"]}
        rows[name_of(as_ours)] = (r["speed_tg"], r)
    return rows


class Runs:
    """What lies in RAW/<model>: <step>.<side>.<round>.{out,err,microseconds,failed}."""

    def __init__(self, folder):
        self.folder = folder
        self.model = text(folder / "model")
        self.failed = []
        self.rounds = {}   # test -> side -> [tokens a second]
        self.facts = {}    # test -> our row
        self.load = {}     # side -> facts
        self.their_row = None
        for path in sorted(folder.glob("*.failed")):
            step, side, number = path.name.split(".")[:3]
            self.failed.append({"step": step, "side": side, "round": int(number), "why": text(path)})
        for path in sorted(folder.glob("*.microseconds")):
            step, side, number = path.name.split(".")[:3]
            self.take(step, side, path.with_suffix(".out"), int(text(path)) / 1e6)

    def take(self, step, side, out, seconds):
        if step == "save":
            return
        rows = bench_rows(text(out))
        if side == "theirs" and text(out).startswith("["):
            self.their_row = next(iter(rows.values()))[1]
        if step == "load":
            self.load[side] = {"run_seconds": round(seconds, 3)}
            if side == "ours":
                self.load[side]["of_it_loading"] = round(next(iter(rows.values()))[1]["load_seconds"], 3)
            return
        for test, (speed, row) in rows.items():
            self.rounds.setdefault(test, {}).setdefault(side, []).append(round(speed, 2))
            if side == "ours":
                self.facts.setdefault(test, row)

    def result(self):
        tests = []
        for test, sides in self.rounds.items():
            out = {"test": test}
            for side, key in (("ours", "ours"), ("theirs", "llama_cpp")):
                if side in sides:
                    out[f"{key}_tokens_per_second"] = round(statistics.median(sides[side]), 2)
                    out[f"{key}_rounds"] = sides[side]
            if {"ours", "theirs"} <= sides.keys():
                ratios = [a / b for a, b in zip(sides["ours"], sides["theirs"])]
                out["ratio"] = round(statistics.median(ratios), 3)
                out["ratio_least"], out["ratio_most"] = round(min(ratios), 3), round(max(ratios), 3)
            row = self.facts.get(test)
            if row and row["n_gen"]:
                # A step gives a token to each sequence and reads each weight once.
                bytes_a_step = row["step_weight_bytes"] + row["step_kv_bytes"]
                steps = out["ours_tokens_per_second"] / row["n_sequences"]
                out["step_bytes"] = bytes_a_step
                out["ours_gb_per_second"] = round(bytes_a_step * steps / 1e9, 1)
            tests.append(out)
        row = next(iter(self.facts.values()), {})
        return {"model": self.model, "type": row.get("model_type", ""), "bytes": row.get("model_size", 0),
                "tests": tests, "load": self.load, "failed": self.failed}


def gpu_of(raw):
    """What nvidia-smi told; {} without one."""
    if not text(raw / "gpu_name"):
        return {}
    out = {"name": text(raw / "gpu_name").splitlines()[0]}
    facts = [f.strip() for f in text(raw / "gpu_facts").splitlines()[:1] for f in f.split(",")]
    keys = ("driver", "memory_mib", "max_sm_clock_mhz", "max_memory_clock_mhz", "power_limit_w")
    out.update(zip(keys, facts))
    samples = {"sm_clock_mhz": [], "memory_clock_mhz": [], "power_w": [], "temperature_c": []}
    for line in text(raw / "gpu_samples").splitlines():
        try:
            numbers = [float(field) for field in line.split(",")]
        except ValueError:  # "[N/A]"
            continue
        if len(numbers) == len(samples):  # else a line cut at the end
            for values, value in zip(samples.values(), numbers):
                values.append(value)
    for key, values in samples.items():
        if values:
            out[key] = {"least": min(values), "median": statistics.median(values), "most": max(values)}
    return out


def folder_name(device):
    """"NVIDIA H200 (sm_90)" -> "nvidia-h200"."""
    plain = re.sub(r"\(.*?\)|,.*", "", device).strip().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "unknown"


def collect(args):
    raw = pathlib.Path(args.raw)
    runs = [Runs(path.parent) for path in sorted(raw.glob("*/model"))]
    row = next((r for run in runs for r in run.facts.values()), None)
    if row is None:
        for run in runs:
            for f in run.failed:
                print(f"{run.model}: {f['step']} {f['side']}: {f['why']}", file=sys.stderr)
        sys.exit("bench_table: nothing of ours was measured")
    theirs = next((run.their_row for run in runs if run.their_row), None)
    result = {
        "command": "bench/compare-gpu.sh",
        "quick": bool(args.quick),
        "date": row["test_time"],
        "device": row["gpu_info"] or row["cpu_info"],
        "backend": row["backends"],
        "gpu": gpu_of(raw),
        "cpu": row["cpu_info"],
        "n_cpus": int(text(raw / "n_cpus") or 0),
        "rocmforge": text(raw / "our_version"),
        "llama_cpp": None if theirs is None else {
            "build": theirs.get("build_commit", ""), "commit": text(raw / "llama_commit"),
            "backends": theirs.get("backends", ""), "flash_attn": theirs.get("flash_attn")},
        "models": [run.result() for run in runs],
    }
    path = pathlib.Path(args.results) / folder_name(result["device"]) / "speed.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(table(result))
    if theirs is None:
        print("llama.cpp was not measured: LLAMA_BENCH was not given, or failed.")
    failed = [(m["model"], f) for m in result["models"] for f in m["failed"]]
    for model, f in failed:
        print(f"{model}: {f['step']} {f['side']} {f['round']}: {f['why']}", file=sys.stderr)
    print(f"\n{path}")
    return 1 if failed else 0


# ---- table

def number(value):
    return "-" if value is None else f"{value:.1f}" if value < 10000 else f"{value:.0f}"


def ratio(test):
    if "ratio" not in test:
        return "-"
    out = f"{test['ratio']:.2f}"
    # Only where there were rounds to differ.
    if test["ratio_least"] != test["ratio_most"]:
        out += f" ({test['ratio_least']:.2f} to {test['ratio_most']:.2f})"
    return out


def lines_of(test):
    return [number(test.get("ours_tokens_per_second")), number(test.get("llama_cpp_tokens_per_second")),
            ratio(test)]


def row(cells):
    return "| " + " | ".join(cells) + " |"


def load_table(result):
    """Of bench/load-gpu.sh: seconds, and what of the machine's rates they use."""
    def cell(facts, key, form):
        return form.format(facts[key]) if facts.get(key) is not None else "-"

    rows = [["file", "rocmforge loads, s", "GB/s", "of disk", "of bus", "whole run, s", "llama.cpp, s", "without mmap, s"],
            ["---"] + ["---:"] * 7]
    for state, name in (("cold", "on the disk"), ("warm", "in the page cache")):
        sides = result["load"].get(state, {})
        ours = sides.get("ours", {})
        rows.append([name, cell(ours, "load_seconds", "{:.2f}"), cell(ours, "gb_per_second", "{:.2f}"),
                     cell(ours, "share_of_disk", "{:.0%}"), cell(ours, "share_of_bus", "{:.0%}"),
                     *(cell(sides.get(side, {}), "run_seconds", "{:.2f}")
                       for side in ("ours", "llama_cpp", "llama_cpp_without_mmap"))])
    return "\n".join(row(r) for r in rows)


def predicted_table(results):
    """What tools/predict says: tokens a second, then the kernels that take a hundredth or more."""
    def speeds(r):
        speed = r["tokens_per_second"]
        return [f"{speed['mid']:.1f}", f"{speed['low']:.1f} to {speed['high']:.1f}"]

    if "published" in results[0]:
        rows = [["case", "predicted t/s", "band", "published t/s", "predicted / published"],
                ["---", "---:", "---:", "---:", "---:"]]
        for r in results:
            least, most = r["published"]["least"], r["published"]["most"]
            mid = r["tokens_per_second"]["mid"]
            one = least == most
            rows.append([r["case"], *speeds(r), f"{least}" if one else f"{least} to {most}",
                         f"{mid / most:.2f}" if one else f"{mid / most:.2f} to {mid / least:.2f}"])
        return "\n".join(row(r) for r in rows)
    rows = [["model", "test", "predicted t/s", "band", "dispatches"], ["---", "---", "---:", "---:", "---:"]]
    kernels = [["model", "test", "kernel", "times", "share", "bound by", "DRAM", "issue", "LDS", "L0", "balance of WGPs",
                "VALU a weight, or a WMMA"], ["---"] * 3 + ["---:"] * 2 + ["---"] + ["---:"] * 6]
    for r in results:
        rows.append([r["model"], r["test"], *speeds(r), str(r["dispatches"])])
        for k in r["kernels"]:
            if k["share"] < 0.01:
                continue
            valu = k.get("valu_a_weight") if r["test"].startswith("tg") else k.get("other_valu_a_wmma")
            kernels.append([r["model"], r["test"], f"`{k['kernel']}`", str(k["times"]), f"{k['share']:.1%}", k["bound"],
                            *(f"{k[name + '_share']:.0%}" for name in ("bytes", "issue", "lds", "l0")),
                            f"{k['balance']:.0%}", "" if valu is None else f"{valu:.3f}"])
    return "\n".join(row(r) for r in rows) + "\n\n" + "\n".join(row(r) for r in kernels)


def quantize_table(result):
    """Of bench/compare_quantize.py: errors, speed or perplexity."""
    if "errors" in result:
        head = ["type", "rocmforge, RMS error", "llama.cpp", "ratio"]
        rows = [[r["type"], f"{r['ours_rms']:.3e}", f"{r['llama_cpp_rms']:.3e}", f"{r['ratio']:.4f}"]
                for r in result["errors"]]
    elif "speed" in result:
        head = ["type", "MB/s a thread"]
        rows = [[r["type"], f"{r['mb_per_second']:.0f}"] for r in result["speed"]]
    else:
        head = ["type", "rocmforge's file", "llama.cpp's file", "ratio"]
        rows = [[f"`{r['type']}`", f"{r['ours']:.4f}", f"{r['llama_cpp']:.4f}", f"{r['ratio']:.4f}"]
                for r in result["perplexity"]]
    return "\n".join(row(r) for r in [head, ["---"] + ["---:"] * (len(head) - 1), *rows])


SERVER_ROWS = {"tokens_per_second": "tokens/s", "first_ms": "ms to the first token", "next_ms": "ms to the next token"}


def server_table(result):
    rows = [["load", "what", "rocmforge", "llama-server", "ahead by (least to most)"],
            ["---", "---", "---:", "---:", "---:"]]
    for r in result["results"]:
        what, _, percentile = r["what"].partition("_p")
        # "tokens_per_second" has no percentile.
        what = SERVER_ROWS.get(r["what"]) or f"{SERVER_ROWS[what]}, p{percentile}"
        rows.append([r["row"].replace("1 clients", "1 client", 1) if r["row"].startswith("1 ") else r["row"], what, f"{r['ours']:.5g}", f"{r['theirs']:.5g}",
                     f"{r['ratio']:.2f} ({r['ratio_least']:.2f} to {r['ratio_most']:.2f})"])
    return "\n".join(row(r) for r in rows)


def table(result):
    """Markdown, of a comparison on a GPU (models) or on the CPU (tests), of servers (tokens_of_an_answer), of
    loading (load), of quantizing (errors, speed, perplexity), or of a prediction (results)."""
    if "tokens_of_an_answer" in result:
        return server_table(result)
    if any(key in result for key in ("errors", "speed", "perplexity")):
        return quantize_table(result)
    if "results" in result:
        return predicted_table(result["results"])
    if "load" in result:
        return load_table(result)
    head = ["test", "rocmforge t/s", "llama.cpp t/s", "ratio (least to most)"]
    align = ["---", "---:", "---:", "---:"]
    if "models" not in result:
        rows = [[t["test"], *lines_of(t)] for t in result["tests"]]
        return "\n".join(row(r) for r in [head, align, *rows])
    rows = []
    for model in result["models"]:
        for t in model["tests"]:
            rows.append([model["model"], t["test"], *lines_of(t)])
        ours, theirs = (model["load"].get(side, {}).get("run_seconds") for side in ("ours", "theirs"))
        if ours is not None:
            of = f"{theirs / ours:.2f}" if theirs else "-"
            rows.append([model["model"], "load and 1 token, s", f"{ours:.2f}",
                         f"{theirs:.2f}" if theirs else "-", of])
    return "\n".join(row(r) for r in [["model", *head], ["---", *align], *rows])


# ---- documents

def documents(args):
    differing = []
    for name in args.files:
        path = pathlib.Path(name)
        before = path.read_text(encoding="utf-8")

        def renew(match):
            result = json.loads((pathlib.Path(args.root) / match[2]).read_text(encoding="utf-8"))
            return f"{match[1]}{table(result)}\n{match[4]}"

        after = TABLE.sub(renew, before)
        if after == before:
            continue
        if args.write:
            path.write_text(after, encoding="utf-8")
        else:
            differing.append(name)
    for name in differing:
        print(f"{name}: a table is not what its file gives; run tools/bench_table.py documents --write {name}",
              file=sys.stderr)
    return 1 if differing else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("collect")
    command.add_argument("raw")
    command.add_argument("--results", required=True)
    command.add_argument("--quick", default="")
    command.set_defaults(action=collect)
    command = commands.add_parser("table")
    command.add_argument("file")
    command.set_defaults(action=lambda a: print(table(json.loads(pathlib.Path(a.file).read_text(encoding="utf-8")))))
    command = commands.add_parser("documents")
    command.add_argument("files", nargs="+")
    command.add_argument("--root", default=ROOT)
    command.add_argument("--write", action="store_true")
    command.set_defaults(action=documents)
    args = parser.parse_args()
    return args.action(args) or 0


if __name__ == "__main__":
    sys.exit(main())
