#!/usr/bin/env bash
# Two servers of one model behind nginx.
#   examples/fleet/run.sh MODEL.gguf [OPTION of rocmforge serve ...]
# PORT (8080) is nginx's; the servers have the next two. ROCMFORGE and NGINX name the programs. The
# processes' numbers stand in DIR (a new temporary folder) as 1.pid, 2.pid and nginx.pid:
# `kill $(cat DIR/1.pid)` drains the first server. Ctrl-C ends all.
set -euo pipefail

[ $# -ge 1 ] || {
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
model=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-8080}
program=${ROCMFORGE:-rocmforge}
nginx=${NGINX:-nginx}
dir=${DIR:-$(mktemp -dt rocmforge-fleet.XXXXXX)}

pids=()
finish() {
  trap - EXIT INT TERM
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2> /dev/null || true
  wait
}
trap finish EXIT
trap 'exit 0' INT TERM

for i in 1 2; do
  "$program" serve --gguf "$model" --addr "127.0.0.1:$((port + i))" "$@" 2> "$dir/$i.log" &
  pids+=($!)
  printf '%s\n' $! > "$dir/$i.pid"
done
sed -e "s#DIR#$dir#g" -e "s/PORT0/$port/; s/PORT1/$((port + 1))/; s/PORT2/$((port + 2))/" \
  "$here/nginx.conf" > "$dir/nginx.conf"
"$nginx" -e "$dir/nginx.log" -c "$dir/nginx.conf" &
pids+=($!)
printf 'fleet: http://127.0.0.1:%s, with its files in %s\n' "$port" "$dir" >&2
wait
