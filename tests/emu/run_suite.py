#!/usr/bin/env python3
"""Runs a program of the tests, and tells a run that fails from one that lacks its data.

    run_suite.py PROGRAM [ARGUMENT...]

The exit code is the program's wherever that is not 0 (128 + the number of a signal), and 1 where the
program found no card. Only where it passed, and said that data it wants is missing, it is 77: skipped.
"""
import subprocess
import sys

NO_DATA = "test data not found"
NO_CARD = "no GPU that this program has kernels for"


def main():
    lacks_data = lacks_card = False
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as program:
        for line in program.stdout:
            print(line, end="", flush=True)
            lacks_data |= NO_DATA in line
            lacks_card |= NO_CARD in line
    if program.returncode != 0:
        return program.returncode if program.returncode > 0 else 128 - program.returncode
    if lacks_card:
        return 1
    return 77 if lacks_data else 0


if __name__ == "__main__":
    sys.exit(main())
