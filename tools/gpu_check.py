#!/usr/bin/env python3
"""Everything that a card must show, on the card: op cases, goldens, memory and race checks.

  tools/gpu_check.py --device cuda --name nvidia-h200 [--build build-portable] [--data ../shared]

Wants a build's folder and a folder of models and goldens, and neither a compiler nor CMake. The op
cases are there when the build had -DROCMFORGE_TESTS=ON (target op_gpu_test). compute-sanitizer, of
CUDA's toolkit, is looked for in PATH and /usr/local/cuda/bin; a case counts as clean only when the
sanitizer's own summary says so and the program under it did its work: memcheck runs whole goldens,
racecheck, under which those take minutes, a prompt long enough for the kernels of many rows and a
few tokens more.

Writes ops.json, goldens.json and sanitizer.json to --out (bench/results/NAME) and prints a row a
case. Exit code 1 when anything failed, or when a part that was asked for could not run. A sanitized
case that takes longer than --limit is listed as unfinished; one of each tool must finish.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import verify_goldens

PARTS = ("ops", "goldens", "memcheck", "racecheck")
OPS = ("*sample*_11x5000_fused:*sample_10x300_fused:*attention_f16_groups_of_4_128:"
       "*attention_f16_groups_of_4_decode:*attention_f16_rows_3_splits:*attention_f16_rows_33*:"
       "*matmul_Q4_0_19x70_long*")
RACE_PROMPT = "One two three four five six seven eight nine ten. " * 4
# What each tool closes with; the numbers must all be 0.
SUMMARY = {"memcheck": re.compile(r"ERROR SUMMARY: (\d+) errors?"),
           "racecheck": re.compile(r"RACECHECK SUMMARY: (\d+) hazards? displayed \((\d+) errors?, "
                                   r"(\d+) warnings?\)")}


def run(command, limit_s, **env):
    """(exit code or None when it ran out of time, stdout, stderr)."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False,
                              env={**os.environ, **env})
    except subprocess.TimeoutExpired:
        return None, "", ""
    return done.returncode, done.stdout, done.stderr


def check_ops(program, limit_s):
    """{"cases": n, "failed": [...], "skipped": n} or {"trouble": why}."""
    if not program.exists():
        return {"trouble": f"{program} is not built (-DROCMFORGE_TESTS=ON, target op_gpu_test)"}
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "ops.json"
        code, out, err = run([str(program), f"--gtest_output=json:{report}"], limit_s)
        if code is None or not report.exists():
            why = f"more than {limit_s} s" if code is None else (out + err)[-400:]
            return {"trouble": f"{program.name} gave no report: {why}"}
        suites = json.loads(report.read_text(encoding="utf-8"))["testsuites"]
    cases = [(suite["name"] + "." + case["name"], case)
             for suite in suites for case in suite["testsuite"]]
    failed = [name for name, case in cases if case.get("failures")]
    skipped = [name for name, case in cases if case.get("result") == "SKIPPED"]
    result = {"cases": len(cases), "failed": failed, "skipped": len(skipped)}
    if len(skipped) == len(cases):
        result["trouble"] = "every case was skipped: no GPU that the program has kernels for"
    elif code != 0 and not failed:
        result["trouble"] = f"exit code {code}"
    return result


def sanitize(sanitizer, tool, command, limit_s):
    """"clean", or what is wrong."""
    log = tempfile.NamedTemporaryFile("r", suffix=".log")
    with log:
        # Kernels one by one: a recorded graph hides which of them it was. A kernel under the
        # sanitizer is slow, not hung.
        code, out, err = run([sanitizer, "--tool", tool, "--log-file", log.name, "--error-exitcode",
                              "99", *command], limit_s, ROCMFORGE_GPU_GRAPH="0",
                             ROCMFORGE_GPU_TIMEOUT="0")
        words = log.read()
    if code is None:
        return f"unfinished after {limit_s} s"
    found = SUMMARY[tool].search(words)
    if found is None:
        return "no summary: " + (words + err).strip()[-300:]
    if any(int(n) for n in found.groups()):
        return found.group(0) + "\n" + words[:2000]
    if code != 0 or not out.strip() or ("verify" in command and json.loads(out)["verdict"] != "pass"):
        return f"the program failed under it (exit code {code}): " + (out + err).strip()[-300:]
    return "clean"


def check_goldens(args):
    """Rows as verify_goldens writes them, and the models that were not refused."""
    rows, models = [], []
    for name, model, golden, reference in verify_goldens.find_models(args.data):
        for kv_type in ("f32", "f16"):
            try:
                result = verify_goldens.verify(str(args.program), args.device, kv_type, model,
                                               golden, reference)
            except subprocess.TimeoutExpired:
                result = {"verdict": "unfinished"}
            if "refused" in result:
                rows.append({"model": name, "kv_type": None, **result})
                print(f"golden {name:28} refused: {result['refused']}", flush=True)
                break
            rows.append({"model": name, "kv_type": kv_type, **result})
            models.append((name, kv_type, model, golden, reference))
            print(f"golden {name:28} {kv_type} {result['verdict']} {result.get('error', '')}",
                  flush=True)
    return rows, models


def check_memory(args, tool, sanitizer, models):
    """A row a model and KV type."""
    rows = []
    for name, kv_type, model, golden, reference in models:
        common = ["--device", args.device, "--kv-type", kv_type, "--gguf", str(model)]
        if tool == "memcheck":
            command = [str(args.program), "verify", "--json", *common, "--golden", str(golden)]
            if reference:
                command += ["--reference", str(reference)]
        else:
            command = [str(args.program), "generate", *common, "--prompt", RACE_PROMPT, "--n-predict",
                       "4", "--temp", "0", "--ctx", "512"]
        result = sanitize(sanitizer, tool, command, args.limit)
        rows.append({"tool": tool, "model": name, "kv_type": kv_type, "result": result})
        print(f"{tool:9} {name:28} {kv_type} {result.splitlines()[0]}", flush=True)
        if result.startswith("no summary"):  # it does not work here at all
            break
    # What small models do not reach: sampling from candidates, and attention by matrix units.
    program = args.build / "tests/gpu/op_gpu_test"
    if program.exists():
        result = sanitize(sanitizer, tool, [str(program), "--gtest_brief=1", "--gtest_filter=" + OPS],
                          args.limit)
        rows.append({"tool": tool, "model": "op cases " + OPS, "kv_type": None, "result": result})
        print(f"{tool:9} {'op cases':32} {result.splitlines()[0]}", flush=True)
    return rows


def provenance(args):
    """What the results were made by, and on."""
    version = run([str(args.program), "--version"], 60)[1].strip()
    code, out, err = run([str(args.program), "devices", "--json"], 60)
    if code != 0:
        sys.exit(f"gpu_check: {args.program} devices: {err.strip()}")
    found = json.loads(out)
    wanted = [d for d in found["devices"] if d["device"].split(":")[0] == args.device.split(":")[0]]
    if not wanted:
        sys.exit(f"gpu_check: there is no {args.device} here: {found['passed_over']}")
    return {"program": version, "device": args.device, "name": wanted[0]["name"],
            "kernels": wanted[0].get("kernels", ""), "driver": wanted[0].get("version", "")}


def write(path, made_by, results):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**made_by, "results": results}, indent=1) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--name", required=True, help="of the card, in bench/results")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build-portable"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared"))
    parser.add_argument("--out", type=pathlib.Path, help="instead of bench/results/NAME")
    parser.add_argument("--sanitizer", help="compute-sanitizer's path")
    parser.add_argument("--only", default=",".join(PARTS), help="parts: " + ",".join(PARTS))
    parser.add_argument("--limit", type=int, default=120, help="seconds for a sanitized case")
    args = parser.parse_args()
    args.build = args.build.resolve()  # a bare name would be looked for in PATH
    args.program = args.build / "rocmforge"
    if not os.access(args.program, os.X_OK) or args.program.is_dir():
        sys.exit(f"gpu_check: {args.program} is not there: --build wants a build's folder")
    out = args.out or pathlib.Path("bench/results") / args.name
    parts = args.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--only: no such part: {', '.join(sorted(unknown))}")
    sanitizer = (shutil.which(args.sanitizer or "compute-sanitizer")
                 or shutil.which(args.sanitizer or "compute-sanitizer", path="/usr/local/cuda/bin"))

    made_by, bad = provenance(args), []
    if "ops" in parts:
        ops = check_ops(args.build / "tests/gpu/op_gpu_test", 1200)
        write(out / "ops.json", made_by, ops)
        print("ops", {k: v for k, v in ops.items() if k != "failed"}, *ops.get("failed", []),
              flush=True)
        if ops.get("trouble") or ops.get("failed"):
            bad.append("ops")
    # Which models this version takes is what the goldens tell.
    rows, models = check_goldens(args)
    if not models:
        bad.append("goldens: no model with a golden was accepted")
    if "goldens" in parts:
        write(out / "goldens.json", made_by, rows)
        bad += [f"golden {r['model']} {r['kv_type']}" for r in rows
                if "refused" not in r and r["verdict"] != "pass"]
    tools = [p for p in ("memcheck", "racecheck") if p in parts]
    if tools and sanitizer is None:
        bad.append("compute-sanitizer was not found: no memcheck, no racecheck")
    elif tools:
        checked = [row for tool in tools for row in check_memory(args, tool, sanitizer, models)]
        write(out / "sanitizer.json", {**made_by, "limit_s": args.limit}, checked)
        for tool in tools:
            results = [r for r in checked if r["tool"] == tool]
            late = [r for r in results if r["result"].startswith("unfinished")]
            if len(late) == len(results):
                bad.append(f"{tool}: no case finished within {args.limit} s")
            bad += [f"{tool} {r['model']} {r['kv_type']}: {r['result'].splitlines()[0]}"
                    for r in results if r["result"] != "clean" and r not in late]
    print("\n".join(["", "all right" if not bad else "not right:", *bad]))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
