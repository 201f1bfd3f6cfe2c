# rocmforge_compile_soon(TARGET): where there are sanitizers it is not optimized, as that takes the
# compiler more than half of its time.
function(rocmforge_compile_soon TARGET)
  if(ROCMFORGE_SANITIZE)
    target_compile_options(${TARGET} PRIVATE -O0)
  endif()
endfunction()

# rocmforge_library(NAME SOURCES ... DEPENDS rooms... LINKS outside libraries...)
# One static library a folder of src/. DEPENDS names the rooms that it may include
# (tools/check_layers.py holds the includes to it); LINKS stay private unless listed in EXPORTS.
# A room of headers alone has no SOURCES. SLOW_TO_COMPILE: headers of outside libraries take the
# compiler long, and little time is spent in what comes of them; see rocmforge_compile_soon().
function(rocmforge_library NAME)
  cmake_parse_arguments(ARG "SLOW_TO_COMPILE" "" "SOURCES;DEPENDS;LINKS;EXPORTS" ${ARGN})
  set(target rocmforge_${NAME})
  if(ARG_SOURCES)
    set(public PUBLIC)
    add_library(${target} STATIC ${ARG_SOURCES})
    target_link_libraries(${target} PRIVATE ${ARG_LINKS})
    if(ARG_SLOW_TO_COMPILE)
      rocmforge_compile_soon(${target})
    endif()
  else()
    set(public INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  target_link_libraries(${target} ${public} rocmforge_options ${ARG_EXPORTS})
  foreach(room IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} ${public} rocmforge_${room})
  endforeach()
endfunction()

# rocmforge_test(NAME SOURCES ... DEPENDS rooms... LINKS libraries... LABELS ... SLOW_CASES filter
#                SKIPPED_WHOLE regex)
# A GoogleTest program, NAME_test; each of its cases is a test of ctest, and one that skips itself
# shows as skipped. Cases that match SLOW_CASES (as --gtest_filter takes it) have the label slow.
# With SKIPPED_WHOLE the program is one test, which shows as skipped when it prints what matches.
function(rocmforge_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT;SLOW_CASES;SKIPPED_WHOLE" "SOURCES;DEPENDS;LINKS;LABELS" ${ARGN})
  set(target ${NAME}_test)
  add_executable(${target} ${ARG_SOURCES})
  rocmforge_compile_soon(${target})
  foreach(room IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} PRIVATE rocmforge_${room})
  endforeach()
  target_link_libraries(${target} PRIVATE rocmforge_options rocmforge_test_support ${ARG_LINKS}
                                          GTest::gtest_main)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(ARG_SKIPPED_WHOLE)
    add_test(NAME ${NAME} COMMAND ${target})
    set_tests_properties(${NAME} PROPERTIES SKIP_REGULAR_EXPRESSION "${ARG_SKIPPED_WHOLE}"
                         TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
    return()
  endif()
  set(common DISCOVERY_MODE PRE_TEST TEST_PREFIX "${NAME}.")
  if(ARG_SLOW_CASES)
    gtest_discover_tests(${target} ${common} TEST_FILTER "${ARG_SLOW_CASES}" TEST_LIST ${NAME}_slow
                         PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "slow;${ARG_LABELS}")
    set(common ${common} TEST_FILTER "-${ARG_SLOW_CASES}")
  endif()
  gtest_discover_tests(${target} ${common} PROPERTIES TIMEOUT ${ARG_TIMEOUT}
                       LABELS "${ARG_LABELS}")
endfunction()
