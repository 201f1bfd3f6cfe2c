#!/usr/bin/env python3
"""Measures how fast a model is loaded: what bench/load-gpu.sh runs, whose head tells all.

    tools/load_bench.py               measures, by the environment of bench/load-gpu.sh
    tools/load_bench.py copy DEVICE [MIB]
                                      the rate from pinned memory to a device (cuda, hip:1) in GB/s,
                                      of copies of so many MiB [256]
"""
import ctypes
import json
import mmap
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench_table

ROOT = pathlib.Path(__file__).resolve().parent.parent
N_READERS = 4


# ---- the page cache

def drop(path):
    """Takes a file out of the page cache; returns the share of it that stays there nevertheless."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())  # pages that are not written yet would stay
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return resident(path)


def resident(path):
    """The share of a file's pages that the page cache holds (mincore)."""
    size = os.path.getsize(path)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    pages = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE
    held = (ctypes.c_ubyte * pages)()
    with open(path, "rb") as file:
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")
    try:
        if libc.mincore(address, size, held) != 0:
            raise OSError(ctypes.get_errno(), "mincore")
    finally:
        libc.munmap(address, size)
    return sum(byte & 1 for byte in bytes(held)) / pages


# ---- the bus

NOT_READY = 600  # of both: CUDA_ERROR_NOT_READY, hipErrorNotReady
# The driver's functions that both have, and their names; arguments are nearly the same.
DRIVERS = {
    "cuda": {"libraries": [os.environ.get("ROCMFORGE_CUDA_LIBRARY") or "libcuda.so.1"],
             "host": "cuMemHostAlloc", "device": "cuMemAlloc_v2", "copy": "cuMemcpyHtoDAsync_v2", "query": "cuStreamQuery"},
    "hip": {"libraries": [os.environ.get("ROCMFORGE_HIP_LIBRARY") or "", "libamdhip64.so.7", "libamdhip64.so.6",
                          "libamdhip64.so.5", "/opt/rocm/lib/libamdhip64.so", "libamdhip64.so"],
            "host": "hipHostMalloc", "device": "hipMalloc", "copy": "hipMemcpyAsync", "query": "hipStreamQuery"},
}


def open_driver(kind):
    for name in filter(None, DRIVERS[kind]["libraries"]):
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            why = error
    raise OSError(f"{kind}: {why}")


def copy_rate(device, n_bytes, n_copies=16, rounds=5):
    """GB/s of copies from pinned memory, the best round: other work can only make one slower."""
    kind, _, ordinal = device.partition(":")
    ordinal = int(ordinal or 0)
    driver, names = open_driver(kind), DRIVERS[kind]

    def call(name, *args):
        code = getattr(driver, name)(*args)
        if code != 0:
            raise OSError(f"{name}: error {code}")

    if kind == "cuda":
        handle, context = ctypes.c_int(), ctypes.c_void_p()
        call("cuInit", 0)
        call("cuDeviceGet", ctypes.byref(handle), ordinal)
        call("cuDevicePrimaryCtxRetain", ctypes.byref(context), handle)
        call("cuCtxSetCurrent", context)
        stream = ctypes.c_void_p()
        call("cuStreamCreate", ctypes.byref(stream), 1)  # CU_STREAM_NON_BLOCKING
    else:
        call("hipInit", 0)
        call("hipSetDevice", ordinal)
        stream = ctypes.c_void_p()
        call("hipStreamCreateWithFlags", ctypes.byref(stream), 1)  # hipStreamNonBlocking
    direction = [1] if kind == "hip" else []  # hipMemcpyHostToDevice
    host, to = ctypes.c_void_p(), ctypes.c_void_p()
    call(names["host"], ctypes.byref(host), ctypes.c_size_t(n_bytes), 1)  # portable
    call(names["device"], ctypes.byref(to), ctypes.c_size_t(n_bytes))
    ctypes.memset(host, 1, n_bytes)
    best = 0
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(n_copies):
            call(names["copy"], to, host, ctypes.c_size_t(n_bytes), *direction, stream)
        while (code := getattr(driver, names["query"])(stream)) == NOT_READY:
            pass
        if code != 0:
            raise OSError(f"{names['query']}: error {code}")
        best = max(best, n_copies * n_bytes / (time.perf_counter() - start) / 1e9)
    return best  # the process ends: the driver frees what is left


# ---- the runs

class Bench:
    def __init__(self):
        env = os.environ.get
        self.ours = env("ROCMFORGE") or "build/rocmforge"
        self.theirs = env("LLAMA_BENCH") or ""
        self.device = env("DEVICE") or "cuda"
        self.model = env("MODEL") or "llama-8b:Q8_0"
        self.rounds = int(env("ROUNDS") or 2)
        self.end = time.monotonic() + float(env("BUDGET") or 110)
        self.limit = float(env("LIMIT") or 60)
        self.results = pathlib.Path(env("RESULTS") or "bench/results")
        self.files = env("FILES") or ""
        self.failed = []
        self.seconds = {}    # step -> [seconds of the whole run]
        self.load = {}       # step -> [load_seconds]
        self.resident = {}   # step -> [share in the page cache before it]
        self.our_row = self.their_row = None
        self.path = None

    def fail(self, step, why):
        print(f"load-gpu: {step}: {why}", file=sys.stderr)
        self.failed.append({"step": step, "why": why})

    def run(self, step, *commands, state=""):
        """Runs the commands together; what the first wrote, or None. `state`: "cold" drops the file before."""
        if time.monotonic() > self.end:
            return self.fail(step, "left out: the time budget was spent")
        if state:
            share = drop(self.path) if state == "cold" else resident(self.path)
            self.resident.setdefault(step, []).append(round(share, 3))
        print(f"load-gpu: {step}", file=sys.stderr)
        start = time.perf_counter()
        started = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for c in commands]
        try:
            done = [p.communicate(timeout=self.limit) for p in started]
        except subprocess.TimeoutExpired:
            for p in started:
                p.kill()
                p.communicate()
            return self.fail(step, f"over {self.limit:g} s")
        seconds = time.perf_counter() - start
        for p, (_, errors) in zip(started, done):
            if p.returncode != 0:
                return self.fail(step, f"exit code {p.returncode} of {' '.join(map(str, p.args))}: {errors[-300:]}")
        self.seconds.setdefault(step, []).append(round(seconds, 3))
        return done[0][0]

    def dd(self, step, *flags, parts=1):
        block = 16 << 20
        count = -(-os.path.getsize(self.path) // block // parts) + 1  # of the last part the rest
        self.run(step, *[["dd", f"if={self.path}", "of=/dev/null", f"bs={block}", f"skip={i * count}",
                          f"count={count}", *flags] for i in range(parts)], state="cold")

    def run_ours(self, state):
        out = self.run(f"ours {state}", [self.ours, "bench", "--gguf", self.path, "--device", self.device,
                                         "-p", "0", "-n", "1", "-r", "1", "-o", "json"], state=state)
        if out:
            self.our_row = json.loads(out)[0]
            self.load.setdefault(f"ours {state}", []).append(round(self.our_row["load_seconds"], 3))

    def run_theirs(self, state, is_mapped):
        if not self.theirs:
            return
        step = f"theirs {state}" + ("" if is_mapped else " without mmap")
        out = self.run(step, [self.theirs, "-m", self.path, "-ngl", "0" if self.device == "cpu" else "99",
                              "-fa", "1", "-p", "0", "-n", "1", "-r", "1", "-mmp", str(int(is_mapped)),
                              "-o", "json"], state=state)
        if out:
            self.their_row = json.loads(out)[0]

    def measure(self):
        if self.run("save", [self.ours, "bench", "--random", self.model, "--save", self.path]) is None:
            return None
        copy = None
        for number in range(self.rounds):
            self.run_ours("cold")
            self.dd("dd direct x4", "iflag=direct", parts=N_READERS)
            if number == 0 and self.device != "cpu":
                copy = self.run("copy", [sys.executable, "-B", __file__, "copy", self.device])
            self.run_theirs("cold", True)
            self.run_theirs("cold", False)
            self.dd("dd direct", "iflag=direct")
            self.dd("dd")  # which fills the page cache
            self.run_ours("warm")
            self.run_theirs("warm", True)
            self.run_theirs("warm", False)
        return self.result(os.path.getsize(self.path), float(copy) if copy else None)

    # ---- the result

    def rate(self, n_bytes, step):
        return round(n_bytes / statistics.median(self.seconds[step]) / 1e9, 2) if step in self.seconds else None

    def side(self, step):
        out = {"run_seconds": statistics.median(self.seconds[step]), "run_rounds": self.seconds[step],
               "in_page_cache_before": self.resident[step]}
        if step in self.load:
            out.update(load_seconds=statistics.median(self.load[step]), load_rounds=self.load[step])
        return out

    def result(self, n_bytes, bus):
        if self.our_row is None:
            return None
        disk = {name: self.rate(n_bytes, name) for name in ("dd", "dd direct", "dd direct x4")}
        best = max((r for r in disk.values() if r), default=None)
        load = {}
        for state in ("cold", "warm"):
            sides = {"ours": f"ours {state}", "llama_cpp": f"theirs {state}",
                     "llama_cpp_without_mmap": f"theirs {state} without mmap"}
            load[state] = {name: self.side(step) for name, step in sides.items() if step in self.seconds}
            if "ours" not in load[state] or self.device == "cpu":
                continue  # the CPU uses the file where it is mapped: loading reads none of it
            ours = load[state]["ours"]
            ours["gb_per_second"] = rate = round(n_bytes / ours["load_seconds"] / 1e9, 2)
            bounds = {"disk": best if state == "cold" else None, "bus": bus}
            known = {name: bound for name, bound in bounds.items() if bound}
            ours.update({f"share_of_{name}": round(rate / bound, 3) for name, bound in known.items()})
            if len(known) == (2 if state == "cold" else 1):  # else the slower one is not known
                ours["share_of_slower"] = round(rate / min(known.values()), 3)
        theirs = self.their_row
        return {
            "command": "bench/load-gpu.sh",
            "date": self.our_row["test_time"],
            "device": self.our_row["gpu_info"] or self.our_row["cpu_info"],
            "backend": self.our_row["backends"],
            "gpu": gpu_facts(),
            "cpu": self.our_row["cpu_info"],
            "n_cpus": os.cpu_count(),
            "rocmforge": subprocess.run([self.ours, "--version"], capture_output=True, text=True,
                                        check=True).stdout.strip(),
            "llama_cpp": None if theirs is None else {
                "build": theirs.get("build_commit", ""), "commit": os.environ.get("LLAMA_COMMIT", ""),
                "backends": theirs.get("backends", ""), "flash_attn": theirs.get("flash_attn")},
            "model": self.model,
            "bytes": n_bytes,
            "disk_gb_per_second": disk,
            "bus_gb_per_second": None if bus is None else round(bus, 2),
            "load": load,
            "failed": self.failed,
        }


def gpu_facts():
    """What nvidia-smi tells; {} without one."""
    with tempfile.TemporaryDirectory() as raw:
        for name, query in (("gpu_name", "name"),
                            ("gpu_facts", "driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit")):
            try:
                out = subprocess.run(["nvidia-smi", "--format=csv,noheader,nounits", f"--query-gpu={query}"],
                                     capture_output=True, text=True, check=True, timeout=30).stdout
            except (OSError, subprocess.SubprocessError):
                return {}
            pathlib.Path(raw, name).write_text(out, encoding="utf-8")
        return bench_table.gpu_of(pathlib.Path(raw))


def main():
    if sys.argv[1:2] == ["copy"] and len(sys.argv) in (3, 4) and sys.argv[2].partition(":")[0] in DRIVERS:
        print(f"{copy_rate(sys.argv[2], int((sys.argv[3:] or [256])[0]) << 20):.3f}")
        return 0
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    bench = Bench()
    if bench.device != "cpu" and bench.device.partition(":")[0] not in DRIVERS:
        sys.exit(f"load-gpu: DEVICE={bench.device}: is none of cuda, hip, cpu, cuda:N, hip:N")
    for program in filter(None, (bench.ours, bench.theirs)):
        if not os.access(program, os.X_OK):
            sys.exit(f"load-gpu: {program}: no such program")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the file is removed
    folder = pathlib.Path(bench.files or tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    bench.path = str(folder / "load-gpu.gguf")
    try:
        result = bench.measure()
    finally:
        for path in folder.glob("load-gpu.gguf*"):
            path.unlink()
        if not bench.files:
            shutil.rmtree(folder)
    if result is None:
        sys.exit("load-gpu: nothing of ours was measured")
    path = bench.results / bench_table.folder_name(result["device"]) / "load.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(bench_table.table(result))
    if not bench.theirs:
        print("llama.cpp was not measured: LLAMA_BENCH was not given.")
    print(f"\n{path}")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
