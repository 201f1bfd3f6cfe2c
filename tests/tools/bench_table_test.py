"""tools/bench_table.py and bench/compare-gpu.sh: from runs of both programs to a table."""
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

# What stands in for llama.cpp's programs: constant speeds, in their own forms.
LLAMA_BENCH = """#!/usr/bin/env python3
import json, sys
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert args["-o"] == "json" and args["-fa"] == "1" and open(args["-m"], "rb").read(4) == b"GGUF"
rows = []
for key, name in (("-p", "n_prompt"), ("-n", "n_gen")):
    for n in map(int, args[key].split(",")):
        if n:
            rows.append({"n_prompt": 0, "n_gen": 0, "n_depth": int(args.get("-d", 0)), "avg_ts": 1000.0 + n,
                         "build_commit": "abc", "backends": "CUDA", "flash_attn": True, name: n})
print(json.dumps(rows))
"""
BATCHED_BENCH = """#!/usr/bin/env python3
import json, sys
args = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print("main: n_kv_max = 1")
for n in map(int, args["-npl"].split(",")):
    assert int(args["-c"]) >= n * (int(args["-npp"]) + int(args["-ntg"]))
    print(json.dumps({"pp": int(args["-npp"]), "tg": int(args["-ntg"]), "pl": n, "speed_tg": 100.0 * n}))
"""


NVIDIA_SMI = """#!/usr/bin/env bash
case "$*" in
  *-lms*) echo $$ >"${BASH_SOURCE[0]}.pid"; while echo "1980, 3201, 500.0, 40"; do sleep 0.05; done ;;
  *driver_version*) echo "580.1, 143771, 1980, 3201, 700.00" ;;
  *) echo "NVIDIA H200" ;;
esac
"""


class Collect(unittest.TestCase):
    def test_rows_have_one_name_on_both_sides(self):
        ours = [{"n_prompt": 0, "n_gen": 128, "n_depth": 128, "n_sequences": 8, "avg_ts": 5.0}]
        theirs = 'log line\n{"pp": 128, "tg": 128, "pl": 8, "speed_tg": 4.0}\n'
        self.assertEqual(list(bench_table.bench_rows(json.dumps(ours))), ["tg128 x8 @ d128"])
        self.assertEqual(list(bench_table.bench_rows(theirs)), ["tg128 x8 @ d128"])

    def test_medians_of_rounds_and_what_failed(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            folder.joinpath("model").write_text("llama-8b:Q4_0\n")
            row = {"n_prompt": 0, "n_gen": 128, "n_sequences": 1, "step_weight_bytes": 3_000_000_000,
                   "step_kv_bytes": 1_000_000_000, "model_type": "llama 8B Q4_0", "model_size": 5}
            for number, ours, theirs in ((1, 100, 50), (2, 120, 80), (3, 110, 50)):
                for side, speed in (("ours", ours), ("theirs", theirs)):
                    folder.joinpath(f"base.{side}.{number}.out").write_text(
                        json.dumps([{**row, "avg_ts": speed}]))
                    folder.joinpath(f"base.{side}.{number}.microseconds").write_text("5\n")
            folder.joinpath("depth.ours.1.failed").write_text("exit code 124\n")
            result = bench_table.Runs(folder).result()
        test = result["tests"][0]
        self.assertEqual(test["test"], "tg128")
        self.assertEqual(test["ours_tokens_per_second"], 110)
        self.assertEqual(test["llama_cpp_tokens_per_second"], 50)
        self.assertEqual((test["ratio_least"], test["ratio"], test["ratio_most"]), (1.5, 2, 2.2))
        self.assertEqual(test["ours_gb_per_second"], 440)
        self.assertEqual(result["failed"],
                         [{"step": "depth", "side": "ours", "round": 1, "why": "exit code 124"}])

    def test_the_card_and_its_clocks(self):
        with tempfile.TemporaryDirectory() as raw:
            raw = pathlib.Path(raw)
            self.assertEqual(bench_table.gpu_of(raw), {})
            raw.joinpath("gpu_name").write_text("NVIDIA H200\n")
            raw.joinpath("gpu_facts").write_text("580.159.03, 143771, 1980, 3201, 700.00\n")
            raw.joinpath("gpu_samples").write_text("1980, 3201, 500.1, 40\n1500, 3201, 700.0, 60\n19")
            gpu = bench_table.gpu_of(raw)
        self.assertEqual((gpu["name"], gpu["driver"], gpu["max_sm_clock_mhz"]), ("NVIDIA H200", "580.159.03", "1980"))
        self.assertEqual(gpu["sm_clock_mhz"], {"least": 1500, "median": 1740, "most": 1980})

    def test_folders(self):
        self.assertEqual(bench_table.folder_name("NVIDIA H200 (sm_90)"), "nvidia-h200")
        self.assertEqual(bench_table.folder_name("AMD EPYC, 2 threads, avx512"), "amd-epyc")


class Documents(unittest.TestCase):
    RESULT = {"tests": [{"test": "pp512", "ours_tokens_per_second": 2903.31,
                         "llama_cpp_tokens_per_second": 469.19, "ratio": 6.109, "ratio_least": 5.216,
                         "ratio_most": 6.457}]}

    def run_on(self, body, *flags):
        with tempfile.TemporaryDirectory() as root:
            root = pathlib.Path(root)
            root.joinpath("x.json").write_text(json.dumps(self.RESULT))
            document = root / "README.md"
            document.write_text(f"before\n<!-- table: x.json -->\n{body}<!-- end of table -->\nafter\n")
            code = subprocess.run([sys.executable, "-B", ROOT / "tools/bench_table.py", "documents", "--root",
                                   root, *flags, document], capture_output=True, check=False).returncode
            return code, document.read_text()

    def test_a_table_that_is_not_its_files(self):
        self.assertEqual(self.run_on("| old |\n")[0], 1)
        code, text = self.run_on("| old |\n", "--write")
        self.assertEqual(code, 0)
        self.assertIn("| pp512 | 2903.3 | 469.2 | 6.11 (5.22 to 6.46) |\n<!-- end", text)
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))
        self.assertEqual(self.run_on(bench_table.table(self.RESULT) + "\n")[0], 0)

    def test_of_this_repository(self):
        documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        done = subprocess.run([sys.executable, "-B", ROOT / "tools/bench_table.py", "documents", *documents],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


class Compare(unittest.TestCase):
    """The whole script on the CPU, with the tiny model."""

    def compare(self, **more):
        program = os.environ.get("ROCMFORGE_PROGRAM")
        if not program:
            self.skipTest("ROCMFORGE_PROGRAM names no program")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for name, text in (("llama-bench", LLAMA_BENCH), ("batched", BATCHED_BENCH),
                               ("nvidia-smi", NVIDIA_SMI)):
                folder.joinpath(name).write_text(text)
                folder.joinpath(name).chmod(0o755)
            outer = {k: v for k, v in os.environ.items() if not k.startswith("LLAMA_")}
            environment = {**outer, "QUICK": "1", "DEVICE": "cpu", "ROCMFORGE": program,
                           "MODELS": "llama-tiny:Q4_0 llama-tiny:Q8_0", "RESULTS": str(folder / "results"),
                           "TMPDIR": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}
            for key, value in more.items():
                environment[key] = value.replace("FOLDER", str(folder))
            done = subprocess.run([ROOT / "bench/compare-gpu.sh"], env=environment, capture_output=True,
                                  text=True, check=False)
            found = list(folder.glob("results/*/speed.json"))
            with self.assertRaises(ProcessLookupError):  # the clocks are watched no more
                os.kill(int(folder.joinpath("nvidia-smi.pid").read_text()), 0)
            ours = {"llama-bench", "batched", "results", "nvidia-smi", "nvidia-smi.pid"}
            self.assertEqual({p.name for p in folder.iterdir()} - ours, set(), "left behind")
            return done, json.loads(found[0].read_text()) if found else None

    def test_both_sides(self):
        done, result = self.compare(LLAMA_BENCH="FOLDER/llama-bench", LLAMA_BATCHED_BENCH="FOLDER/batched",
                                    LLAMA_COMMIT="b1234")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(result["llama_cpp"]["commit"], "b1234")
        self.assertEqual((result["gpu"]["name"], result["gpu"]["driver"]), ("NVIDIA H200", "580.1"))
        self.assertEqual(result["gpu"]["sm_clock_mhz"]["median"], 1980)
        self.assertEqual([m["model"] for m in result["models"]], ["llama-tiny:Q4_0", "llama-tiny:Q8_0"])
        for model in result["models"]:
            tests = {t["test"]: t for t in model["tests"]}
            self.assertEqual(set(tests), {"pp8", "pp16", "tg4", "tg4 @ d8", "tg4 x4 @ d8", "pp8 @ d32", "pp16 @ d32",
                                      "tg4 @ d32", "tg4 x2 @ d32"})
            for test in tests.values():
                self.assertIn("ratio", test)
            self.assertEqual(tests["tg4 x4 @ d8"]["llama_cpp_tokens_per_second"], 400)
            self.assertGreater(model["load"]["ours"]["run_seconds"], model["load"]["ours"]["of_it_loading"])
            self.assertGreater(model["load"]["theirs"]["run_seconds"], 0)
        self.assertIn("| llama-tiny:Q8_0 | tg4 x4 @ d8 |", done.stdout)

    def test_without_llama_cpp_it_says_so(self):
        done, result = self.compare()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(result["llama_cpp"])
        self.assertIn("llama.cpp was not measured", done.stdout)

    def test_a_program_that_fails_is_told(self):
        done, result = self.compare(LLAMA_BENCH="/bin/false")
        self.assertEqual(done.returncode, 1)
        self.assertIn("exit code 1 of: /bin/false", done.stderr)
        self.assertEqual({f["side"] for m in result["models"] for f in m["failed"]}, {"theirs"})

    def test_what_the_budget_leaves_out_is_told(self):
        done, result = self.compare(BUDGET="-1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIsNone(result)
        self.assertIn("left out", done.stderr)


if __name__ == "__main__":
    unittest.main()
