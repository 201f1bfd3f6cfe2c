# Writes OBJECT.names: the kernels in OBJECT, one a line.
if(OBJECT MATCHES "[.]ptx$")
  file(STRINGS ${OBJECT} lines REGEX "^[.]visible [.]entry ")
  list(TRANSFORM lines REPLACE "^[.]visible [.]entry ([A-Za-z0-9_]+).*" "\\1")
else()  # each kernel of an AMD object has a descriptor, NAME.kd
  file(STRINGS ${OBJECT} lines REGEX "^[A-Za-z_][A-Za-z0-9_]*[.]kd$")
  list(TRANSFORM lines REPLACE "[.]kd$" "")
endif()
list(REMOVE_DUPLICATES lines)
if(NOT lines)
  message(FATAL_ERROR "${OBJECT}: no kernels in it")
endif()
list(JOIN lines "\n" text)
file(WRITE ${OBJECT}.names "${text}\n")
