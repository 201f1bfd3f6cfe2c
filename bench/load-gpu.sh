#!/usr/bin/env bash
# Seconds to load a model onto one device, from the disk and from the page cache, beside what disk
# and bus give on the same machine in the same call, and beside llama.cpp.
#
#   LLAMA_BENCH=.../llama-bench bench/load-gpu.sh
#
# Needs bash, python3 and dd, no network and no model. It writes a file of made-up weights, then
# measures, medians over the rounds:
#   disk   dd of the file: through the page cache, with iflag=direct, and four of these at once, each
#          a quarter; before each the file is dropped from the page cache (posix_fadvise)
#   bus    copies from pinned memory to the device, through the driver's own library
#   cold   our `bench -p 0 -n 1 -r 1` of the file, not in the page cache: what loading took of it
#          (load_seconds: from the program's start to a model that is ready, the driver's start in
#          it), and the whole run; and llama-bench's whole run with the same tests, with mmap and
#          without
#   warm   the same with the file in the page cache
# and writes RESULTS/<device>/load.json. Shares are file bytes over load_seconds, of the best rate of
# the disk, of the bus, and of the slower of both; none on the CPU, which uses the file where it is
# mapped. The page cache is this machine's: where the disk is virtual, its host may have a cache of
# its own, for dd and for the programs alike.
# `tools/bench_table.py table FILE` prints the table of a result.
#
# Environment [default]:
#   ROCMFORGE    our program [build/rocmforge]
#   LLAMA_BENCH  llama.cpp's [none: that side is missing, and the result says so]
#   LLAMA_COMMIT what was built, where the program does not know it []
#   DEVICE       of ours: cuda, hip, cpu, or one of several: hip:1 [cuda]
#   MODEL        [llama-8b:Q8_0]
#   ROUNDS       [2]
#   BUDGET       seconds after which nothing new is begun [110]
#   LIMIT        seconds for one run of a program [60]
#   FILES        folder for the model, 8.6 GB, on the disk in question [a new one under TMPDIR]; the
#                model is removed at the end
#   RESULTS      [bench/results]
set -euo pipefail
if [ $# -gt 0 ]; then
  sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
cd "$(dirname "$0")/.."
exec python3 -B tools/load_bench.py
