# Language, warnings and sanitizers, the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(rocmforge_options INTERFACE)
target_compile_options(rocmforge_options INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
target_include_directories(rocmforge_options INTERFACE ${PROJECT_SOURCE_DIR}/src)

if(ROCMFORGE_SANITIZE)
  add_compile_options(-fsanitize=${ROCMFORGE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ROCMFORGE_SANITIZE})
  if(ROCMFORGE_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=all)
  endif()
endif()
