# Short names for what CMake, ctest and tools/ do; CONTRIBUTING.md tells more.
.DEFAULT_GOAL := build
.PHONY: build run targets test test-gfx1100 install format check asan tsan soak portable bench fuzz clean help \
        deps deps-gpu deps-test deps-check model
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
DESTDIR ?=
PROMPT ?= Gravity is
MODEL ?=
ARGS ?= --max-tokens 64 --temperature 0
# What the shell below gets, word for word.
export ROCMFORGE_PROMPT := $(value PROMPT)
export ROCMFORGE_MODEL := $(value MODEL)

# Any clang from 19 on; CI has 19.
CLANGXX = $(firstword $(foreach c,clang++-19 clang++-20 clang++-21 clang++,$(shell command -v $(c))) clang++-19)

# compile PRESET,FOLDER,CMAKE_ARGS: configures once (ninja does it again when it must), then builds.
define compile
@[ -f $(2)/build.ninja ] || cmake --preset $(1) $(3)
@cmake --build $(2)
endef

# What a folder that is configured already compiles its kernels for; else, for `run` alone, nothing
# where there is no card: it need not wait for kernels that nothing here can execute.
CARD := $(firstword $(wildcard /dev/kfd /dev/nvidiactl /proc/driver/nvidia/version))
NO_KERNELS = -DROCMFORGE_GPU_TARGETS=
# Empty when build/ has, or will have, no kernels.
WANTS_KERNELS = $(if $(wildcard build/CMakeCache.txt),$(shell sed -n \
	's/^ROCMFORGE_GPU_TARGETS:[A-Z]*=//p' build/CMakeCache.txt),$(if $(filter $(NO_KERNELS),$(CONFIGURE)),,yes))
CONFIGURE ?=

build: ## build the program: build/rocmforge
	@tools/install-deps.sh --check run $(if $(WANTS_KERNELS),gpu)
	$(call compile,release,build,$(CONFIGURE))

targets: deps deps-gpu ## build the program with kernels for every card
	@cmake --preset release -DROCMFORGE_GPU_TARGETS=all
	@cmake --build build

# The model comes while the compiler works; stdout has the answer alone.
run: CONFIGURE += $(if $(CARD),,$(NO_KERNELS))
run: deps ## install what is missing, build, fetch a small model, answer PROMPT (MODEL, ARGS)
	@if [ -n "$$ROCMFORGE_MODEL" ]; then $(MAKE) build CONFIGURE="$(CONFIGURE)"; \
	else $(MAKE) -j2 build model CONFIGURE="$(CONFIGURE)"; fi >&2
	@model=$${ROCMFORGE_MODEL:-$$(tools/fetch-model.sh)} && \
	build/rocmforge generate --gguf "$$model" --prompt "$$ROCMFORGE_PROMPT" --stream $(ARGS)

test: deps-test model ## install what is missing, build and run every test
	$(call compile,test,build-test)
	@if [ -e /etc/debian_version ]; then $(MAKE) portable CONFIGURE="$(NO_KERNELS)"; fi
	@echo "Test data: $${ROCMFORGE_TEST_DATA:-$$(ls -d ../shared 2>/dev/null || \
	  echo 'none; set ROCMFORGE_TEST_DATA (tests that want it are skipped)')}"
	@ctest --preset test

test-gfx1100: deps-test ## build, test the emulator, and the kernels of gfx1100 on it: op cases, models, seeded faults
	$(call compile,test,build-test)
	@ctest --preset test -L '^(gfx1100|emu)$$'

install: ## install under PREFIX (and DESTDIR) what `make` has built
	@[ -x build/rocmforge ] || $(MAKE) build
	@DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)" --strip
	@rm -f build/install_manifest.txt

format: ## format every C++ file
	@tools/check_format.sh --fix

check: ## check layers, formatting, sizes, documents and shell scripts
	@tools/check_layers.py
	@tools/check_format.sh
	@tools/check_sizes.py
	@tools/check_docs.py
	@for script in tools/*.sh .ci/run; do bash -n $$script || exit 1; done
	@if command -v shellcheck > /dev/null; then shellcheck tools/*.sh .ci/run; fi

asan: deps-test deps-check model ## build all with clang, run the tests under Address and UB sanitizers
	$(call compile,asan,build-asan,-DCMAKE_CXX_COMPILER=$(CLANGXX))
	@ctest --preset asan

# Of types of weights, whose threads meet in the same places, it takes three.
tsan: deps-test deps-check model ## run the tests of rooms with threads under the thread sanitizer
	$(call compile,tsan,build-tsan,-DCMAKE_CXX_COMPILER=$(CLANGXX))
	@ctest --preset tsan

# Seconds a target has; .ci/run gives each 40.
FUZZ_SECONDS ?= 1800
fuzz: deps-check ## run the fuzz targets, each for FUZZ_SECONDS (1800)
	@[ -f build-fuzz/build.ninja ] || cmake --preset fuzz -DCMAKE_CXX_COMPILER=$(CLANGXX)
	@cmake --build build-fuzz --target fuzz_targets
	@tools/fuzz.sh build-fuzz $(FUZZ_SECONDS)

# Seconds of it; the suite has two minutes.
SOAK_SECONDS ?= 1800
soak: deps-test model ## load a server with 64 clients of all manners for SOAK_SECONDS (1800)
	$(call compile,test,build-test)
	@tests/serve/soak/soak.py --program build-test/rocmforge --seconds $(SOAK_SECONDS)

portable: ## build build-portable/rocmforge, which needs glibc alone (Debian, Ubuntu)
	$(call compile,portable,build-portable,$(CONFIGURE))

bench: deps-test model ## run the benchmarks: single ops, then the whole model
	$(call compile,test,build-test)
	@set -e; for bench in $$(find build-test/bench -type f -executable -name '*_bench' | sort); do \
		$$bench; done
	@build-test/rocmforge bench --gguf "$$(tools/fetch-model.sh)" -p 512 -n 128

deps: ## install what the program needs
	@tools/install-deps.sh run $(if $(WANTS_KERNELS),gpu)

deps-gpu:
	@tools/install-deps.sh gpu

deps-test:
	@tools/install-deps.sh run gpu test

deps-check:
	@tools/install-deps.sh check

model: ## fetch the small model into the cache
	@tools/fetch-model.sh > /dev/null

clean: ## remove every build folder
	@rm -rf build build-test build-debug build-asan build-tsan build-portable build-fuzz

help: ## show this
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | \
	while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done
