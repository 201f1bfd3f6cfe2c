#!/usr/bin/env bash
# Runs every fuzz target of a build folder, as many at once as there are processors.
#   tools/fuzz.sh BUILD_FOLDER SECONDS [TARGET...]
# What they find new stays in BUILD_FOLDER/corpus/TARGET for the next time; an input that one fails
# on is left in BUILD_FOLDER/failures, and the script fails.
set -uo pipefail

[ $# -ge 2 ] || {
  echo 'usage: tools/fuzz.sh BUILD_FOLDER SECONDS [TARGET...]' >&2
  exit 2
}
build=$(realpath "$1")
seconds=$2
shift 2
sources=$(realpath "$(dirname "$0")/../tests/fuzz")
mkdir -p "$build/failures"
"$build/tests/fuzz/make_seeds" "$build/seeds" || exit 1

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for program in "$build"/tests/fuzz/*_fuzz; do
    name=$(basename "$program")
    targets+=("${name%_fuzz}")
  done
fi

# fuzz TARGET: the last lines of its log where it fails.
fuzz() {
  local name=$1 corpus=$build/corpus/$1 log=$build/failures/$1.log
  local options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=65536
    -artifact_prefix="$build/failures/$name-")
  [ ! -f "$sources/$name.dict" ] || options+=(-dict="$sources/$name.dict")
  mkdir -p "$corpus"
  local folders=("$corpus")
  for seeds in "$sources/seeds/$name" "$build/seeds/$name"; do
    [ ! -d "$seeds" ] || folders+=("$seeds")
  done
  if ! "$build/tests/fuzz/${name}_fuzz" "${options[@]}" "${folders[@]}" > "$log" 2>&1; then
    printf 'fuzz: %s FAILED\n' "$name"
    tail -n 40 "$log"
    return 1
  fi
  printf 'fuzz: %s: %s runs, no failure\n' "$name" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")"
}
export -f fuzz
export build sources seconds
# shellcheck disable=SC2016  # the inner shell expands it
printf '%s\0' "${targets[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'fuzz "$0"'
