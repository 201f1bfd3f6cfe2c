"""tools/check_sizes.py on files made here: each limit holds on both of its sides."""
import pathlib
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
import check_sizes  # noqa: E402


def function(n_lines, head="int f(int a) {", depth=0):
    """A function whose closing brace stands n_lines below its opening one."""
    pad = " " * depth
    body = [pad + "  if (a) {", pad + "  }"] + [pad + "  a += 1;"] * (n_lines - 3)
    return "\n".join([pad + head] + body + [pad + "}", ""])


class CheckSizes(unittest.TestCase):
    def check(self, name, data, long_files=None):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root, name)
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            return check_sizes.check(root, [name], long_files or {})

    def errors(self, *args):
        return self.check(*args)[0]

    def warnings(self, *args):
        return self.check(*args)[1]

    def test_lines(self):
        self.assertEqual(self.errors("x.cpp", "a\n" * 500), [])
        self.assertEqual(len(self.errors("x.cpp", "a\n" * 501)), 1)
        self.assertEqual(self.errors("x.cpp", "a\n" * 501, {"x.cpp": "a table"}), [])
        self.assertEqual(self.errors("x.json", "a\n" * 501), [])

    def test_an_excuse_that_is_not_needed(self):
        self.assertEqual(len(self.errors("x.cpp", "a\n" * 500, {"x.cpp": "a table"})), 1)

    def test_bytes_and_kind(self):
        self.assertEqual(self.errors("x.json", "a" * (256 * 1024)), [])
        self.assertEqual(len(self.errors("x.json", "a" * (256 * 1024 + 1))), 1)
        self.assertEqual(len(self.errors("x.dat", b"a\0b")), 1)
        self.assertEqual(len(self.errors("x.dat", b"\xff\xfe")), 1)

    def test_paths_of_a_machine(self):
        slash = "/"  # so that this file holds no such path itself
        for folder in ("home", "root", "tmp", "work", "Users"):
            self.assertEqual(len(self.errors("x.sh", f"cd {slash}{folder}/x\n")), 1)
            self.assertEqual(len(self.errors("x.sh", f'a="{slash}{folder}/x"\n')), 1)
        self.assertEqual(self.errors("x.sh", "a=src/root/x b=${TMPDIR:-/tmp} /usr/lib/x\n"), [])

    def test_functions(self):
        self.assertEqual(self.warnings("x.cpp", function(100)), [])
        self.assertEqual(self.warnings("x.cpp", function(101)), ["x.cpp:1: a function of 101 lines"])
        two_lines = "int f(int a,\n      int b) const {"
        self.assertEqual(len(self.warnings("x.cpp", function(101, two_lines))), 1)
        self.assertEqual(len(self.warnings("x.cpp", function(101, "void f() {", depth=2))), 1)
        self.assertEqual(self.warnings("x.cpp", function(60) * 4), [])
        self.assertEqual(self.warnings("x.cpp", "namespace a {\n" + function(90) * 2 + "}\n"), [])


if __name__ == "__main__":
    unittest.main()
