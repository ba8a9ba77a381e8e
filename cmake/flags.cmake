# What every target of ours is compiled with; nothing here reaches who installs our libraries.
include(CheckIPOSupported)

add_library(pmadd_warnings INTERFACE)
target_compile_options(pmadd_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual
  -Wwrite-strings -Wundef -Wformat=2 -fno-common)

if(PMADD_SANITIZE)
  target_compile_options(pmadd_warnings INTERFACE
    -fsanitize=${PMADD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pmadd_warnings INTERFACE -fsanitize=${PMADD_SANITIZE})
endif()

# Link-time optimisation for release builds, but for the allocator: its two functions stay real
# symbols (allocator/CMakeLists.txt turns it off again for itself). The objects are fat, that is,
# they hold machine code beside what the optimiser reads, because the installed archives must link
# without its plugin. clang 14 has no fat objects, so a build with clang goes without.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT PMADD_SANITIZE)
  check_ipo_supported(RESULT PMADD_IPO OUTPUT PMADD_IPO_WHY LANGUAGES C)
  if(PMADD_IPO)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    set(CMAKE_C_COMPILE_OPTIONS_IPO -flto=auto -ffat-lto-objects)
  else()
    message(STATUS "No link-time optimisation: ${PMADD_IPO_WHY}")
  endif()
endif()
