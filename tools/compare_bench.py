#!/usr/bin/env python3
"""Tables two programs' bench results (llama-bench's JSON fields) side by side.

Each file of --ours belongs to the file of --theirs in the same place: one round of both, run one
after the other. Speeds are medians over the rounds; the ratio is the median of the rounds' ratios.
"""
import argparse
import json
import statistics
import sys


def speeds(path):
    """{test name: tokens a second} of one result file."""
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    out = {}
    for row in rows:
        name = f"pp{row['n_prompt']}" if row["n_gen"] == 0 else f"tg{row['n_gen']}"
        out[name] = row["avg_ts"]
    return out, rows[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", nargs="+", required=True)
    parser.add_argument("--theirs", nargs="+", required=True)
    parser.add_argument("--json", help="write the result here too")
    args = parser.parse_args()
    if len(args.ours) != len(args.theirs):
        sys.exit("compare_bench: as many files of ours as of theirs, please")

    rounds = [(speeds(a), speeds(b)) for a, b in zip(args.ours, args.theirs)]
    facts, their_facts = rounds[0][0][1], rounds[0][1][1]
    tests = []
    for name in rounds[0][0][0]:
        ours = [r[0][0][name] for r in rounds]
        theirs = [r[1][0][name] for r in rounds]
        ratios = [a / b for a, b in zip(ours, theirs)]
        tests.append({
            "test": name,
            "ours_tokens_per_second": round(statistics.median(ours), 2),
            "llama_cpp_tokens_per_second": round(statistics.median(theirs), 2),
            "ratio": round(statistics.median(ratios), 3),
            "ratio_least": round(min(ratios), 3),
            "ratio_most": round(max(ratios), 3),
        })
    print("| test | rocmforge t/s | llama.cpp t/s | ratio (least to most) |")
    print("| --- | ---: | ---: | ---: |")
    for t in tests:
        print(f"| {t['test']} | {t['ours_tokens_per_second']:.1f} | "
              f"{t['llama_cpp_tokens_per_second']:.1f} | {t['ratio']:.2f} "
              f"({t['ratio_least']:.2f} to {t['ratio_most']:.2f}) |")
    if args.json:
        result = {
            "device": facts["cpu_info"],
            "threads": facts["n_threads"],
            "model": facts["model_filename"].rsplit("/", 1)[-1],
            "rounds": len(rounds),
            "rocmforge": f"{facts['build_number']} ({facts['build_commit']})",
            "llama_cpp_build": their_facts.get("build_commit", ""),
            "date": facts["test_time"],
            "tests": tests,
        }
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
