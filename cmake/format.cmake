# `format` puts every C file that git knows in the shape of .clang-format, in place.
find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
if(CLANG_FORMAT)
  add_custom_target(format
    COMMAND git ls-files -z "*.c" "*.h" | xargs -0 -r ${CLANG_FORMAT} -i
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    VERBATIM)
endif()
