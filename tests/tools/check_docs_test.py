"""tools/check_docs.py on small trees made here: what is there passes, what is not is named."""
import pathlib
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
import check_docs  # noqa: E402

FILES = ("src/ir/ops.h", "src/ir/ops.cpp", "src/backend/cpu/ops/add.cpp", "tests/ir/ops_test.cpp",
         "tools/check.py", ".ci/run", "build/src/gone.cpp", "LICENSE")


class CheckDocs(unittest.TestCase):
    def missing(self, text, name="docs/architecture.md"):
        """What the check finds missing in a document of this text, line numbers left out."""
        with tempfile.TemporaryDirectory() as root:
            for file in FILES + (name,):
                path = pathlib.Path(root, file)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text if file == name else "")
            return [v.split(": ")[1] for v in check_docs.check(root)]

    def test_paths_from_the_root(self):
        self.assertEqual(self.missing("See src/ir/ops.h, src/ir/ and tests/ir. `.ci/run`."), [])
        self.assertEqual(self.missing("See src/ir/op.h.\nAnd tests/gguf."), ["src/ir/op.h", "tests/gguf"])
        self.assertEqual(self.missing("```\nninja src/ir/op.h\n```"), ["src/ir/op.h"])

    def test_every_document_is_read(self):
        for name in ("README.md", "CONTRIBUTING.md", "docs/a.md", "docs/decisions/0001-a.md"):
            self.assertEqual(self.missing("tools/gone.py", name), ["tools/gone.py"])
        self.assertEqual(self.missing("tools/gone.py", "src/notes.md"), [])

    def test_file_names_in_code(self):
        self.assertEqual(self.missing("`ops.h` `ir/ops.h` `cpu/ops/add.cpp` `python3 check.py`"), [])
        self.assertEqual(self.missing("`opt.h` `gpu/ops/add.cpp`"), ["gpu/ops/add.cpp", "opt.h"])
        self.assertEqual(self.missing("`ps.h`"), ["ps.h"])  # only whole names
        self.assertEqual(self.missing("`gone.cpp` is built"), ["gone.cpp"])  # build/ does not count
        self.assertEqual(self.missing("`model.gguf` `x.y` `Graph.nodes` `a.h()`"), [])

    def test_folders_in_code(self):
        self.assertEqual(self.missing("`backend/cpu` `cpu/ops/` `matmul/q`"), [])
        self.assertEqual(self.missing("`backend/gpu`"), ["backend/gpu"])

    def test_braces_stars_and_placeholders(self):
        self.assertEqual(self.missing("`src/ir/ops.{h,cpp}` `ops.{h,cpp}` src/*/ops.h"), [])
        self.assertEqual(self.missing("`src/ir/ops.{h,hip}`"), ["src/ir/ops.hip"])
        self.assertEqual(self.missing("tests/ir/*_bench.cpp"), ["tests/ir/*_bench.cpp"])
        self.assertEqual(self.missing("tests/<room>/NAME_test.cpp `NAME.cpp`"), [])

    def test_links(self):
        self.assertEqual(self.missing("[a](../LICENSE) [b](https://x.y/src/z) [c](#part)"), [])
        self.assertEqual(self.missing("[a](LICENSE)"), ["LICENSE"])
        self.assertEqual(self.missing("[a](LICENSE)", "README.md"), [])

    def test_the_line_is_named(self):
        with tempfile.TemporaryDirectory() as root:
            pathlib.Path(root, "README.md").write_text("one\ntwo tools/gone.py\n")
            self.assertEqual(check_docs.check(root),
                             ["README.md:2: tools/gone.py: there is no such file or folder"])


if __name__ == "__main__":
    unittest.main()
