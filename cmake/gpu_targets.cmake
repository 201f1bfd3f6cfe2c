# What the kernels can be compiled for, and which of it this machine has cards of.

# Every AMD target that the kernels are written for and clang 19 knows.
set(ROCMFORGE_AMD_TARGETS gfx1030 gfx1031 gfx1032 gfx1033 gfx1034 gfx1035 gfx1036 gfx1100 gfx1101
    gfx1102 gfx1103 gfx1150 gfx1151 gfx1152 gfx1200 gfx1201 gfx90a gfx942)

# The card of this machine, from the kernel's driver: gfx_target_version is major * 10000 + minor *
# 100 + step, the step's digit hexadecimal in the name (90010: gfx90a). Another card's owner still gets
# a program: it runs on the CPU, and says what it has no kernels for. SOURCE is kfd's folder of nodes.
function(rocmforge_detect_gfx OUT SOURCE)
  set(found "")
  file(GLOB nodes ${SOURCE}/*/properties)
  foreach(node IN LISTS nodes)
    file(READ ${node} properties)
    if(properties MATCHES "gfx_target_version ([0-9]+)" AND CMAKE_MATCH_1 GREATER 0)
      math(EXPR major "${CMAKE_MATCH_1} / 10000")
      math(EXPR minor "${CMAKE_MATCH_1} / 100 % 100")
      math(EXPR step "${CMAKE_MATCH_1} % 100")
      string(SUBSTRING "0123456789abcdef" ${step} 1 digit)
      set(target gfx${major}${minor}${digit})
      if(target IN_LIST ROCMFORGE_AMD_TARGETS)
        list(APPEND found ${target})
      else()
        message(STATUS "This machine's card is a ${target}, for which there are no kernels")
      endif()
    endif()
  endforeach()
  set(${OUT} "${found}" PARENT_SCOPE)
endfunction()

# NVIDIA's cards of this machine, as far as clang 19 knows them; others take older PTX.
function(rocmforge_detect_sm OUT)
  set(found "")
  find_program(ROCMFORGE_NVIDIA_SMI NAMES nvidia-smi)
  mark_as_advanced(ROCMFORGE_NVIDIA_SMI)
  if(ROCMFORGE_NVIDIA_SMI)
    execute_process(
      COMMAND ${ROCMFORGE_NVIDIA_SMI} --query-gpu=compute_cap --format=csv,noheader
      OUTPUT_VARIABLE lines ERROR_QUIET TIMEOUT 10)
    string(REGEX MATCHALL "[0-9]+[.][0-9]" lines "${lines}")
    foreach(line IN LISTS lines)
      string(REPLACE "." "" number ${line})
      if(number GREATER_EQUAL 80 AND number LESS_EQUAL 90)
        list(APPEND found sm_${number})
      endif()
    endforeach()
  endif()
  set(${OUT} "${found}" PARENT_SCOPE)
endfunction()
