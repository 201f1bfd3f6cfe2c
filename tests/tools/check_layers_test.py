"""tools/check_layers.py on small houses: sound ones pass, each kind of violation is named."""
import pathlib
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
import check_layers  # noqa: E402

HEADER = "#pragma once\n"


def library(name, depends=""):
    return f"rocmforge_library({name}\n  SOURCES x.cpp\n  DEPENDS {depends})\n"


def emu_library(name, depends):
    return f"rocmforge_emu_library({name}\n  SOURCES x.cpp\n  DEPENDS {depends})\n"


# A sound house: a header in each room that the cases below include or link.
SOUND = {
    "src/base/error.h": HEADER,
    "src/base/CMakeLists.txt": "rocmforge_library(base SOURCES x.cpp EXPORTS Threads::Threads)\n",
    "src/tensor/shape.h": HEADER + '#include <vector>\n\n#include "base/error.h"\n',
    "src/tensor/CMakeLists.txt": library("tensor", "base"),
    "src/ir/graph.h": HEADER + '#include "tensor/shape.h"\n#include "base/error.h"\n',
    "src/ir/passes/fuse.h": HEADER + '#include "ir/graph.h"\n',
    "src/ir/CMakeLists.txt": library("ir", "tensor"),
    "src/backend/device.h": HEADER + '#include "ir/graph.h"\n',
    "src/backend/cpu/device.h": HEADER + '#include "backend/device.h"\n',
    "src/backend/cpu/simd/isa.h": HEADER + '#include "backend/cpu/device.h"\n',
    "src/backend/cpu/CMakeLists.txt": library("backend_cpu", "backend"),
    "src/backend/gpu/device.h": HEADER + '#include "backend/device.h"\n'
                                         '#include "backend/gpu/driver/api.h"\n',
    "src/backend/gpu/driver/api.h": HEADER + '#include "base/error.h"\n',
    "src/backend/null/device.h": HEADER + '#include "backend/device.h"\n',
    "src/backend/CMakeLists.txt": library("backend", "ir"),
    "src/model/model.h": HEADER + '#include "ir/graph.h"\n',
    "src/kv/pool.h": HEADER + '#include "base/error.h"\n',
    "src/engine/engine.h": HEADER + '#include "model/model.h"\n#include "backend/device.h"\n',
    "src/cli/run.cpp": '#include "engine/engine.h"\n#include "backend/cpu/device.h"\n',
    "emu/CMakeLists.txt": "function(rocmforge_emu_library NAME)\n"
                          "  rocmforge_library(emu_${NAME} ${ARGN})\nendfunction()\n",
    "emu/isa/decode.h": HEADER + '#include "base/error.h"\n',
    "emu/isa/CMakeLists.txt": emu_library("isa", "base"),
    "emu/object/code_object.h": HEADER,
    "emu/machine/machine.h": HEADER + '#include "isa/decode.h"\n#include "object/code_object.h"\n',
    "emu/machine/exec/scalar.cpp": '#include "machine/machine.h"\n',
    "emu/machine/CMakeLists.txt": emu_library("machine", "emu_isa emu_object base"),
    "emu/object/CMakeLists.txt": emu_library("object", "base"),
    "emu/check/watches.h": HEADER + '#include "machine/machine.h"\n',
    "emu/report/report.h": HEADER + '#include "machine/machine.h"\n',
    "emu/hip/api.h": HEADER + '#include "check/watches.h"\n#include "report/report.h"\n',
    "emu/hip/CMakeLists.txt": "add_library(amdhip64_emu SHARED x.cpp)\n"
                              "target_link_libraries(amdhip64_emu PRIVATE rocmforge_emu_machine)\n",
    "emu/hip/api.cpp": '#include "hip/api.h"\n',
    "tests/emu/decode_test.cpp": '#include "isa/decode.h"\n#include "base/error.h"\n',
    "apps/main.cpp": '#include "cli/run.h"\n',
    "src/cli/run.h": HEADER,
    "tests/support/data.h": HEADER,
    "tests/op/add_test.cpp": '#include <gtest/gtest.h>\n#include "support/data.h"\n'
                             '#include "backend/gpu/device.h"\n',
}


class CheckLayers(unittest.TestCase):
    def violations(self, changes):
        with tempfile.TemporaryDirectory() as root:
            for name, text in {**SOUND, **changes}.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check_layers.check(root)

    def refuse(self, path, text, *words):
        """The one changed file gives exactly one violation, which opens with its path."""
        found = self.violations({path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(path + ":"), found)
        for word in words:
            self.assertIn(word, found[0])

    def refuse_include(self, path, name, *words):
        pragma = HEADER if path.endswith(".h") else ""
        self.refuse(path, f"{pragma}#include {name}\n", *words)

    def test_a_sound_house_passes(self):
        self.assertEqual(self.violations({}), [])

    def test_upward_includes(self):
        self.refuse_include("src/base/x.cpp", '"tensor/shape.h"', "base may not reach tensor")
        self.refuse_include("src/tensor/x.cpp", '"ir/graph.h"', "tensor may not reach ir")
        self.refuse_include("src/ir/passes/x.cpp", '"backend/device.h"', "ir may not reach backend")

    def test_sideward_includes(self):
        self.refuse_include("src/model/x.cpp", '"backend/device.h"', "model may not reach backend")
        self.refuse_include("src/backend/x.cpp", '"model/model.h"', "backend may not reach model")
        self.refuse_include("src/kv/x.cpp", '"tensor/shape.h"', "kv may not reach tensor")

    def test_the_engine_sees_no_single_backend(self):
        for kind in ("cpu", "gpu", "null"):
            self.refuse_include("src/engine/x.cpp", f'"backend/{kind}/device.h"',
                                f"engine may not reach backend/{kind}")

    def test_backends_do_not_see_each_other(self):
        self.refuse_include("src/backend/cpu/ops/x.cpp", '"backend/gpu/device.h"')
        self.refuse_include("src/backend/gpu/x.cpp", '"backend/cpu/device.h"')
        self.refuse_include("src/backend/null/x.cpp", '"backend/cpu/device.h"')
        self.refuse_include("src/backend/executor.h", '"backend/cpu/device.h"',
                            "backend may not reach backend/cpu")

    def test_a_driver_knows_only_the_base(self):
        for name in ("backend/device.h", "backend/gpu/device.h", "tensor/shape.h"):
            self.refuse_include("src/backend/gpu/driver/x.cpp", f'"{name}"',
                                "backend/gpu/driver may not reach")
        self.refuse_include("src/backend/cpu/x.cpp", '"backend/gpu/driver/api.h"')

    def test_paths_start_at_the_root(self):
        self.refuse_include("src/base/x.cpp", '"error.h"', "no such file below src/")
        self.refuse_include("src/base/x.cpp", '"../base/error.h"', "without . or ..")
        self.refuse_include("src/base/x.cpp", '"./error.h"', "without . or ..")
        self.refuse_include("src/base/x.cpp", "<base/error.h>", "take quotes")
        self.refuse_include("src/base/x.cpp", "SOME_MACRO", "cannot be read")

    def test_the_library_does_not_see_the_tests(self):
        self.refuse_include("src/base/x.cpp", '"support/data.h"')

    def test_vendor_headers(self):
        for name in ("hip/hip_runtime.h", "cuda.h", "cuda_runtime_api.h", "cuda_fp16.h",
                     "hipblas/hipblas.h", "rocblas/rocblas.h", "hsa/hsa.h", "cublas_v2.h",
                     "nvrtc.h", "nccl.h", "thrust/sort.h"):
            self.refuse_include("src/backend/gpu/x.cpp", f"<{name}>", "vendor")
            self.refuse_include("tests/op/x.cpp", f'"{name}"', "vendor")

    def test_outside_headers_that_only_look_like_a_vendors(self):
        for name in ("curl/curl.h", "curses.h", "hwy/highway.h", "cuchar", "boost/json.hpp"):
            self.assertEqual(self.violations({"src/base/x.cpp": f"#include <{name}>\n"}), [])

    def test_an_include_in_a_comment_does_not_count(self):
        text = '// #include "ir/graph.h"\n/*\n#include "ir/graph.h"\n*/\n'
        self.assertEqual(self.violations({"src/base/x.cpp": text}), [])

    def test_pragma_once(self):
        self.refuse("src/base/x.h", "int x();\n", "#pragma once")
        self.refuse("tests/support/x.h", "int x();\n", "#pragma once")

    def test_the_program_does_not_see_the_emulator(self):
        self.refuse_include("src/base/x.cpp", '"isa/decode.h"', "base may not reach emu/isa")
        self.refuse_include("src/cli/x.cpp", '"hip/api.h"', "cli may not reach emu/hip")
        self.refuse_include("apps/x.cpp", '"hip/api.h"', "apps may not reach emu")
        self.refuse_include("apps/x.cpp", '"machine/machine.h"', "apps may not reach emu")
        self.refuse_include("src/backend/gpu/x.cpp", "<hip/hip_runtime.h>", "vendor")

    def test_the_emulators_layers(self):
        self.refuse_include("emu/isa/x.cpp", '"tensor/shape.h"', "emu/isa may not reach tensor")
        self.refuse_include("emu/hip/x.cpp", '"backend/gpu/driver/api.h"',
                            "emu/hip may not reach backend/gpu/driver")
        self.refuse_include("emu/isa/x.cpp", '"machine/machine.h"',
                            "emu/isa may not reach emu/machine")
        self.refuse_include("emu/object/x.cpp", '"isa/decode.h"',
                            "emu/object may not reach emu/isa")
        self.refuse_include("emu/report/x.cpp", '"check/watches.h"',
                            "emu/report may not reach emu/check")
        self.refuse_include("emu/machine/exec/x.cpp", '"hip/api.h"',
                            "emu/machine may not reach emu/hip")
        self.refuse_include("emu/isa/x.cpp", '"decode.h"', "no such file")
        self.refuse("emu/attic/x.cpp", "", "no room")

    def test_the_emulators_links(self):
        self.refuse("emu/isa/CMakeLists.txt", emu_library("isa", "base ir"), "may not reach ir")
        self.refuse("emu/object/CMakeLists.txt", emu_library("object", "base emu_isa"),
                    "emu/object links emu_isa: emu/object may not reach emu/isa")
        self.refuse("emu/hip/CMakeLists.txt",
                    "target_link_libraries(amdhip64_emu PRIVATE rocmforge_ir)\n",
                    "emu/hip may not reach ir")
        found = self.violations(
            {"emu/machine/CMakeLists.txt": emu_library("machine", "emu_isa base")})
        self.assertEqual(len(found), 1, found)
        self.assertIn("emu/machine includes emu/object but does not name it in DEPENDS", found[0])

    def test_unknown_rooms(self):
        self.refuse("src/attic/x.cpp", "", "no room")

    def test_links(self):
        self.refuse("src/kv/CMakeLists.txt", library("kv", "base tensor"), "may not reach tensor")
        self.refuse("src/kv/CMakeLists.txt", library("kv", "base tenser"), "no such library")
        self.refuse("src/kv/CMakeLists.txt",
                    library("kv", "base") + "target_link_libraries(rocmforge_kv rocmforge_ir)\n",
                    "may not reach ir")
        self.refuse("src/engine/CMakeLists.txt", library("engine", "backend backend_cpu ir"),
                    "engine may not reach backend/cpu")

    def test_an_include_needs_its_link(self):
        found = self.violations({"src/backend/CMakeLists.txt": library("backend", "base")})
        self.assertEqual(len(found), 1, found)
        self.assertIn("backend includes ir but does not name it in DEPENDS", found[0])


if __name__ == "__main__":
    unittest.main()
