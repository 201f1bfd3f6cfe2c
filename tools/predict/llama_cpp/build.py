"""Compiles llama.cpp's HIP backend for gfx1100 into a folder outside of this repository.

    build.py --llama LLAMA --hip HIP --emulator libamdhip64_emu.so --out FOLDER [--device NAME,...] [-j N]

LLAMA: a checkout of llama.cpp, built with shared libraries (llama-bench in LLAMA/build/bin). HIP: a
folder with include/hip of HIP 5.2 (Debian: libamdhip64-dev, unpacked). FOLDER gets libggml-hip.so, and
a code object for each source file whose kernels --device names; the others can be linked, not launched.
"""
import argparse
import concurrent.futures
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# What a step of a llama with weights of 4 to 8 bits launches, and its attention.
DEVICE = ("quantize mmvq mmq mmq-instance-q4_0 mmq-instance-q8_0 mmq-instance-q4_k mmq-instance-q6_k norm"
          " rope fattn fattn-tile fattn-tile-instance-dkq128-dv128 fattn-vec-instance-f16-f16 getrows"
          " set-rows cpy binbcast unary convert").split()
# Instances that only take time: nothing of a llama calls them.
LEFT_OUT = re.compile(r"template-instances/(fattn-(tile-instance-(?!dkq128)|vec-instance-(?!f16-f16)|mma)"
                      r"|mmf-|mmq-instance-(?!q4_0|q8_0|q4_k|q6_k))")
FLAGS = ("-std=c++17 -O3 -DNDEBUG -fPIC -w -funsafe-math-optimizations -nogpulib -D__HIP_PLATFORM_AMD__"
         " -D_GNU_SOURCE -DGGML_USE_HIP -DGGML_HIP_GRAPHS -DGGML_HIP_NO_VMM -DGGML_BACKEND_DL"
         " -DGGML_BACKEND_SHARED -DGGML_BACKEND_BUILD -DGGML_SHARED -DGGML_BUILD").split()


def run(command, into=None):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout[-3000:]}")
    if into:
        into.write_text(done.stdout, encoding="utf-8")
    return done.stdout


def newer(target, *sources):
    return target.exists() and all(target.stat().st_mtime >= s.stat().st_mtime for s in sources)


def needs(code_object):
    """Registers and LDS of each kernel, from the metadata of a code object."""
    notes = run(["llvm-readelf-19", "--notes", code_object])
    found = []
    for part in notes.split("- .agpr_count")[1:] if "- .agpr_count" in notes else notes.split("- .args:")[1:]:
        value = {k: v for k, v in re.findall(r"\n\s*\.(name|vgpr_count|group_segment_fixed_size):\s+(\S+)", part)
                 if k != "name" or v.startswith("_Z")}
        if "name" in value and "vgpr_count" in value:
            found.append(f"{value['name']} {value['vgpr_count']} {value['group_segment_fixed_size']}\n")
    return "".join(found)


class Build:
    def __init__(self, args):
        self.out = pathlib.Path(args.out)
        self.ggml = pathlib.Path(args.llama) / "ggml"
        self.flags = ["clang++-19", "-x", "hip", "--offload-arch=gfx1100", "-include", HERE / "shim/prelude.h",
                      f"--rocm-path={args.hip}", f"-I{HERE / 'shim'}", f"-I{args.hip}/include",
                      *(f"-I{self.ggml / d}" for d in ("include", "src", "src/ggml-cuda")), *FLAGS]

    def device(self, source):
        target = self.out / f"{source.stem}.co"
        if not newer(target, source, HERE / "shim/prelude.h"):
            run(self.flags + ["--cuda-device-only", "--no-gpu-bundle-output", source, "-o", target])
        (self.out / f"{source.stem}.needs").write_text(needs(target), encoding="utf-8")

    def host(self, source):
        target, label = self.out / f"{source.stem}.o", self.out / f"{source.stem}.name"
        if not newer(target, source, HERE / "shim/prelude.h"):
            label.write_bytes(source.stem.encode() + b"\0")
            run(self.flags + ["--cuda-host-only", "-Xclang", "-fcuda-include-gpubinary", "-Xclang", label,
                              "-c", source, "-o", target])
        return target


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("llama", "hip", "emulator", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--device", default=",".join(DEVICE))
    parser.add_argument("-j", type=int, default=2)
    args = parser.parse_args()
    build = Build(args)
    build.out.mkdir(parents=True, exist_ok=True)
    cuda = build.ggml / "src/ggml-cuda"
    sources = sorted(cuda.glob("*.cu")) + sorted((cuda / "template-instances").glob("*.cu"))
    sources = [s for s in sources if not LEFT_OUT.search(str(s))]
    wanted = args.device.split(",")
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        objects = [pool.submit(build.host, s) for s in sources]
        device = [pool.submit(build.device, s) for s in sources if s.stem in wanted]
        failed = [f.exception() for f in objects + device if f.exception()]
    if failed:
        sys.exit("\n".join(map(str, failed)))
    link(build.out, [o.result() for o in objects], args)
    print(f"{build.out}/libggml-hip.so, {len(sources)} sources, {len(device)} with device code")


def link(out, objects, args):
    """The backend as a library. What was left out is there by name, and ends the program when called."""
    emulator = pathlib.Path(args.emulator).resolve()
    symbols = run(["nm", *objects])
    have = set(re.findall(r"^\S+ [TtWwVuDB] (\S+)$", symbols, re.M))
    have |= set(re.findall(r" T (\S+)$", run(["nm", "-D", "--defined-only", emulator]), re.M))
    runtime = (HERE / "runtime.cpp").read_text(encoding="utf-8")
    left_out = sorted(name for name in set(re.findall(r"^ +U (\S+)$", symbols, re.M)) - have
                      if re.match(r"hip[A-Z]|_Z\w*(ggml_cuda_|mul_mat_f_cuda|mul_mat_q_case)", name)
                      and name not in runtime)
    stubs = out / "left_out.s"
    stubs.write_text("".join(f".globl {n}\n{n}:\n  leaq 1f(%rip), %rdi\n  jmp rocmforge_left_out\n1: .asciz \"{n}\"\n"
                             for n in left_out), encoding="utf-8")
    run(["clang++-19", "-c", "-x", "assembler", stubs, "-o", out / "left_out.o"])
    run(["clang++-19", "-shared", "-fPIC", "-O2", "-std=c++17", "-D__HIP_PLATFORM_AMD__", "-w",
         f"-I{args.hip}/include", HERE / "runtime.cpp", *objects, out / "left_out.o",
         "-o", out / "libggml-hip.so", "-Wl,-z,lazy", "-Wl,-z,muldefs", "-Wl,-Bsymbolic", emulator,
         f"-Wl,-rpath,{emulator.parent}", f"-L{args.llama}/build/bin", "-lggml-base"])


if __name__ == "__main__":
    main()
