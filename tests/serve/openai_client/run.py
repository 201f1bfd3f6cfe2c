#!/usr/bin/env python3
"""Runs the official openai client's suite against the program.

  run.py --program build/rocmforge --folder BUILD [--data ../shared] [NAME ...]

Makes a virtual environment in --folder and installs requirements.txt there, once. Exit code 77 (a
skip, to ctest) where the packages cannot be had. NAME: tests, as unittest has them, such as
chat_test.Chat.test_capital.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def environment(folder):
    """The python of a virtual environment that has the packages; None where they cannot be had."""
    wanted = (HERE / "requirements.txt").read_bytes()
    place = folder / f"openai-client-{hashlib.sha256(wanted).hexdigest()[:12]}"
    python, mark = place / "bin" / "python", place / "complete"
    if mark.exists():
        return python
    venv.create(place, with_pip=True, clear=True)
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                           "-r", HERE / "requirements.txt"], check=False)
    if done.returncode != 0:
        return None
    mark.touch()
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, help="of models; else the one beside the checkout")
    parser.add_argument("tests", nargs="*")
    args = parser.parse_args()
    python = environment(args.folder.resolve())
    if python is None:
        print("SKIPPED: the packages of requirements.txt could not be installed")
        sys.exit(SKIPPED)
    env = os.environ | {"ROCMFORGE": str(args.program.resolve()), "PYTHONDONTWRITEBYTECODE": "1"}
    if args.data:
        env["ROCMFORGE_TEST_DATA"] = str(args.data.resolve())
    what = args.tests or sorted(p.stem for p in HERE.glob("*_test.py"))
    sys.exit(subprocess.run([python, "-m", "unittest", "-v", *what], cwd=HERE, env=env,
                            check=False).returncode)


if __name__ == "__main__":
    main()
