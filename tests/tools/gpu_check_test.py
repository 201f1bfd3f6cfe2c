#!/usr/bin/env python3
"""tools/gpu_check.py over a program and a sanitizer that are scripts."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "gpu_check.py"

# `verify` says VERDICT, and refuses models whose name has "other" in it.
PROGRAM = """#!/usr/bin/env python3
import json, sys
a = sys.argv[1:]
if a == ["--version"]: print("rocmforge 0")
elif a[0] == "devices":
    print(json.dumps({"devices": [{"device": "cpu", "name": "C"}, {"device": "cuda:0", "name": "G",
          "kernels": "sm_80 (PTX)", "version": "CUDA 12"}], "passed_over": []}))
elif "other" in a[a.index("--gguf") + 1]: sys.exit("error: it is not supported")
elif "VERDICT" == "crash": sys.exit(-11)
else: print(json.dumps({"verdict": "VERDICT", "rms": 0.0, "max": 0.0}))
"""
SANITIZER = """#!/usr/bin/env python3
import subprocess, sys, time
a = sys.argv[1:]
log, tool = a[a.index("--log-file") + 1], a[a.index("--tool") + 1]
time.sleep(SLEEP)
open(log, "w").write({"memcheck": "MEMCHECK", "racecheck": "RACECHECK"}[tool] + "\\n")
sys.exit(subprocess.run(a[a.index("99") + 1:]).returncode)
"""
OPS = """#!/usr/bin/env python3
import json, sys
if "--gtest_brief=1" in sys.argv: sys.exit(print("passed"))
open(sys.argv[1].split("json:")[1], "w").write(json.dumps({"testsuites": [{"name": "Ops",
  "testsuite": [{"name": "a", "result": "RESULT"}, {"name": "b", "result": "COMPLETED"}]}]}))
"""


class GpuCheck(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.at = pathlib.Path(self.folder.name)
        for name in ("tiny", "other"):
            for path in (f"data/models/{name}.gguf", f"data/golden/{name}.json"):
                (self.at / path).parent.mkdir(parents=True, exist_ok=True)
                (self.at / path).write_text("{}")
        self.script("build/rocmforge", PROGRAM.replace("VERDICT", "pass"))
        self.script("build/tests/gpu/op_gpu_test", OPS.replace("RESULT", "COMPLETED"))
        self.sanitizer()

    def script(self, name, text):
        path = self.at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def sanitizer(self, memcheck="ERROR SUMMARY: 0 errors", sleep=0,
                  racecheck="RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"):
        self.script("sanitizer", SANITIZER.replace("MEMCHECK", memcheck)
                    .replace("RACECHECK", racecheck).replace("SLEEP", str(sleep)))

    def check(self, *more):
        done = subprocess.run(
            [sys.executable, "-B", TOOL, "--name", "g", "--build", self.at / "build", "--data",
             self.at / "data", "--out", self.at / "out", "--sanitizer", self.at / "sanitizer",
             *more], capture_output=True, text=True, timeout=50, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_all_right(self):
        code, words = self.check()
        self.assertEqual(code, 0, words)
        rows = json.loads((self.at / "out/sanitizer.json").read_text())
        self.assertEqual(rows["name"], "G")
        self.assertEqual([(r["tool"], r["kv_type"], r["result"]) for r in rows["results"]],
                         [(t, k, "clean") for t in ("memcheck", "racecheck")
                          for k in ("f32", "f16", None)])
        self.assertEqual(json.loads((self.at / "out/ops.json").read_text())["results"]["cases"], 2)
        self.assertEqual(len(json.loads((self.at / "out/goldens.json").read_text())["results"]), 3)

    def test_what_the_sanitizer_finds_fails(self):
        self.sanitizer(memcheck="ERROR SUMMARY: 1 error")
        code, words = self.check()
        self.assertEqual(code, 1)
        self.assertIn("memcheck tiny f32: ERROR SUMMARY: 1 error", words)
        self.sanitizer(racecheck="RACECHECK SUMMARY: 2 hazards displayed (0 errors, 2 warnings)")
        self.assertEqual(self.check("--only", "racecheck")[0], 1)

    def test_a_sanitizer_that_does_not_work_is_not_clean(self):
        self.sanitizer(memcheck="Device not supported")
        code, words = self.check("--only", "memcheck")
        self.assertEqual(code, 1)
        self.assertIn("no summary: Device not supported", words)
        (self.at / "sanitizer").unlink()
        code, words = self.check("--only", "memcheck")
        self.assertEqual(code, 1)
        self.assertIn("compute-sanitizer was not found", words)

    def test_a_case_that_takes_too_long_is_unfinished(self):
        self.sanitizer(sleep=30)
        code, words = self.check("--only", "racecheck", "--limit", "1")
        self.assertEqual(code, 1)
        self.assertIn("unfinished after 1 s", words)
        self.assertIn("racecheck: no case finished within 1 s", words)

    def test_wrong_results_fail(self):
        self.script("build/rocmforge", PROGRAM.replace("VERDICT", "fail"))
        code, words = self.check()
        self.assertEqual(code, 1)
        self.assertIn("golden tiny f16", words)
        self.assertIn("the program failed under it", words)

    def test_a_program_that_dies_refuses_nothing(self):
        self.script("build/rocmforge", PROGRAM.replace("VERDICT", "crash"))
        code, words = self.check("--only", "goldens")
        self.assertEqual(code, 1)
        self.assertIn("golden tiny", words)
        self.assertIn("error exit code", words)

    def test_op_cases_that_did_not_run_fail(self):
        (self.at / "build/tests/gpu/op_gpu_test").unlink()
        code, words = self.check("--only", "ops")
        self.assertEqual(code, 1)
        self.assertIn("is not built", words)
        self.script("build/tests/gpu/op_gpu_test",
                    OPS.replace("RESULT", "SKIPPED").replace("COMPLETED", "SKIPPED"))
        self.assertIn("every case was skipped", self.check("--only", "ops")[1])

    def test_a_build_that_is_not_there_is_one_line(self):
        (self.at / "build/rocmforge").unlink()
        code, words = self.check()
        self.assertEqual(code, 1)
        self.assertRegex(words, r"\Agpu_check: .*/build/rocmforge is not there: .*\n\Z")


if __name__ == "__main__":
    unittest.main()
