#!/usr/bin/env bash
# The server beside llama.cpp's llama-server, both running, loaded in turn by the same clients.
#
#   bench/compare-server.sh LLAMA_SERVER MODEL.gguf [ROUNDS]
#
# Settings from the environment: ROCMFORGE (build/rocmforge), DEVICE (cpu; cuda, hip), THREADS (all
# processors), PARALLEL (16), CTX (2048, tokens of each request), CLIENTS (1,4,16), LLAMA_COMMIT
# (what LLAMA_SERVER was built from), RESULTS (bench/results/cpu), NAME (server), LOAD (further
# options of server_load.py). Prints a table and writes RESULTS/NAME.json.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -lt 2 ]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
llama_server=$1 model=$2 rounds=${3:-3}
ours=${ROCMFORGE:-build/rocmforge}
device=${DEVICE:-cpu} threads=${THREADS:-$(nproc)} parallel=${PARALLEL:-16} ctx=${CTX:-2048}
results=${RESULTS:-bench/results/cpu} name=${NAME:-server}
log=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$log"
}
trap finish EXIT

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# Waits until PORT's /health answers 200; a server that ended says why.
await() {
  for _ in $(seq 600); do
    if ! kill -0 "$3" 2>/dev/null; then
      echo "compare-server: $1 ended:" >&2
      tail -n 20 "$log/$1" >&2
      exit 1
    fi
    if python3 - "$2" 2>/dev/null <<'PY'; then return; fi
import sys, urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/health", timeout=2).read()
PY
    sleep 0.2
  done
  echo "compare-server: $1 does not answer" >&2
  exit 1
}

# Each is told to offload all or nothing; llama-server's contexts are shared out among its slots.
case $device in
  cpu) llama_device=(-ngl 0 --device none) ;;
  *) llama_device=(-ngl 99) ;;
esac
our_port=$(free_port)
"$ours" serve --gguf "$model" --device "$device" --threads "$threads" --addr "127.0.0.1:$our_port" \
  --parallel "$parallel" --ctx "$ctx" >"$log/rocmforge" 2>&1 &
pids+=($!)
await rocmforge "$our_port" $!
their_port=$(free_port)
"$llama_server" -m "$model" -t "$threads" "${llama_device[@]}" --host 127.0.0.1 --port "$their_port" \
  -np "$parallel" -c $((ctx * parallel)) -fa on >"$log/llama-server" 2>&1 &
pids+=($!)
await llama-server "$their_port" $!

mkdir -p "$results"
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
facts=$(python3 -c 'import json, sys; print(json.dumps(dict(zip(sys.argv[1::2], sys.argv[2::2]))))' \
  model "$(basename "$model")" device "$device" processor "$processor" threads "$threads" \
  parallel "$parallel" ctx "$ctx" rocmforge "$("$ours" --version)" \
  llama_cpp "${LLAMA_COMMIT:-unknown}")
# shellcheck disable=SC2086  # LOAD is several words
python3 bench/e2e/server_load.py --ours "http://127.0.0.1:$our_port" \
  --theirs "http://127.0.0.1:$their_port" --clients "${CLIENTS:-1,4,16}" --rounds "$rounds" \
  --facts "$facts" --json "$results/$name.json" ${LOAD:-}
