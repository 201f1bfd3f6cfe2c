# Outside libraries, each found here and nowhere else; Debian 12's versions are the oldest accepted.
# Those that are headers alone, or come as archives, are taken so: the portable build then needs no
# more than glibc where it runs.
if(ROCMFORGE_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  add_link_options(-static-libgcc -static-libstdc++)
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)  # JSON, headers alone: text/json_node.cpp compiles its source
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)

# Both as headers alone: spdlog's own such target would still bring fmt as a shared library.
add_library(outside::fmt ALIAS fmt::fmt-header-only)
add_library(outside::spdlog INTERFACE IMPORTED)
get_target_property(spdlog_include spdlog::spdlog_header_only INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(outside::spdlog SYSTEM INTERFACE ${spdlog_include})
target_compile_definitions(outside::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(outside::spdlog INTERFACE fmt::fmt-header-only Threads::Threads)

# rocmforge_find(TARGET HEADER LIBRARY): libraries whose packages bring no CMake file.
function(rocmforge_find TARGET HEADER LIBRARY)
  find_path(${TARGET}_INCLUDE ${HEADER} REQUIRED)
  find_library(${TARGET}_LIBRARY ${LIBRARY} REQUIRED)
  add_library(outside::${TARGET} INTERFACE IMPORTED)
  target_include_directories(outside::${TARGET} SYSTEM INTERFACE ${${TARGET}_INCLUDE})
  target_link_libraries(outside::${TARGET} INTERFACE ${${TARGET}_LIBRARY})
endfunction()

rocmforge_find(pcre2 pcre2.h pcre2-8)
rocmforge_find(re2 re2/re2.h re2)  # patterns of a user
rocmforge_find(utf8proc utf8proc.h utf8proc)
rocmforge_find(zstd zstd.h zstd)  # the embedded kernels
rocmforge_find(edit histedit.h edit)  # lines that are typed
if(ROCMFORGE_STATIC)  # what libedit's archive needs in its turn
  foreach(name tinfo bsd md)
    find_library(edit_${name}_LIBRARY ${name})
    if(edit_${name}_LIBRARY)
      target_link_libraries(outside::edit INTERFACE ${edit_${name}_LIBRARY})
    endif()
  endforeach()
endif()

# Highway's headers alone: the program chooses the instruction set itself, so its library is unused.
find_path(highway_INCLUDE hwy/highway.h REQUIRED)
add_library(outside::highway INTERFACE IMPORTED)
target_include_directories(outside::highway SYSTEM INTERFACE ${highway_INCLUDE})

if(ROCMFORGE_TESTS)  # headers alone; whether a JSON text is of a schema
  find_path(valijson_INCLUDE valijson/validator.hpp REQUIRED)
  add_library(outside::valijson INTERFACE IMPORTED)
  target_include_directories(outside::valijson SYSTEM INTERFACE ${valijson_INCLUDE})
endif()
