#!/usr/bin/env bash
# Holds every C++ file to .clang-format; with --fix, formats them. Version 19, since versions differ.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=
for candidate in clang-format-19 clang-format; do
  if command -v "$candidate" > /dev/null && "$candidate" --version | grep -q 'version 19\.'; then
    tool=$candidate
    break
  fi
done
if [ -z "$tool" ]; then
  echo 'check_format: clang-format 19 is needed (package clang-format-19)' >&2
  exit 1
fi

# Files not yet added count too; files deleted but not yet committed do not.
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.cpp' '*.h' '*.hip' |
  while read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done)
if [ "${1:-}" = --fix ]; then
  "$tool" -i "${files[@]}"
else
  "$tool" --dry-run -Werror "${files[@]}"
fi
