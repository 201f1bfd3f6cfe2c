#!/usr/bin/env python3
"""Holds includes and CMake links to the layers of the house.

    tools/check_layers.py [ROOT]

Prints one line a violation and fails when there is one. What is held:
  - a room includes, and links, only what ALLOWED lets it reach, transitively and downwards;
  - what a room includes of another it also links (DEPENDS, transitively);
  - project headers are included with quotes and paths from src/ or emu/ (or the file's own top
    folder), outside headers with angle brackets;
  - nothing but emu/, the tests and the benchmarks includes emu/;
  - no header of a GPU vendor, anywhere; every header opens with #pragma once.
"""
import pathlib
import re
import sys

# Direct edges; a room reaches whatever these reach. cli hands one backend to the engine, which
# itself sees only the interface.
ALLOWED = {
    "base": [],
    "tensor": ["base"],
    "gguf": ["tensor"],
    "ir": ["tensor"],
    "quantize": ["gguf"],
    "kv": ["base"],
    "text": ["base"],
    "constrain": ["text"],
    "backend": ["ir"],
    "backend/cpu": ["backend"],
    "backend/gpu": ["backend", "backend/gpu/driver"],
    "backend/gpu/driver": ["base"],
    "backend/null": ["backend"],
    "model": ["ir", "gguf"],
    "engine": ["model", "backend", "kv", "text", "constrain"],
    "serve": ["engine", "serve/http", "serve/json"],
    "serve/http": ["base"],
    "serve/json": ["text"],
    "serve/openai": ["serve"],
    "serve/metrics": ["serve"],
    "serve/legacy": ["serve/openai"],
    "serve/page": ["serve/http"],
    "cli": ["serve/openai", "serve/page", "serve/legacy", "serve/metrics", "quantize", "backend/cpu", "backend/gpu", "backend/null"],
    # The emulator: a card for tests, beside the program and not in it.
    "emu/isa": ["base"],
    "emu/object": ["base"],
    "emu/machine": ["emu/isa", "emu/object"],
    "emu/check": ["emu/machine"],
    "emu/report": ["emu/machine"],
    "emu/hip": ["emu/check", "emu/report"],
}
ROOMS = ("src", "emu")  # the folders with rooms; those of emu have it in their name
FREE = ("apps", "tests", "bench")  # may include every room of src, and their own folder
USERS_OF_EMU = ("emu", "tests", "bench")
SOURCES = {".h", ".cpp", ".hip", ".cu", ".in"}

VENDOR = re.compile(
    r"^(hip[a-z]*|hsa|hsakmt|rocm|rocm_smi|amd_smi|rocblas|rocrand|rocprim|rocwmma|roctracer|rccl|miopen"
    r"|cuda|cutlass|cute|nvtx3|thrust|cub|CL|vulkan|level_zero)/"
    r"|^(hip|rocm|cuda|cudnn|cublas|cufft|curand|cusparse|cusolver|nccl|nvml|nvrtc|nvToolsExt"
    r"|cooperative_groups|mma|ze_api)[\w-]*\.h",
    re.IGNORECASE)
INCLUDE = re.compile(r"^\s*#\s*(?:include|include_next|import)\b\s*(.*)$")
TARGET = re.compile(r"^rocmforge_(\w+)$")


def reach(edges, start):
    """Everything that `start` gets to along `edges`, itself included."""
    seen, todo = set(), [start]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo.extend(edges.get(at, ()))
    return seen


def room_of(path):
    """The innermost room of a path below src/, or of emu/...: 'backend/cpu/ops/add.cpp' -> 'backend/cpu'."""
    parts = pathlib.PurePosixPath(path).parts
    for depth in range(len(parts) - 1, 0, -1):
        room = "/".join(parts[:depth])
        if room in ALLOWED:
            return room
    return None


def without_comments(text):
    """Blanks block and line comments, so that an include in one does not count."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", text)


class House:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.src = self.root / "src"
        self.violations = []
        self.uses = {}  # (room, room it includes) -> the first place that does

    def report(self, path, line, what):
        self.violations.append(f"{path.relative_to(self.root).as_posix()}:{line}: {what}")

    def room_of_file(self, path):
        base = self.src if path.is_relative_to(self.src) else self.root
        return room_of(path.relative_to(base).as_posix())

    def files(self, folder, pattern="*"):
        if not (self.root / folder).is_dir():
            return []
        return sorted(p for p in (self.root / folder).rglob(pattern) if p.is_file())

    # --- includes

    def check_sources(self):
        for top in ROOMS + FREE:
            for path in self.files(top):
                if path.suffix in SOURCES:
                    self.check_source(path, top)

    def check_source(self, path, top):
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".h" and not re.search(r"^#pragma once$", text, re.MULTILINE):
            self.report(path, 1, "a header without #pragma once")
        room = None
        if top in ROOMS:
            room = self.room_of_file(path)
            if room is None:
                self.report(path, 1, "lies in no room that tools/check_layers.py knows")
                return
        for number, line in enumerate(without_comments(text).split("\n"), 1):
            if match := INCLUDE.match(line):
                self.check_include(path, number, match.group(1).strip(), top, room)

    def check_include(self, path, number, spelled, top, room):
        match = re.match(r'^(["<])([^">]+)[">]$', spelled)
        if not match:
            self.report(path, number, f"include {spelled} cannot be read")
            return
        quoted, name = match.group(1) == '"', match.group(2)
        in_src = "/" in name and (self.src / name).is_file()
        in_emu = not in_src and "/" in name and (self.root / "emu" / name).is_file()
        other = room_of(name) if in_src else room_of("emu/" + name) if in_emu else None
        tops = ("bench", "tests") if top == "bench" else (top,)  # benchmarks time the tests' cases
        in_top = top in FREE and "/" in name and any((self.root / t / name).is_file() for t in tops)
        if ".." in name.split("/") or name.startswith("."):
            self.report(path, number, f'"{name}": the path must start at src/, without . or ..')
        elif not in_src and not in_emu and not in_top:
            if VENDOR.search(name):
                self.report(path, number, f"{name}: a vendor's header")
            elif quoted:
                self.report(path, number, f'"{name}": no such file below src/; outside headers take <>')
        elif not quoted:
            self.report(path, number, f"<{name}>: headers of the project take quotes")
        elif (in_src or in_emu) and room is not None:
            if self.check_edge(path, number, room, other, f'includes "{name}"'):
                self.uses.setdefault((room, other), (path, number))
        elif in_emu and not in_top and top not in USERS_OF_EMU:
            self.report(path, number, f'includes "{name}": {top} may not reach emu')

    def check_edge(self, path, number, room, other, how):
        if other is None:
            self.report(path, number, f"{room} {how}, which lies in no room")
        elif other not in reach(ALLOWED, room):
            self.report(path, number, f"{room} {how}: {room} may not reach {other}")
        else:
            return True
        return False

    # --- links

    def check_links(self):
        lists = [path for top in ROOMS for path in self.files(top, "CMakeLists.txt")]
        calls = [call for path in lists for call in self.calls_in(path)]
        rooms = {}  # library -> room
        for path, _, command, words in calls:
            if command == "rocmforge_library" and words:
                rooms[words[0]] = self.room_of_file(path)
        links = {}  # library -> the libraries that it names
        for path, number, command, words in calls:
            library, named = self.linked(command, words)
            room = rooms.get(library) or self.room_of_file(path)  # a shared library has its folder's
            for other in named:
                if room and other in rooms:
                    links.setdefault(library, set()).add(other)
                    self.check_edge(path, number, room, rooms[other], f"links {other}")
                elif other not in ("options",):
                    self.report(path, number, f"{library} links {other}: no such library of a room")
        self.check_uses(rooms, links)

    def calls_in(self, path):
        text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
        calls = r"\b(rocmforge_library|rocmforge_emu_library|target_link_libraries)\s*\(([^)]*)\)"
        for match in re.finditer(calls, text):
            number = text.count("\n", 0, match.start()) + 1
            command, words = match.group(1), match.group(2).split()
            if command == "rocmforge_emu_library" and words:  # rocmforge_library with a prefix
                command, words = "rocmforge_library", ["emu_" + words[0], *words[1:]]
            yield path, number, command, words

    @staticmethod
    def linked(command, words):
        """The library that a call speaks of, and the project's libraries that it links."""
        if not words:
            return "", []
        named = [m.group(1) for word in words[1:] if (m := TARGET.match(word))]
        if command == "target_link_libraries":
            return words[0].removeprefix("rocmforge_"), named
        keyword = None
        for word in words[1:]:
            if word in ("SOURCES", "DEPENDS", "LINKS", "EXPORTS"):
                keyword = word
            elif keyword == "DEPENDS":
                named.append(word)
        return words[0], named

    def check_uses(self, rooms, links):
        """An include that is allowed but not linked builds only by luck."""
        libraries = {}  # room -> its libraries
        for library, room in rooms.items():
            libraries.setdefault(room, set()).add(library)
        for (room, other), (path, number) in sorted(self.uses.items(), key=str):
            if room == other or not libraries.get(room) or not libraries.get(other):
                continue
            linked = set().union(*(reach(links, library) for library in libraries[room]))
            if not linked & libraries[other]:
                self.report(path, number, f"{room} includes {other} but does not name it in DEPENDS")


def check(root):
    house = House(root)
    house.check_sources()
    house.check_links()
    return house.violations


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    violations = check(root)
    for violation in violations:
        print(violation)
    print(f"layers: {len(violations)} violations" if violations else "layers: ok")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
