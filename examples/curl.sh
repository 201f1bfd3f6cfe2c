#!/usr/bin/env bash
# Each kind of request to `rocmforge serve`, with curl.
#   ROCMFORGE_URL=http://127.0.0.1:8080 ROCMFORGE_API_KEY=... examples/curl.sh
set -euo pipefail

url=${ROCMFORGE_URL:-http://127.0.0.1:8080}
ask=(curl --silent --show-error --fail-with-body --no-buffer
  -H 'Content-Type: application/json' -H "Authorization: Bearer ${ROCMFORGE_API_KEY:-none}")

printf '== is it there?\n'
"${ask[@]}" "$url/ready"

printf '\n== a chat, as it comes\n'
"${ask[@]}" "$url/v1/chat/completions" -d '{
  "messages": [{"role": "user", "content": "Say hello in French."}],
  "max_tokens": 32, "stream": true}'

printf '\n== a completion\n'
"${ask[@]}" "$url/v1/completions" -d '{
  "prompt": "The capital of France is", "max_tokens": 8, "temperature": 0}'

printf '\n== the same by the first interface\n'
"${ask[@]}" "$url/generate" -d '{
  "prompt": "The capital of France is", "max_tokens": 8, "temperature": 0}'

printf '\n== what it has done so far\n'
"${ask[@]}" "$url/metrics" | grep '^rocmforge_requests_'
