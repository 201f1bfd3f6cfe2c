#!/usr/bin/env bash
# Speed on one device beside llama.cpp's: the same files of made-up weights, both programs in turn.
#
#   LLAMA_BENCH=.../llama-bench LLAMA_BATCHED_BENCH=.../llama-batched-bench bench/compare-gpu.sh
#
# Needs bash, python3 and the programs, no network and no model. For each model it writes a file,
# then measures, medians over the rounds:
#   base       pp512, pp2048 and tg128 from an empty context, each thrice a round
#   sequences  tg128 of 1 to 32 sequences together behind 128 tokens (llama.cpp: llama-batched-bench)
#   depth      pp512, pp2048 and tg128 behind 16384 tokens
#   deep       tg128 of 8 sequences together, each behind 16384 tokens
#   load       seconds of a whole run that does one token of prompt, and no more: the program's
#              start, the driver's, the file (which is in memory by then: it was just written) and
#              the step. Measured the same way for both; ours also tells what loading took of it.
# and writes RESULTS/<device>/speed.json with both sides, every round, the device, its driver and its
# clocks while it worked. tools/bench_table.py makes the table.
#
# Environment [default]:
#   ROCMFORGE            our program [build/rocmforge]
#   LLAMA_BENCH, LLAMA_BATCHED_BENCH   llama.cpp's [none: that side is missing, and the result says so]
#   LLAMA_COMMIT         what was built, where the program does not know it []
#   DEVICE               of ours: cuda, hip, cpu, auto [auto]
#   MODELS               [llama-8b:Q4_0 llama-8b:Q8_0]
#   ROUNDS               of base; the others have one [3]
#   BUDGET               seconds after which nothing new is begun [380]
#   LIMIT                seconds for one run of a program [90]
#   FILES                folder for the models, 13 GB, made if need be; the models in it are removed
#                        at the end, those of these names that were there before as well [a new one
#                        under TMPDIR, removed at the end]
#   RESULTS              [bench/results]
#   QUICK=1              a small model and few tokens: whether all this works, no measurement
#
# llama.cpp built with CUDA needs libcublas at run time. Where ldconfig does not know it:
#   export LD_LIBRARY_PATH=$(dirname "$(find /usr/local/cuda* /usr/lib /usr/local/lib -name 'libcublas.so.1?' 2>/dev/null | head -1)")
set -euo pipefail
if [ $# -gt 0 ]; then
  sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
cd "$(dirname "$0")/.."

ours=${ROCMFORGE:-build/rocmforge}
llama=${LLAMA_BENCH:-} batched=${LLAMA_BATCHED_BENCH:-}
device=${DEVICE:-auto}
budget=${BUDGET:-380} limit=${LIMIT:-90}
results=${RESULTS:-bench/results}
models=${MODELS:-llama-8b:Q4_0 llama-8b:Q8_0}
rounds=${ROUNDS:-3}
prompts=512,2048 gen=128 sequences=1,2,4,8,16,32 before=128 depth=16384 deep=8
if [ -n "${QUICK:-}" ]; then
  models=${MODELS:-llama-1b:Q4_0} rounds=${ROUNDS:-1}
  prompts=8,16 gen=4 sequences=1,4 before=8 depth=32 deep=2
fi
for program in "$ours" $llama $batched; do
  [ -x "$program" ] || { echo "compare-gpu: $program: no such program" >&2; exit 2; }
done
# llama.cpp on what ours runs on: every layer on the GPU, or none.
layers=99
[ "$device" = cpu ] && layers=0

raw=$(mktemp -d)
files=${FILES:-$(mktemp -d)}
mkdir -p "$files"
clocks=
finish() {
  [ -z "$clocks" ] || kill "$clocks" 2>/dev/null || true
  for model in $models; do rm -f "$files/${model//[:,=]/_}.gguf"*; done
  [ -n "${FILES:-}" ] || rmdir "$files" 2>/dev/null || true
  rm -rf "$raw"
}
trap finish EXIT

# step NAME SIDE ROUND COMMAND...: its output and its seconds into $raw, or the reason why not.
step() {
  local at="$raw/$folder/$1.$2.$3"
  if [ "$SECONDS" -gt "$budget" ]; then
    echo "left out: the time budget of $budget s was spent" >"$at.failed"
    echo "compare-gpu: $folder $1 $2 $3: left out, over the budget" >&2
    return 0
  fi
  echo "[$SECONDS s] $folder $1 $2 $3" >&2
  local start=$EPOCHREALTIME code=0
  timeout "$limit" "${@:4}" >"$at.out" 2>"$at.err" || code=$?
  local end=$EPOCHREALTIME
  if [ "$code" -ne 0 ]; then
    { echo "exit code $code of: ${*:4}"; tail -3 "$at.err"; } >"$at.failed"
    cat "$at.failed" >&2
    return 0
  fi
  # EPOCHREALTIME is seconds with six digits, in the locale's spelling.
  echo "$(( ${end//[.,]/} - ${start//[.,]/} ))" >"$at.microseconds"
}

our_bench() { # STEP ROUND ARGS...
  step "$1" ours "$2" "$ours" bench --gguf "$file" --device "$device" -o json "${@:3}"
}
their_bench() {
  [ -z "$llama" ] || step "$1" theirs "$2" "$llama" -m "$file" -ngl "$layers" -fa 1 -o json "${@:3}"
}

smi=(nvidia-smi --format=csv,noheader,nounits)
if "${smi[@]}" --query-gpu=name >"$raw/gpu_name" 2>/dev/null; then
  "${smi[@]}" --query-gpu=driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit \
    >"$raw/gpu_facts" || true
  # A plain command, so that $! is it and no shell around it.
  "${smi[@]}" --query-gpu=clocks.sm,clocks.mem,power.draw,temperature.gpu -lms 250 \
    >"$raw/gpu_samples" 2>/dev/null &
  clocks=$!
fi
nproc >"$raw/n_cpus"
"$ours" --version >"$raw/our_version"
printf '%s\n' "${LLAMA_COMMIT:-}" >"$raw/llama_commit"

for model in $models; do
  folder=${model//[:,=]/_} file="$files/${model//[:,=]/_}.gguf"
  mkdir -p "$raw/$folder"
  echo "$model" >"$raw/$folder/model"
  step save ours 1 "$ours" bench --random "$model" --save "$file"
done
for round in $(seq "$rounds"); do
  for model in $models; do
    folder=${model//[:,=]/_} file="$files/${model//[:,=]/_}.gguf"
    [ -f "$file" ] || continue
    our_bench base "$round" -p "$prompts" -n "$gen" -r 3
    their_bench base "$round" -p "$prompts" -n "$gen" -r 3
    [ "$round" = 1 ] || continue
    our_bench sequences 1 -p 0 -n "$gen" -d "$before" --sequences "$sequences" -r 1
    if [ -n "$batched" ]; then
      step sequences theirs 1 "$batched" -m "$file" -ngl "$layers" -fa on -npp "$before" \
        -ntg "$gen" -npl "$sequences" -c $(( ${sequences##*,} * (before + gen) )) \
        --output-format jsonl
    fi
    our_bench depth 1 -p "$prompts" -n "$gen" -d "$depth" -r 1
    their_bench depth 1 -p "$prompts" -n "$gen" -d "$depth" -r 1
    our_bench load 1 -p 1 -n 0 -r 1
    their_bench load 1 -p 1 -n 0 -r 1
  done
done
# The longest step, mostly the prompts', which are not what is measured.
for model in $models; do
  folder=${model//[:,=]/_} file="$files/${model//[:,=]/_}.gguf"
  [ -f "$file" ] || continue
  our_bench deep 1 -p 0 -n "$gen" -d "$depth" --sequences "$deep" -r 1
  if [ -n "$batched" ]; then
    step deep theirs 1 "$batched" -m "$file" -ngl "$layers" -fa on -npp "$depth" -ntg "$gen" \
      -npl "$deep" -c $(( deep * (depth + gen) )) --output-format jsonl
  fi
done
[ -z "$clocks" ] || { kill "$clocks" 2>/dev/null || true; clocks=; }

python3 -B tools/bench_table.py collect "$raw" --results "$results" --quick "${QUICK:-}"
