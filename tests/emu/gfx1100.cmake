# What runs on the emulated card: tests of the label gfx1100, `make test-gfx1100`. The programs are those
# of tests/gpu, which take the card that ROCMFORGE_HIP_LIBRARY presents.
set(counters ${CMAKE_CURRENT_BINARY_DIR}/counters)
file(MAKE_DIRECTORY ${counters})
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# rocmforge_emulated(NAME COMMAND ... ENV VAR=VALUE... [COUNTERS FOR] [NEEDS_DATA] [TIMEOUT s])
# COUNTERS: what it dispatches counts for gfx1100/FOR. NEEDS_DATA: where nothing failed and there are no
# models it shows as skipped; no test shows so for want of a card.
function(rocmforge_emulated NAME)
  cmake_parse_arguments(ARG "NEEDS_DATA" "TIMEOUT;COUNTERS" "COMMAND;ENV" ${ARGN})
  if(ARG_NEEDS_DATA)
    list(PREPEND ARG_COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/run_suite.py)
    # add_test() puts the file for a target's name at the start of a command alone.
    list(GET ARG_COMMAND 2 program)
    if(TARGET ${program})
      list(REMOVE_AT ARG_COMMAND 2)
      list(INSERT ARG_COMMAND 2 $<TARGET_FILE:${program}>)
    endif()
  endif()
  add_test(NAME gfx1100/${NAME} COMMAND ${ARG_COMMAND})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 1500)  # against hangs; on a busy machine it takes ten times as long as alone
  endif()
  set(environment ROCMFORGE_HIP_LIBRARY=$<TARGET_FILE:amdhip64_emu> ROCMFORGE_EMU_THREADS=1 ${ARG_ENV})
  if(ARG_COUNTERS)
    string(REPLACE "/" "_" file ${NAME})
    list(APPEND environment ROCMFORGE_EMU_COUNTERS=${counters}/${file}.json)
    set(${ARG_COUNTERS}_files ${${ARG_COUNTERS}_files} ${counters}/${file}.json PARENT_SCOPE)
    set_tests_properties(gfx1100/${NAME} PROPERTIES FIXTURES_SETUP gfx1100_${ARG_COUNTERS})
  endif()
  # COST: they take minutes and start first, lest the last one runs alone.
  set_tests_properties(gfx1100/${NAME} PROPERTIES LABELS gfx1100 TIMEOUT ${ARG_TIMEOUT} COST 100
    ENVIRONMENT "${environment}"
    FAIL_REGULAR_EXPRESSION "no GPU that this program has kernels for;PASSED  . 0 tests")
  if(ARG_NEEDS_DATA)
    set_tests_properties(gfx1100/${NAME} PROPERTIES
      FAIL_REGULAR_EXPRESSION "no GPU that this program has kernels for" SKIP_RETURN_CODE 77)
  endif()
endfunction()

# Every op case, launched and replayed: on the whole card; and, in parts that run side by side, with all
# checks on a card of four compute units.
rocmforge_emulated(ops COMMAND op_gpu_test COUNTERS every_kernel)
set(parts 4)
foreach(part RANGE 1 ${parts})
  math(EXPR index "${part} - 1")
  rocmforge_emulated(ops_checked/${part} COMMAND op_gpu_test COUNTERS every_kernel_checked
    ENV ROCMFORGE_EMU_CHECK=full ROCMFORGE_EMU_CARD=units=4
        GTEST_TOTAL_SHARDS=${parts} GTEST_SHARD_INDEX=${index})
endforeach()
# Products of many rows as gfx10 makes them, on a card that passes for one: kernels of its sources,
# compiled for gfx1100. All checks but that of kernels' instructions, which tests/gpu makes of gfx1030.
get_property(sources GLOBAL PROPERTY ROCMFORGE_DEVICE_SOURCES)
list(FILTER sources EXCLUDE REGEX "attention|sampling|random")
rocmforge_device_objects(device gfx1100 "${sources}" objects AS gfx1030 FLAGS -DROCMFORGE_TEST_GFX10)
rocmforge_embed_objects("${objects}" embedded)
add_executable(op_as_gfx10_test ${PROJECT_SOURCE_DIR}/tests/gpu/op_gpu_test.cpp ${embedded})
target_compile_definitions(op_as_gfx10_test PRIVATE "ROCMFORGE_TEST_AS_TARGET=\"gfx1030\"")
target_link_libraries(op_as_gfx10_test PRIVATE rocmforge_op_cases rocmforge_gpu rocmforge_options
  rocmforge_test_support GTest::gtest_main)
set(many_rows "*tiles*:*edges*_9:*edges*_1?:*edges*_3?:*edges*_6?:*edges*_1??:*edges*_512:*67x70*:")
string(APPEND many_rows "*odd_blocks_19:*mixed*_12:*mixed*_66:*mixed*_150:*mix_12:*mix_66:*mix_150:*halves*")
rocmforge_emulated(ops_as_gfx10 COMMAND op_as_gfx10_test "--gtest_filter=${many_rows}")
rocmforge_emulated(ops_as_gfx10_checked COMMAND op_as_gfx10_test
    "--gtest_filter=*tiles*_9*:*tiles*_140*:*67x70*:*odd_blocks_19:*mix_66"
  ENV ROCMFORGE_EMU_CHECK=full ROCMFORGE_EMU_CARD=units=4)
# Work groups, waves and commands in other orders.
foreach(seed 1 2 3)
  rocmforge_emulated(ops_shuffled/${seed} COMMAND op_gpu_test
      "--gtest_filter=*splits*:*sample_*_fused:*_5x131:*tiles_*_9:*slices_F16_8:*rms_norm*:*softmax*"
    ENV ROCMFORGE_EMU_SEED=${seed} ROCMFORGE_EMU_CARD=units=12)
endforeach()

# Models, by what is recorded of them: all replayed, some launched (the kernels are the same ones), with
# each property call. On two small cards, whose work groups take several tiles each; the op cases have
# the whole one.
set(replayed "*GpuGolden*:*GpuCounters*:*GpuReplay*:-*SmolLM2*")
set(launched "*GpuGolden*/llama_Q4_0:*GpuGolden*/*_Q4_K_M:*GpuGolden*/*BF16:*GpuGoldenPlain*")
string(APPEND launched ":*GpuCounters*:*GpuReplay*")
foreach(how replayed:1:new:24 launched:0:old:6)
  string(REPLACE ":" ";" how ${how})
  list(GET how 0 name)
  list(GET how 1 graph)
  list(GET how 2 properties)
  list(GET how 3 units)
  rocmforge_emulated(models/${name} NEEDS_DATA COMMAND golden_gpu_test "--gtest_filter=${${name}}"
    ENV ROCMFORGE_GPU_GRAPH=${graph} ROCMFORGE_EMU_PROPERTIES=${properties}
        ROCMFORGE_EMU_CARD=units=${units})
endforeach()
# The real model: one of its five recorded prompts, of 18 tokens; all of them take ten minutes.
rocmforge_emulated(models/smollm2 NEEDS_DATA COMMAND golden_gpu_test
    "--gtest_filter=*PassesTheComparisonRule/SmolLM2*"
  ENV ROCMFORGE_GOLDEN_PROMPT=1)
rocmforge_emulated(models/checked NEEDS_DATA COMMAND golden_gpu_test
    "--gtest_filter=*PassesTheComparisonRule/llama_Q4_0:*PassesTheComparisonRule/llama_Q6_K:*GpuCounters*"
  ENV ROCMFORGE_EMU_CHECK=full ROCMFORGE_EMU_CARD=units=8)
foreach(seed 1 2)
  rocmforge_emulated(models/shuffled/${seed} NEEDS_DATA COMMAND golden_gpu_test
      "--gtest_filter=*PassesTheComparisonRule/stories260K:*GpuReplay*"
    ENV ROCMFORGE_EMU_SEED=${seed} ROCMFORGE_GPU_GRAPH=1)
endforeach()

# Every type on every architecture.
rocmforge_emulated(support COMMAND support_gpu_test ENV ROCMFORGE_EMU_CARD=units=4)

# Steps that run ahead of the host.
rocmforge_emulated(run_ahead COMMAND run_ahead_gpu_test ENV ROCMFORGE_EMU_CARD=units=4)

# A card whose driver tells no architecture is asked by the kernel `probe`.
set(run_program ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/run_program.py)
foreach(checked "" "_checked")
  rocmforge_emulated(probe${checked} COUNTERS every_kernel${checked}
    COMMAND ${run_program} "kernels for gfx1100\n" $<TARGET_FILE:rocmforge> devices
    ENV ROCMFORGE_EMU_PROPERTIES=none $<$<BOOL:${checked}>:ROCMFORGE_EMU_CHECK=full>)
endforeach()

# Made-up weights with biases, and the card's counts behind the table.
rocmforge_emulated(bench_counts
  COMMAND ${run_program} "tg2 .*wave-instructions.*matmul_q5_0_1 .*VALU"
    $<TARGET_FILE:rocmforge> bench --random glm4-tiny:Q5_0 --device hip -p 0 -n 2 -r 1
  ENV ROCMFORGE_EMU_CARD=units=4)

# Which kernels that took in: all of them, and all under the checks.
find_program(ROCMFORGE_NM NAMES llvm-nm-19 REQUIRED)
foreach(name every_kernel every_kernel_checked)
  add_test(NAME gfx1100/${name} COMMAND ${Python3_EXECUTABLE}
    ${CMAKE_CURRENT_SOURCE_DIR}/kernels_reached.py ${CMAKE_CURRENT_BINARY_DIR}/objects.txt
    ${ROCMFORGE_NM} ${${name}_files})
  set_tests_properties(gfx1100/${name} PROPERTIES LABELS gfx1100 TIMEOUT 60
    FIXTURES_REQUIRED gfx1100_${name})
endforeach()

# Failing calls, short memory, hung kernels.
rocmforge_emulated(driver_faults NEEDS_DATA COMMAND ${Python3_EXECUTABLE}
  ${CMAKE_CURRENT_SOURCE_DIR}/driver_faults.py $<TARGET_FILE:rocmforge> $<TARGET_FILE:amdhip64_emu>
  ${PROJECT_SOURCE_DIR})

# Seeded faults, each of which must be caught.
rocmforge_emulated(mutations COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/mutations/mutate.py
  --build ${PROJECT_BINARY_DIR} --objdump ${ROCMFORGE_OBJDUMP})
set_tests_properties(gfx1100/mutations gfx1100/driver_faults PROPERTIES PROCESSORS 2)
