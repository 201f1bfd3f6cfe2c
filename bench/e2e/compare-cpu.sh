#!/usr/bin/env bash
# Prompt and generation speed beside llama.cpp's on this CPU: both programs in turn, several rounds,
# so that a machine whose speed drifts is as slow for one as for the other.
#
#   bench/e2e/compare-cpu.sh LLAMA_BENCH MODEL.gguf [ROUNDS [N_PROMPT [N_GEN]]]
#
# LLAMA_BENCH is llama.cpp's llama-bench, built apart with its native flags. Prints a table (medians
# and the median of the rounds' ratios), writes bench/results/cpu/<model>.json.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ $# -lt 2 ]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
llama_bench=$1 model=$2 rounds=${3:-5} n_prompt=${4:-512} n_gen=${5:-128}
ours=${ROCMFORGE:-build/rocmforge}
threads=${THREADS:-$(nproc)}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for round in $(seq "$rounds"); do
  echo "round $round of $rounds" >&2
  "$ours" bench --gguf "$model" -t "$threads" -p "$n_prompt" -n "$n_gen" -r 1 -o json >"$out/ours.$round"
  "$llama_bench" -m "$model" -t "$threads" -p "$n_prompt" -n "$n_gen" -r 1 -o json \
    >"$out/theirs.$round" 2>/dev/null
done
mkdir -p bench/results/cpu
python3 tools/compare_bench.py --ours "$out"/ours.* --theirs "$out"/theirs.* \
  --json "bench/results/cpu/$(basename "$model" .gguf).json"
