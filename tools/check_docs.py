#!/usr/bin/env python3
"""Holds the documents to the tree: what they name exists.

    tools/check_docs.py [ROOT]

Reads README.md, CONTRIBUTING.md and docs/**/*.md. What is held:
  - the target of every link that is no URL, from the document's own folder;
  - every path that starts at a folder of the root (src/, tests/, ...), wherever it stands;
  - in `code`, every name of a source file (`runner.cpp`, `engine/runner.cpp`: some file must end so)
    and every folder of src/ (`backend/cpu`).
`x.{h,cpp}` is both, `*` must match something; with a placeholder in it (NAME, <room>) a path is
nobody's.
"""
import fnmatch
import os
import pathlib
import re
import sys

TOPS = ("src", "emu", "tests", "tools", "docs", "cmake", "apps", "bench", ".ci")
ENDINGS = ("h", "cpp", "py", "sh", "cmake", "md", "txt", "in")

LINK = re.compile(r"\]\(([^)\s]+)\)")
ROOTED = re.compile(r"(?<![\w./~$}-])(?:%s)/[\w.{},*<>/-]*" % "|".join(map(re.escape, TOPS)))
CODE = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?<![\w./~$-])[\w{][\w.{},*<>/-]*\.(?:\{[\w,]+\}|(?:%s)\b(?![\w/(]))" % "|".join(ENDINGS))
FOLDER = re.compile(r"^[a-z_]+(?:/[a-z_]+)+/?$")
PLACEHOLDER = re.compile(r"NAME|TYPE|<|>")


def documents(root):
    named = [root / "README.md", root / "CONTRIBUTING.md"]
    return [p for p in named if p.is_file()] + sorted((root / "docs").rglob("*.md"))


def tree(root):
    """Every file of the root, as a path from it; no build folders, nothing of git's."""
    found = []
    for at, folders, files in os.walk(root):
        if pathlib.Path(at) == root:
            folders[:] = [f for f in folders if not f.startswith("build") and f != ".git"]
        folders[:] = [f for f in folders if f != "__pycache__"]
        found += [pathlib.Path(at, f).relative_to(root).as_posix() for f in files]
    return found


def expand(path):
    """'a.{h,cpp}' -> 'a.h', 'a.cpp'."""
    match = re.search(r"\{([^{}]*)\}", path)
    if not match:
        return [path]
    return [whole for part in match.group(1).split(",")
            for whole in expand(path[:match.start()] + part + path[match.end():])]


class Documents:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.files = tree(self.root)
        self.folders = {p.as_posix() for f in self.files for p in pathlib.PurePosixPath(f).parents}
        self.rooms = {f.split("/")[1] for f in self.files if f.startswith("src/") and f.count("/") > 1}
        self.violations = []

    def check(self):
        for document in documents(self.root):
            text = document.read_text(encoding="utf-8")
            for number, line in enumerate(text.split("\n"), 1):
                for what in sorted(self.missing(document, line)):
                    name = document.relative_to(self.root).as_posix()
                    self.violations.append(f"{name}:{number}: {what}: there is no such file or folder")
        return self.violations

    def missing(self, document, line):
        out = set()
        for target in LINK.findall(line):
            path = target.split("#")[0]
            if path and "://" not in path and not (document.parent / path).exists():
                out.add(path)
        for match in ROOTED.finditer(line):
            path = match.group().rstrip(".,").rstrip("/")
            out.update(p for p in self.parts(path) if not self.exists(p))
        for code in CODE.findall(line):
            for match in FILE.finditer(code):
                out.update(p for p in self.parts(match.group()) if not self.ends_a_file(p))
            if FOLDER.match(code) and code.split("/")[0] in self.rooms:
                if not self.ends_a_folder(code.rstrip("/")):
                    out.add(code)
        return out

    @staticmethod
    def parts(path):
        return [] if PLACEHOLDER.search(path) else expand(path)

    def exists(self, path):
        if "*" in path:
            return any(fnmatch.fnmatchcase(f, path) for f in self.files)
        return path in self.folders or path in self.files

    def ends_a_file(self, path):
        return any(fnmatch.fnmatchcase("/" + f, "*/" + path) for f in self.files)

    def ends_a_folder(self, path):
        return any(("/" + f).endswith("/" + path) for f in self.folders)


def check(root):
    return Documents(root).check()


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    violations = check(root)
    for violation in violations:
        print(violation)
    print(f"documents: {len(violations)} violations" if violations else "documents: ok")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
