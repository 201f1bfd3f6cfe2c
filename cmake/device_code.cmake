# Device code: each source of src/backend/gpu/device, compiled for each target of ROCMFORGE_GPU_TARGETS
# by clang 19 alone (no vendor's toolkit), compressed, and embedded as a module of its own, so that a
# program loads only those that its model needs.

include(${CMAKE_CURRENT_LIST_DIR}/gpu_targets.cmake)

find_program(ROCMFORGE_PTXAS NAMES ptxas PATHS /usr/local/cuda/bin)
# A driver assembles PTX for its card at the first start; a cubin, which ptxas of CUDA makes, spares
# that on cards of its target's major capability. PTX is embedded in any case.
if(ROCMFORGE_PTXAS)
  set(cubins_default ON)
else()
  set(cubins_default OFF)
endif()
option(ROCMFORGE_CUBINS "Embed cubins beside the PTX (needs ptxas)" ${cubins_default})
if(ROCMFORGE_CUBINS AND NOT ROCMFORGE_PTXAS)
  message(FATAL_ERROR "ROCMFORGE_CUBINS=ON needs ptxas, of CUDA's toolkit: set ROCMFORGE_PTXAS to its "
    "path, or build without cubins by -DROCMFORGE_CUBINS=OFF")
endif()

rocmforge_detect_gfx(detected /sys/class/kfd/kfd/topology/nodes)
set(detected_sm "")
if(ROCMFORGE_CUBINS)
  rocmforge_detect_sm(detected_sm)
endif()
set(default_targets gfx1100 sm_80 ${detected} ${detected_sm})
list(REMOVE_DUPLICATES default_targets)
set(ROCMFORGE_GPU_TARGETS "${default_targets}" CACHE STRING
    "What to compile the kernels for (gfx1100;sm_80;...), or all; empty: no GPU support")
if(ROCMFORGE_GPU_TARGETS STREQUAL "all")
  set(ROCMFORGE_GPU_TARGETS ${ROCMFORGE_AMD_TARGETS} sm_80 sm_90a)
endif()

if(ROCMFORGE_GPU_TARGETS)
  find_program(ROCMFORGE_DEVICE_CLANG NAMES clang++-19)
  find_program(ROCMFORGE_LLD NAMES ld.lld-19)
  find_program(ROCMFORGE_ZSTD NAMES zstd)
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

# rocmforge_device_objects(FOLDER TARGET SOURCES OUT [AS NAME] [FLAGS ...]): adds the commands that
# compile each of SOURCES for one target; OUT is set to the objects, FOLDER/TARGET/STEM.co of an AMD
# target, .ptx and (with ROCMFORGE_CUBINS) .cubin of NVIDIA's. Sources named ..._mma are for targets with
# matrix units of F16. AS: the target whose place they take, FOLDER/NAME (tests). FLAGS: further ones.
function(rocmforge_device_objects FOLDER TARGET SOURCES OUT)
  cmake_parse_arguments(ARG "" "AS" "FLAGS" ${ARGN})
  if(NOT ARG_AS)
    set(ARG_AS ${TARGET})
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${FOLDER}/${ARG_AS})
  file(MAKE_DIRECTORY ${folder})
  set(objects "")
  foreach(source IN LISTS SOURCES)
    get_filename_component(stem ${source} NAME_WE)
    if("${ARG_AS}" MATCHES "^gfx10" AND stem MATCHES "_mma$")
      continue()
    endif()
    if("${TARGET}" MATCHES "^sm_")
      set(object ${folder}/${stem}.ptx)
      set(first ${object})
      # ptx70 has sm_80, ptx80 sm_90a; without it clang asks an installed CUDA.
      set(ptx ptx70)
      if("${TARGET}" MATCHES "^sm_(9|1)")
        set(ptx ptx80)
      endif()
      set(flags -x cuda --cuda-device-only --cuda-gpu-arch=${TARGET} --cuda-feature=+${ptx}
          -nocudainc -nocudalib -Wno-unknown-cuda-version -S)
      set(then "")
    elseif("${TARGET}" MATCHES "^gfx")
      set(object ${folder}/${stem}.co)
      set(first ${folder}/${stem}.bc)
      # In two steps, so that the optimizer runs twice: once misses where kernel arguments point
      # (clang 19 removes its copy of them after it has inferred address spaces) and leaves flat
      # accesses.
      set(flags -x hip --offload-arch=${TARGET} --cuda-device-only -mcode-object-version=4 -nogpuinc
          -nogpulib -emit-llvm -c)
      set(then COMMAND ${ROCMFORGE_DEVICE_CLANG} --target=amdgcn-amd-amdhsa -mcpu=${TARGET}
          -mcode-object-version=4 -nogpulib -O3 -x ir ${first} -o ${object})
    else()
      message(FATAL_ERROR "ROCMFORGE_GPU_TARGETS: '${TARGET}' is neither gfx... nor sm_...")
    endif()
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${ROCMFORGE_DEVICE_CLANG}
              ${flags} ${ROCMFORGE_DEVICE_FLAGS} ${ARG_FLAGS}
              -MD -MT ${object} -MF ${object}.d ${source} -o ${first}
      ${then}
      DEPENDS ${source}
      DEPFILE ${object}.d
      COMMENT "Kernels for ${TARGET}: ${stem}"
      VERBATIM)
    list(APPEND objects ${object})
    if("${TARGET}" MATCHES "^sm_" AND ROCMFORGE_CUBINS)
      set(cubin ${folder}/${stem}.cubin)
      add_custom_command(
        OUTPUT ${cubin}
        COMMAND ${ROCMFORGE_PTXAS} -arch=${TARGET} ${object} -o ${cubin}
        DEPENDS ${object}
        COMMENT "Kernels for ${TARGET}, assembled: ${stem}"
        VERBATIM)
      list(APPEND objects ${cubin})
    endif()
  endforeach()
  set(${OUT} ${objects} PARENT_SCOPE)
endfunction()

# rocmforge_embed_objects(OBJECTS OUT): OUT is set to a generated source that defines
# embedded_objects(): every object, compressed, with the names of its kernels.
function(rocmforge_embed_objects OBJECTS OUT)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded.cpp)
  set(list_kernels ${PROJECT_SOURCE_DIR}/cmake/list_kernels.cmake)
  set(parts "")
  set(blobs "")
  set(rows "")
  set(index 0)
  foreach(object IN LISTS OBJECTS)
    # A cubin's names are its PTX's.
    string(REGEX REPLACE "[.]cubin$" ".ptx" names ${object})
    add_custom_command(
      OUTPUT ${object}.zst
      COMMAND ${ROCMFORGE_ZSTD} -q -f -19 ${object} -o ${object}.zst
      DEPENDS ${object} VERBATIM)
    if(names STREQUAL object)
      add_custom_command(
        OUTPUT ${object}.names
        COMMAND ${CMAKE_COMMAND} -DOBJECT=${object} -P ${list_kernels}
        DEPENDS ${object} ${list_kernels} VERBATIM)
      list(APPEND parts ${object}.names)
    endif()
    list(APPEND parts ${object}.zst)
    get_filename_component(module ${object} NAME_WE)
    get_filename_component(kind ${object} EXT)
    get_filename_component(target ${object} DIRECTORY)
    get_filename_component(target ${target} NAME)
    set(image Image::kBinary)
    if(kind STREQUAL .ptx)
      set(image Image::kPtx)
    endif()
    set(symbol rocmforge_object_${index})
    string(APPEND blobs "asm(\".section .rodata\\n.balign 16\\n\"\n"
      "    \"${symbol}:\\n.incbin \\\"${object}.zst\\\"\\n${symbol}_names:\\n\"\n"
      "    \".incbin \\\"${names}.names\\\"\\n${symbol}_end:\\n.text\\n\"\n"
      "    \".global ${symbol}\\n.global ${symbol}_names\\n.global ${symbol}_end\\n\");\n"
      "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_names[];\n"
      "extern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows "      {\"${target}\", \"${module}\", ${image},\n"
      "       std::as_bytes(std::span(${symbol}, ${symbol}_names)), {${symbol}_names, ${symbol}_end}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(CONCAT text "// Generated by cmake/device_code.cmake.\n#include \"backend/gpu/embedded.h\"\n\n"
    "#include <vector>\n\n${blobs}\nnamespace rocmforge::gpu {\n\n"
    "std::span<const EmbeddedObject> embedded_objects() {\n"
    "  static const std::vector<EmbeddedObject> objects = {\n${rows}  };\n"
    "  return objects;\n}\n\n}  // namespace rocmforge::gpu\n")
  file(GENERATE OUTPUT ${source} CONTENT "${text}")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${parts}")
  set(${OUT} ${source} PARENT_SCOPE)
endfunction()
