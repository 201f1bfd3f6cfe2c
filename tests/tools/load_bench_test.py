"""tools/load_bench.py and bench/load-gpu.sh: the page cache, the bus, and a whole run on the CPU."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import bench_table  # noqa: E402
import load_bench  # noqa: E402

LLAMA_BENCH = """#!/usr/bin/env python3
import json, sys
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert (args["-p"], args["-n"], args["-r"], args["-ngl"]) == ("0", "1", "1", "0") and args["-mmp"] in "01"
assert open(args["-m"], "rb").read(4) == b"GGUF"
print(json.dumps([{"build_commit": "abc", "backends": "CUDA", "flash_attn": True}]))
"""


def folder_on_a_disk():
    """Not TMPDIR, which may be in memory, where there is nothing to drop and no direct reading."""
    folder = tempfile.TemporaryDirectory(dir=".")
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder.name], capture_output=True, text=True, check=True).stdout
    if kind.strip() in ("tmpfs", "ramfs"):
        folder.cleanup()
        raise unittest.SkipTest("this folder is in memory")
    return folder


class PageCache(unittest.TestCase):
    def test_a_dropped_file_is_not_in_it(self):
        with folder_on_a_disk() as folder:
            path = pathlib.Path(folder, "file")
            path.write_bytes(bytes(8 << 20))
            self.assertEqual(load_bench.resident(path), 1)
            self.assertLess(load_bench.drop(path), 0.5)
            path.read_bytes()
            self.assertEqual(load_bench.resident(path), 1)


class Bus(unittest.TestCase):
    def test_through_either_drivers_calls(self):
        for kind in ("cuda", "hip"):
            library = os.environ.get(f"FAKE_{kind.upper()}")
            if not library:
                self.skipTest(f"FAKE_{kind.upper()} names no library")
            with self.subTest(kind):
                done = self.copy(kind, library)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertGreater(float(done.stdout), 0)

    def test_no_driver_and_no_device(self):
        done = self.copy("cuda", "/none.so")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/none.so", done.stderr)
        if os.environ.get("FAKE_CUDA"):
            done = self.copy("cuda:7", os.environ["FAKE_CUDA"])
            self.assertIn("cuDeviceGet: error", done.stderr)

    def copy(self, device, library):
        kind = device.partition(":")[0].upper()
        return subprocess.run([sys.executable, "-B", ROOT / "tools/load_bench.py", "copy", device, "1"],
                              env={**os.environ, f"ROCMFORGE_{kind}_LIBRARY": library}, capture_output=True,
                              text=True, check=False)


class Shares(unittest.TestCase):
    def result(self, disk, bus):
        bench = load_bench.Bench()
        bench.ours = "/bin/echo"  # its version
        bench.our_row = {"test_time": "t", "gpu_info": "Card", "cpu_info": "c", "backends": "cuda"}
        for step, seconds in {**disk, "ours cold": 5.0, "ours warm": 1.5}.items():
            bench.seconds[step], bench.resident[step] = [seconds], [0.0]
        bench.load = {"ours cold": [4.0], "ours warm": [1.0, 0.8, 3.0]}
        return bench.result(8_000_000_000, bus)

    def test_of_the_best_rate_of_the_disk_and_of_the_slower(self):
        result = self.result({"dd": 8.0, "dd direct": 4.0, "dd direct x4": 3.2}, 20.0)
        self.assertEqual(result["disk_gb_per_second"], {"dd": 1.0, "dd direct": 2.0, "dd direct x4": 2.5})
        cold, warm = (result["load"][state]["ours"] for state in ("cold", "warm"))
        self.assertEqual((cold["gb_per_second"], cold["share_of_disk"], cold["share_of_bus"]), (2.0, 0.8, 0.1))
        self.assertEqual(cold["share_of_slower"], 0.8)
        self.assertEqual((warm["load_seconds"], warm["gb_per_second"], warm["share_of_slower"]), (1.0, 8.0, 0.4))
        self.assertNotIn("share_of_disk", warm)
        self.assertIn("| on the disk | 4.00 | 2.00 | 80% | 10% | 5.00 | - | - |", bench_table.table(result))

    def test_what_was_not_measured_has_no_share(self):
        cold = self.result({}, 20.0)["load"]["cold"]["ours"]
        self.assertEqual(cold["share_of_bus"], 0.1)
        self.assertNotIn("share_of_slower", cold)


class Whole(unittest.TestCase):
    """The script on the CPU, with the tiny model."""

    def measure(self, **more):
        program = os.environ.get("ROCMFORGE_PROGRAM")
        if not program:
            self.skipTest("ROCMFORGE_PROGRAM names no program")
        with folder_on_a_disk() as folder:
            folder = pathlib.Path(folder).resolve()
            llama = folder / "llama-bench"
            llama.write_text(LLAMA_BENCH)
            llama.chmod(0o755)
            outer = {k: v for k, v in os.environ.items() if not k.startswith("LLAMA_")}
            done = subprocess.run([ROOT / "bench/load-gpu.sh"], capture_output=True, text=True, check=False, env={
                **outer, "DEVICE": "cpu", "MODEL": "llama-tiny:Q8_0", "ROUNDS": "2", "ROCMFORGE": program,
                "LLAMA_BENCH": str(llama), "FILES": str(folder / "files"), "RESULTS": str(folder / "results"), **more})
            found = list(folder.glob("results/*/load.json"))
            self.assertEqual(list(folder.glob("files/*")), [], "left behind")
            return done, json.loads(found[0].read_text()) if found else None

    def test_every_step(self):
        done, result = self.measure()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(result["failed"], [])
        self.assertGreater(result["bytes"], 1_000_000)
        for rate in result["disk_gb_per_second"].values():
            self.assertGreater(rate, 0)
        for state, share in (("cold", 0), ("warm", 1)):
            sides = result["load"][state]
            self.assertEqual(set(sides), {"ours", "llama_cpp", "llama_cpp_without_mmap"})
            for side in sides.values():
                self.assertEqual(len(side["run_rounds"]), 2)
                for before in side["in_page_cache_before"]:
                    self.assertAlmostEqual(before, share, delta=0.5)
            self.assertGreater(sides["ours"]["run_seconds"], sides["ours"]["load_seconds"])
            self.assertNotIn("gb_per_second", sides["ours"])
        self.assertIn("| in the page cache |", done.stdout)

    def test_failures_are_told(self):
        done, result = self.measure(LLAMA_BENCH="/bin/false")
        self.assertEqual(done.returncode, 1)
        self.assertEqual({f["step"].split()[0] for f in result["failed"]}, {"theirs"})
        self.assertIsNone(result["llama_cpp"])
        done, result = self.measure(LLAMA_BENCH="")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("llama.cpp was not measured", done.stdout)
        for wrong in ({"BUDGET": "-1"}, {"ROCMFORGE": "/none"}, {"DEVICE": "auto"}):
            done, result = self.measure(**wrong)
            self.assertNotEqual(done.returncode, 0)
            self.assertIsNone(result)


if __name__ == "__main__":
    unittest.main()
