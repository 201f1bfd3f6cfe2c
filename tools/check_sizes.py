#!/usr/bin/env python3
"""Holds what is in git to its size and kind.

    tools/check_sizes.py [ROOT]

Fails on a source file of more than MAX_LINES that LONG_FILES gives no reason for, on a binary file
or one over MAX_BYTES, and on a path of somebody's machine. Warns of functions over
MAX_FUNCTION_LINES (found by indentation, which clang-format makes reliable).
"""
import pathlib
import re
import subprocess
import sys

MAX_LINES = 500
MAX_FUNCTION_LINES = 100
MAX_BYTES = 256 * 1024

# path -> why it may be longer. An entry that is not needed any more fails too.
LONG_FILES = {
    "tests/emu/memory_words.h": "one table of assembled instructions",
    "tests/emu/vector_words.h": "one table of assembled instructions",
}

SOURCES = {".h", ".cpp", ".hip", ".py", ".sh", ".cmake", ".txt"}
CPP = {".h", ".cpp", ".hip"}
# The start of a line or what may stand before a path, then a folder that only one machine has.
MACHINE_PATH = re.compile(r"""(?:^|[\s"'`=:(\[<,>])(/(?:home|root|Users|tmp|work|mnt)/[\w.~$-]+)""")
NOT_A_FUNCTION = re.compile(r"^(if|for|while|switch|else|do|try|catch|namespace|class|struct|enum|union)\b|^[}#]")


def tracked_files(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    return [name for name in listed.split("\0") if name]


def indent(line):
    return len(line) - len(line.lstrip())


def long_functions(lines):
    """(first line, length) of each function body over the limit; the first line counts from 1."""
    found = []
    for at, line in enumerate(lines):
        if not re.search(r"\)[^;=]*\{$", line):
            continue
        start = at  # of the signature: continuation lines stand deeper than its first
        while start > 0 and re.search(r"[,(]$", lines[start - 1]):
            start -= 1
        if NOT_A_FUNCTION.match(lines[start].lstrip()):
            continue
        depth = indent(lines[start])
        for end in range(at + 1, len(lines)):
            if lines[end].startswith(" " * depth + "}"):
                if end - at > MAX_FUNCTION_LINES:
                    found.append((start + 1, end - at))
                break
    return found


def check(root, names, long_files=None):
    """Errors and warnings, a line each, about the files `names` below `root`."""
    long_files = LONG_FILES if long_files is None else long_files
    errors, warnings = [], []
    excused = set()
    for name in names:
        path = pathlib.Path(root, name)
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            errors.append(f"{name}: {len(data)} bytes, more than {MAX_BYTES}")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            errors.append(f"{name}: a binary file")
            continue
        lines = text.split("\n")
        if path.suffix in SOURCES and len(lines) - 1 > MAX_LINES:
            if name in long_files:
                excused.add(name)
            else:
                errors.append(f"{name}: {len(lines) - 1} lines, more than {MAX_LINES}")
        for number, line in enumerate(lines, 1):
            if match := MACHINE_PATH.search(line):
                errors.append(f"{name}:{number}: {match.group(1)}: a path of one machine")
        if path.suffix in CPP:
            for number, length in long_functions(lines):
                warnings.append(f"{name}:{number}: a function of {length} lines")
    for name in sorted(set(long_files) - excused):
        errors.append(f"{name}: LONG_FILES excuses it without need")
    return errors, warnings


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    errors, warnings = check(root, tracked_files(root))
    for warning in warnings:
        print(f"warning: {warning}")
    for error in errors:
        print(error)
    print(f"sizes: {len(errors)} violations" if errors else "sizes: ok")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
