# Device code: src/backend/gpu/device, compiled for each target of ROCMFORGE_GPU_TARGETS by clang 19
# alone (no vendor's toolkit), compressed, and embedded.

# The card of this machine, from the kernel's driver: gfx_target_version is major * 10000 + minor *
# 100 + step, the step's digit hexadecimal in the name (90010: gfx90a).
function(rocmforge_detect_gfx OUT)
  set(found "")
  file(GLOB nodes /sys/class/kfd/kfd/topology/nodes/*/properties)
  foreach(node IN LISTS nodes)
    file(READ ${node} properties)
    if(properties MATCHES "gfx_target_version ([0-9]+)" AND CMAKE_MATCH_1 GREATER 0)
      math(EXPR major "${CMAKE_MATCH_1} / 10000")
      math(EXPR minor "${CMAKE_MATCH_1} / 100 % 100")
      math(EXPR step "${CMAKE_MATCH_1} % 100")
      string(SUBSTRING "0123456789abcdef" ${step} 1 digit)
      list(APPEND found gfx${major}${minor}${digit})
    endif()
  endforeach()
  set(${OUT} "${found}" PARENT_SCOPE)
endfunction()

rocmforge_detect_gfx(detected)
set(default_targets gfx1100 sm_80 ${detected})
list(REMOVE_DUPLICATES default_targets)
set(ROCMFORGE_GPU_TARGETS "${default_targets}" CACHE STRING
    "What to compile the kernels for (gfx1100;sm_80;...); empty: no GPU support")

if(ROCMFORGE_GPU_TARGETS)
  find_program(ROCMFORGE_DEVICE_CLANG NAMES clang++-19)
  find_program(ROCMFORGE_LLD NAMES ld.lld-19)
  find_program(ROCMFORGE_ZSTD NAMES zstd)
  find_program(ROCMFORGE_PTXAS NAMES ptxas PATHS /usr/local/cuda/bin)  # checks the PTX, where it is
  set(missing "")
  foreach(pair ROCMFORGE_DEVICE_CLANG:clang-19 ROCMFORGE_LLD:lld-19 ROCMFORGE_ZSTD:zstd)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 variable)
    list(GET pair 1 package)
    if(NOT ${variable})
      list(APPEND missing ${package})
    endif()
  endforeach()
  if(missing)
    list(JOIN missing " " missing)
    message(FATAL_ERROR
      "The kernels (ROCMFORGE_GPU_TARGETS=${ROCMFORGE_GPU_TARGETS}) need what is missing here: "
      "${missing}. Install it (tools/install-deps.sh gpu), or build for the CPU alone with "
      "-DROCMFORGE_GPU_TARGETS=")
  endif()
endif()

# -ffp-contract=off: what is fused is written so, and rounds the same everywhere.
set(ROCMFORGE_DEVICE_FLAGS -std=c++20 -O3 -ffp-contract=off -Wall -Wextra -Werror
    -Wno-pass-failed -I${PROJECT_SOURCE_DIR}/src -I${PROJECT_SOURCE_DIR}/tests)

# rocmforge_device_object(FOLDER TARGET SOURCES OUT): adds the commands that make the code object of
# one target from all SOURCES, in a FOLDER of the build; OUT is set to its path (.co, or .ptx).
function(rocmforge_device_object FOLDER TARGET SOURCES OUT)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${FOLDER})
  file(MAKE_DIRECTORY ${folder})
  # One translation unit, so that one object holds every kernel.
  set(unit "")
  foreach(source IN LISTS SOURCES)
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR}/src ${source})
    string(REGEX REPLACE "^[.][.]/tests/" "" name ${name})
    string(APPEND unit "#include \"${name}\"\n")
  endforeach()
  file(CONFIGURE OUTPUT ${folder}/kernels.hip CONTENT "${unit}" @ONLY)
  if("${TARGET}" MATCHES "^sm_")
    set(object ${folder}/${TARGET}.ptx)
    set(first ${object})
    # ptx70 has sm_80, ptx78 sm_90a; without it clang asks an installed CUDA.
    set(ptx ptx70)
    if("${TARGET}" MATCHES "^sm_(9|1)")
      set(ptx ptx80)
    endif()
    set(flags -x cuda --cuda-device-only --cuda-gpu-arch=${TARGET} --cuda-feature=+${ptx}
        -nocudainc -nocudalib -Wno-unknown-cuda-version -S)
    set(then "")
    if(ROCMFORGE_PTXAS)
      set(then COMMAND ${ROCMFORGE_PTXAS} -arch=${TARGET} ${object} -o ${folder}/${TARGET}.cubin)
    endif()
  elseif("${TARGET}" MATCHES "^gfx")
    set(object ${folder}/${TARGET}.co)
    set(first ${folder}/${TARGET}.bc)
    # In two steps, so that the optimizer runs twice: once misses where kernel arguments point (clang
    # 19 removes its copy of them after it has inferred address spaces) and leaves flat accesses.
    set(flags -x hip --offload-arch=${TARGET} --cuda-device-only -mcode-object-version=4 -nogpuinc
        -nogpulib -emit-llvm -c)
    set(then COMMAND ${ROCMFORGE_DEVICE_CLANG} --target=amdgcn-amd-amdhsa -mcpu=${TARGET}
        -mcode-object-version=4 -nogpulib -O3 -x ir ${folder}/${TARGET}.bc -o ${object})
  else()
    message(FATAL_ERROR "ROCMFORGE_GPU_TARGETS: '${TARGET}' is neither gfx... nor sm_...")
  endif()
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${ROCMFORGE_DEVICE_CLANG} ${flags} ${ROCMFORGE_DEVICE_FLAGS}
            -MD -MT ${object} -MF ${object}.d ${folder}/kernels.hip -o ${first}
    ${then}
    DEPENDS ${folder}/kernels.hip ${SOURCES}
    DEPFILE ${object}.d
    COMMENT "Kernels for ${TARGET}"
    VERBATIM)
  set(${OUT} ${object} PARENT_SCOPE)
endfunction()

# rocmforge_embed_objects(OBJECTS OUT): OUT is set to a generated source that defines
# embedded_objects() with every object, compressed.
function(rocmforge_embed_objects OBJECTS OUT)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded.cpp)
  set(compressed "")
  set(blobs "")
  set(rows "")
  set(index 0)
  foreach(object IN LISTS OBJECTS)
    add_custom_command(
      OUTPUT ${object}.zst
      COMMAND ${ROCMFORGE_ZSTD} -q -f -19 ${object} -o ${object}.zst
      DEPENDS ${object} VERBATIM)
    list(APPEND compressed ${object}.zst)
    get_filename_component(target ${object} NAME_WE)
    string(APPEND blobs "asm(\".section .rodata\\n.balign 16\\n.global rocmforge_kernels_${index}\\n\"\n"
      "    \".global rocmforge_kernels_${index}_end\\nrocmforge_kernels_${index}:\\n\"\n"
      "    \".incbin \\\"${object}.zst\\\"\\nrocmforge_kernels_${index}_end:\\n.text\\n\");\n"
      "extern \"C\" const std::byte rocmforge_kernels_${index}[];\n"
      "extern \"C\" const std::byte rocmforge_kernels_${index}_end[];\n")
    string(APPEND rows
      "      {\"${target}\", {rocmforge_kernels_${index}, rocmforge_kernels_${index}_end}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(CONCAT text "// Generated by cmake/device_code.cmake.\n#include \"backend/gpu/embedded.h\"\n\n"
    "#include <vector>\n\n${blobs}\nnamespace rocmforge::gpu {\n\n"
    "std::span<const EmbeddedObject> embedded_objects() {\n"
    "  static const std::vector<EmbeddedObject> objects = {\n${rows}  };\n"
    "  return objects;\n}\n\n}  // namespace rocmforge::gpu\n")
  file(GENERATE OUTPUT ${source} CONTENT "${text}")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${compressed}")
  set(${OUT} ${source} PARENT_SCOPE)
endfunction()
