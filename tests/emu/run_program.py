#!/usr/bin/env python3
"""Runs a program, which must exit with 0 and print what a regular expression matches.

    run_program.py REGEX PROGRAM [ARGUMENT...]
"""
import re
import subprocess
import sys


def main():
    done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False)
    print(done.stdout, end="")
    if done.returncode != 0:
        print(f"run_program: exit code {done.returncode}")
        return 1
    if not re.search(sys.argv[1], done.stdout, re.DOTALL):
        print(f"run_program: nothing in this matches {sys.argv[1]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
