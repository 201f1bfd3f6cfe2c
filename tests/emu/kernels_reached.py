#!/usr/bin/env python3
"""Every kernel of the shipped objects was dispatched by some run of those given.

    kernels_reached.py OBJECTS_LIST LLVM_NM COUNTERS.json...

OBJECTS_LIST has a code object's path a line; the counters are what ROCMFORGE_EMU_COUNTERS left.
"""
import json
import subprocess
import sys

objects, nm, *counters = sys.argv[1:]
shipped = set()
with open(objects, encoding="utf-8") as f:
    for path in filter(None, map(str.strip, f)):
        out = subprocess.run([nm, path], check=True, capture_output=True, text=True).stdout
        shipped |= {n[:-3] for n in out.split() if n.endswith(".kd")}
dispatches = {}
for path in counters:
    with open(path, encoding="utf-8") as f:
        for kernel in json.load(f)["kernels"]:
            dispatches[kernel["kernel"]] = dispatches.get(kernel["kernel"], 0) + kernel["dispatches"]
missing = sorted(n for n in shipped if dispatches.get(n, 0) == 0)
for name in missing:
    print("not dispatched:", name)
print(f"{len(shipped) - len(missing)} of {len(shipped)} kernels were dispatched")
sys.exit(1 if missing or not shipped else 0)
