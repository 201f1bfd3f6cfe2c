#!/usr/bin/env python3
"""Seeds faults into the kernels of gfx1100, and holds the emulator to catching each of them.

    mutate.py --build BUILD [--only REGEX] [--jobs 2] [--markdown] [--keep FOLDER]
    mutate.py --build BUILD --only REGEX --object FOLDER     the mutated object itself, with lines

BUILD is a build folder of Ninja's with op_gpu_test and the emulator in it. A mutation of the source is
an exact replacement in a copy of src/backend/gpu/device, compiled by the commands of the build; one of
the code rewrites instructions of a built object to s_nop. The mutated object takes the place of the
program's own (ROCMFORGE_EMU_OBJECTS) while the op cases that concern it run: they must fail, and by what
seeds.py says: by that check, that fault, or wrong results. Failing otherwise, by a crash or for want of an
end, is not to be caught. A control runs the same cases on the object unmutated: it must pass.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import seeds  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
DEVICE = "src/backend/gpu/device"
S_NOP = struct.pack("<I", 0xBF800000)
CARD = "units=4"  # a small one: persistent kernels have few workgroups
SECONDS = 120  # of one run
TIMED_OUT = 124


class Broken(Exception):
    """The mutation itself cannot be made: its place is not as seeds.py has it."""


@dataclasses.dataclass
class Outcome:
    verdict: str  # CAUGHT, MISSED, OTHERWISE, BROKEN; of a control OK, FAILED
    by: str


def run(command, **how):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)


class Build:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.test = self.folder / "tests/gpu/op_gpu_test"
        self.library = self.folder / "emu/hip/libamdhip64_emu.so"
        self.objects = self.folder / "src/backend/gpu/device/gfx1100"

    def compilers(self, module):
        """The compiler's calls that make a module, as lists of arguments."""
        target = (self.objects / module).relative_to(self.folder).as_posix() + ".co"
        out = run(["ninja", "-C", str(self.folder), "-t", "commands", "-s", target])
        if out.returncode != 0:
            raise Broken(out.stdout.strip())
        parts = out.stdout.strip().splitlines()[-1].split("&&")
        calls = [shlex.split(p) for p in parts]
        # Without a launcher (ccache): what is compiled here is so once.
        calls = [c[1:] if "clang" not in pathlib.Path(c[0]).name else c for c in calls if c]
        return [c for c in calls if c and "clang" in pathlib.Path(c[0]).name]

    def compile(self, module, source, into, more=()):
        """`source` is a folder that has a copy of DEVICE; -> the object."""
        made = into / (module + ".co")
        for call in self.compilers(module):
            arguments = []
            for a in call:
                if a.startswith(str(self.objects)):
                    a = str(into / pathlib.Path(a).name)
                elif a.endswith(f"/{DEVICE}/{module}.hip"):
                    a = str(source / DEVICE / (module + ".hip"))
                elif a == f"-I{ROOT}/src":
                    arguments.append(f"-I{source}/src")  # first; what is not there comes from ROOT
                arguments.append(a)
            done = run(arguments + list(more))
            if done.returncode != 0:
                raise Broken("does not compile: " + done.stdout.strip()[-400:])
        for rest in list(into.glob("*.bc")) + list(into.glob("*.d")):
            rest.unlink()
        return made

    def run_cases(self, objects, seed, check):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ROCMFORGE_")}
        environment.update({
            "ROCMFORGE_HIP_LIBRARY": str(self.library), "ROCMFORGE_EMU_OBJECTS": str(objects),
            "ROCMFORGE_EMU_CARD": CARD, "ROCMFORGE_EMU_CHECK": check, "ROCMFORGE_EMU_THREADS": "1",
            "ROCMFORGE_EMU_LIMIT": "200000000"})
        call = [str(self.test), "--gtest_filter=" + seed.cases, "--gtest_fail_fast"]
        try:
            return run(call, env=environment, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(call, TIMED_OUT, "")


def replaced(text, what, by, path):
    if text.count(what) != 1:
        raise Broken(f"{path} has {text.count(what)} times: {what.strip()[:60]}")
    return text.replace(what, by)


def mutate_source(build, seed, room, more=()):
    shutil.copytree(ROOT / DEVICE, room / DEVICE)
    for path, what, by in seed.changes:
        at = room / DEVICE / path
        at.write_text(replaced(at.read_text(), what, by, path))
    return build.compile(seed.module, room, room, more)


def load_segments(image):
    """(address, offset, bytes) of what an ELF file loads."""
    at, size, n = struct.unpack_from("<Q", image, 32)[0], *struct.unpack_from("<HH", image, 54)
    for i in range(n):
        kind, _, offset, address, _, in_file, _, _ = struct.unpack_from("<IIQQQQQQ", image, at + i * size)
        if kind == 1:
            yield address, offset, in_file


def instructions(objdump, path, kernel):
    """(address, bytes, text) of a kernel's."""
    out = run([objdump, "-d", "--mcpu=gfx1100", f"--disassemble-symbols={kernel}", str(path)])
    for line in out.stdout.splitlines():
        found = re.match(r"\s+(\S.*?)\s*// ([0-9A-F]{12}):((?: [0-9A-F]{8})+)", line)
        if found:
            yield int(found[2], 16), 4 * len(found[3].split()), " ".join(found[1].split())


def mutate_code(build, seed, room, objdump):
    made = room / (seed.module + ".co")
    image = bytearray((build.objects / made.name).read_bytes())
    code = list(instructions(objdump, build.objects / made.name, seed.kernel))
    found = [i for i, after in zip(code, code[1:])
             if re.fullmatch(seed.instruction, i[2]) and re.fullmatch(seed.then, after[2])]
    if seed.which is not None:
        try:
            found = [found[seed.which]]
        except IndexError:
            found = []
    if not found:
        raise Broken(f"{seed.kernel} has no such {seed.instruction}")
    segments = list(load_segments(image))
    for address, n, _ in found:
        start = next(a for a in segments if a[0] <= address < a[0] + a[2])
        at = address - start[0] + start[1]
        image[at:at + n] = S_NOP * (n // 4)
    made.write_bytes(image)
    return f"{len(found)} of {found[0][2]}, from +{found[0][0]:#x} on" if len(found) > 1 else \
        f"{found[0][2]} at {found[0][0]:#x}"


def caught_by(done):
    """What says so first: a check of the emulator, or a result that is wrong."""
    if done.returncode == TIMED_OUT:
        return f"no end in {SECONDS} s"
    if done.returncode != 1:  # GoogleTest's own for cases that fail; a signal's number is negative
        return f"a crash: exit code {done.returncode}"
    text = done.stdout
    for known, name in seeds.WORDS:
        if re.search(known, text):
            return name
    return text.strip().splitlines()[-1][:120] if text.strip() else "nothing said"


def try_seed(build, seed, args, keep):
    with tempfile.TemporaryDirectory(prefix="rocmforge-mutation-") as folder:
        room = pathlib.Path(folder)
        try:
            if isinstance(seed, seeds.Source):
                mutate_source(build, seed, room)
                where = ", ".join(sorted({c[0] for c in seed.changes}))
            else:
                where = f"{seed.kernel}: {mutate_code(build, seed, room, args.objdump)}"
        except Broken as why:
            return "", Outcome("BROKEN", str(why))
        done = build.run_cases(room, seed, seed.check)
        if keep:
            name = re.sub(r"\W+", "_", seed.what)
            pathlib.Path(keep, name + ".txt").write_text(done.stdout)
        if done.returncode == 0:
            return where, Outcome("MISSED", "the cases pass")
        by = caught_by(done)
        if by != seed.caught:
            return where, Outcome("OTHERWISE", f"{by}; expected: {seed.caught}")
        return where, Outcome("CAUGHT", by)


def control(build, key):
    """The object as it is, in the same place: the cases pass, and are not none."""
    module, cases, check = key
    with tempfile.TemporaryDirectory(prefix="rocmforge-control-") as folder:
        shutil.copy(build.objects / (module + ".co"), folder)
        done = build.run_cases(folder, dataclasses.make_dataclass("Cases", ["cases"])(cases), check)
    ran = re.search(r"\[  PASSED  \] (\d+) test", done.stdout)
    if done.returncode == 0 and ran and int(ran[1]) > 0 and "SKIPPED" not in done.stdout:
        return Outcome("OK", f"{ran[1]} cases pass")
    return Outcome("FAILED", caught_by(done))


def show(rows, markdown):
    heads = ("mutation", "where", "caught by", "verdict")
    if markdown:
        rows = [tuple(c.replace("|", "\\|") for c in r) for r in rows]
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
        for row in rows:
            print("| " + " | ".join(row) + " |")
        return
    widths = [min(72, max(len(r[i]) for r in rows + [heads])) for i in range(3)]
    for row in [heads] + rows:
        print("  ".join(c[:w].ljust(w) for c, w in zip(row, widths)) + "  " + row[3])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="", help="mutations whose description matches")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--objdump", default="llvm-objdump-19")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--keep", help="a folder for what the runs print")
    parser.add_argument("--object", help="a folder for the one mutation's object; nothing is run")
    args = parser.parse_args()
    build = Build(args.build)
    chosen = [s for s in seeds.SEEDS if re.search(args.only, s.what)]
    if args.object:
        if len(chosen) != 1 or not isinstance(chosen[0], seeds.Source):
            parser.error("--object wants --only to name one mutation of a source")
        os.makedirs(args.object, exist_ok=True)
        mutate_source(build, chosen[0], pathlib.Path(args.object).resolve(), ["-gline-tables-only"])
        return 0
    keys = sorted({(s.module, s.cases, s.check) for s in chosen})
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        controls = [pool.submit(control, build, k) for k in keys]
        tries = [pool.submit(try_seed, build, s, args, args.keep) for s in chosen]
        rows = []
        for key, outcome in zip(keys, controls):
            o = outcome.result()
            rows.append((f"none (control, {key[2]})", f"{key[0]}.co, {key[1]}", o.by, o.verdict))
        for seed, outcome in zip(chosen, tries):
            where, o = outcome.result()
            rows.append((seed.what, where or seed.module, o.by, o.verdict))
    show(rows, args.markdown)
    bad = sum(r[3] not in ("OK", "CAUGHT") for r in rows)
    n = len(chosen)
    print(f"{n} mutations, {sum(r[3] == 'CAUGHT' for r in rows)} caught; {len(keys)} controls, "
          f"{sum(r[3] == 'OK' for r in rows)} pass")
    return 1 if bad or n == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
