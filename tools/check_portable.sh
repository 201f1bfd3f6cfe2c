#!/usr/bin/env bash
# check_portable.sh PROGRAM: PROGRAM may need nothing of the system but glibc, and it runs.
# Exit 77 (skipped, to ctest) when PROGRAM has not been built.
set -euo pipefail
program=$1

if [ ! -x "$program" ]; then
  echo "skipped: $program is not built ('make portable')"
  exit 77
fi

others=$(LC_ALL=C ldd "$program" | awk '{print $1}' | sed 's|.*/||' | grep -Ev \
  '^(linux-vdso\.so\.1|linux-gate\.so\.1|ld-linux[-a-z0-9_]*\.so\.[0-9]+|lib(c|m|dl|rt|pthread)\.so\.[0-9]+)$' ||
  true)
if [ -n "$others" ]; then
  printf '%s needs more than glibc:\n%s\n' "$program" "$others" >&2
  exit 1
fi

version=$("$program" --version)
printf '%s\n' "$version"
grep -Eq '^rocmforge [0-9]+\.[0-9]+\.[0-9]+' <<< "$version"
