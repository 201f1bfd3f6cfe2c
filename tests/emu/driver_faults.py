#!/usr/bin/env python3
"""The program on the emulated card when a call of its driver fails, or memory is short.

    driver_faults.py PROGRAM LIBRARY ROOT

Each function that driver/hip.cpp asks the library for fails on its first, third and
every call. Either the answer is that of a run without a failure, or the program says in one line what
is wrong, with the code's name or the call's, and exits with 1. It neither crashes nor hangs. A call of
which every one fails leaves the answer as it is where PASSED_OVER has it, and is an error else.
"""
import concurrent.futures
import os
import re
import subprocess
import sys

SECONDS = 120
PROGRAM, LIBRARY, ROOT = sys.argv[1:4]
SOURCE = os.path.join(ROOT, "src/backend/gpu/driver/hip.cpp")
MODEL = os.path.join(os.environ.get("ROCMFORGE_TEST_DATA") or os.path.join(ROOT, "../shared"),
                     "models/stories260K.gguf")
# hipErrorOutOfMemory, hipErrorLaunchFailure.
CODES = {"hipMalloc": 2, "hipHostMalloc": 2, "hipGraphInstantiateWithFlags": 2}
# Asked only for a text, or of what is over: nothing that they say fails an answer.
NAMES = ("hipGetErrorName", "hipGetErrorString")
# Without these there is an answer all the same: what frees, what measures, one of two property calls, and
# a wait that one stream has no need of.
PASSED_OVER = {"hipEventDestroy", "hipEventElapsedTime", "hipFree", "hipGetDeviceProperties",
               "hipGetDevicePropertiesR0600", "hipGraphDestroy", "hipGraphExecDestroy", "hipHostFree",
               "hipModuleUnload", "hipStreamDestroy", "hipStreamWaitEvent"}


def generate(variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ROCMFORGE_")}
    environment.update({"ROCMFORGE_HIP_LIBRARY": LIBRARY, "ROCMFORGE_EMU_CARD": "units=4",
                        "ROCMFORGE_EMU_THREADS": "1", "ROCMFORGE_GPU_GRAPH": "1", **variables})
    call = [PROGRAM, "generate", "--gguf", MODEL, "--device", "hip", "-p", "Once upon",
            "--max-tokens", "3", "--temperature", "0", "--seed", "1"]
    try:
        return subprocess.run(call, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None


def look(variables, good, must_fail, words):
    """-> what is wrong, and what came of it."""
    done = generate(variables)
    if done is None:
        return f"hangs for {SECONDS} s", ""
    lines = [l for l in done.stderr.splitlines() if not l.startswith("load ")]
    if done.returncode == 0 and done.stdout == good:
        return ("fails nothing" if must_fail else ""), "the same answer"
    if done.returncode != 1:
        return f"exit code {done.returncode}: {done.stderr.strip()[-200:]}", ""
    errors = [l for l in lines if l.startswith("error: ")]
    if len(errors) != 1 or not re.search(words, errors[0]):
        return f"says not what is wrong: {lines}", ""
    return "", errors[0]


def main():
    if not os.path.exists(MODEL):
        print("test data not found: stories260K.gguf (ROCMFORGE_TEST_DATA)")
        return 77
    good = generate({})
    if good is None or good.returncode != 0:
        print("without a failure:", good)
        return 1
    with open(SOURCE, encoding="utf-8") as f:
        names = sorted(set(re.findall(r'"(hip[A-Z]\w+)"', f.read())) - set(NAMES))
    tries = []
    for name in names:
        code = CODES.get(name, 719)
        # Where a failure is passed over it says so in other words; where it is not, by these.
        words = rf"{name}|does not fit"
        tries += [({"ROCMFORGE_EMU_FAIL": f"{name}:{n}={code}"},
                   n == "*" and name not in PASSED_OVER, words) for n in (1, 3, "*")]
    # No memory at all, and none behind what was planned.
    tries.append(({"ROCMFORGE_EMU_CARD": "units=4,memory=1M"}, True, "needs .* where .* are free"))
    tries.append(({"ROCMFORGE_EMU_CARD": "units=4,memory=258M"}, True, "needs .* where .* are free"))
    tries += [({"ROCMFORGE_EMU_FAIL": f"hipMalloc:{n}=2"}, True, "does not fit") for n in (1, 2)]
    # A kernel that counts as hung.
    tries.append(({"ROCMFORGE_EMU_LIMIT": "100"}, True, "hipErrorLaunchTimeOut"))
    n_bad, n_errors = 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for one, (bad, came) in zip(tries, pool.map(lambda t: look(t[0], good.stdout, *t[1:]), tries)):
            what = " ".join(f"{k.removeprefix('ROCMFORGE_EMU_')}={v}" for k, v in one[0].items())
            print(f"{'WRONG' if bad else 'ok':5} {what}: {bad or came}")
            n_bad += bool(bad)
            n_errors += came.startswith("error: ")
    print(f"{len(tries)} failures, {n_errors} told, {n_bad} wrong")
    return 1 if n_bad or n_errors < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
