# The finished program, asked by clients that are programs too. Exit code 77 is a skip that says why.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(here ${CMAKE_CURRENT_SOURCE_DIR})
set(program $<TARGET_FILE:rocmforge>)
set(soak_seconds 120)
set(sanitizer_option)
if(ROCMFORGE_SANITIZE)
  set(soak_seconds 20)
  set(sanitizer_option --sanitizer)
endif()

add_test(NAME serve.openai_client COMMAND ${Python3_EXECUTABLE} -B ${here}/openai_client/run.py
  --program ${program} --folder ${PROJECT_BINARY_DIR})
set_tests_properties(serve.openai_client PROPERTIES LABELS slow TIMEOUT 900)
add_test(NAME serve.fleet COMMAND ${Python3_EXECUTABLE} -B ${here}/fleet_test.py ${program}
  ${PROJECT_SOURCE_DIR}/../shared/models/stories260K.gguf ${PROJECT_SOURCE_DIR})
set_tests_properties(serve.fleet PROPERTIES LABELS slow TIMEOUT 120)
add_test(NAME serve.outside COMMAND ${Python3_EXECUTABLE} -B ${here}/outside_test.py ${program}
  ${PROJECT_SOURCE_DIR}/../shared/models/stories260K.gguf ${PROJECT_SOURCE_DIR})
set_tests_properties(serve.outside PROPERTIES TIMEOUT 120)
add_test(NAME serve.page_in_a_browser COMMAND ${Python3_EXECUTABLE} -B ${here}/page/page_test.py
  ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/page-pictures ${program})
set_tests_properties(serve.page_in_a_browser PROPERTIES LABELS slow TIMEOUT 180)
add_test(NAME serve.soak COMMAND ${Python3_EXECUTABLE} -B ${here}/soak/soak.py
  --program ${program} --seconds ${soak_seconds} ${sanitizer_option})
set_tests_properties(serve.soak PROPERTIES TIMEOUT 900 PROCESSORS 2)
set_tests_properties(serve.openai_client serve.fleet serve.outside serve.page_in_a_browser serve.soak
  PROPERTIES SKIP_RETURN_CODE 77)
