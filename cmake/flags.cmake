# What every target of ours is compiled with; nothing here reaches who installs our libraries.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckIPOSupported)
include(CheckPIESupported)

# Programs are position-independent, and linked so: the first alone is what CMake does.
check_pie_supported(LANGUAGES C)

add_library(pmadd_warnings INTERFACE)
target_compile_options(pmadd_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual
  -Wwrite-strings -Wundef -Wformat=2 -fno-common)

if(PMADD_SANITIZE)
  target_compile_options(pmadd_warnings INTERFACE
    -fsanitize=${PMADD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pmadd_warnings INTERFACE -fsanitize=${PMADD_SANITIZE})
endif()

# What is shipped is hardened; where the compiler, the C library or the machine does not know a flag, it
# is left out. Builds for debugging and with sanitizers have better eyes, and fortified calls need the
# optimiser. tests/system/test_hardening.py reads all of it out of the programs.
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT PMADD_SANITIZE)
  set(CMAKE_REQUIRED_FLAGS -Werror)
  foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER PMADD_HAS${flag} known)
    check_c_compiler_flag(${flag} ${known})
    if(${known})
      target_compile_options(pmadd_warnings INTERFACE ${flag})
    endif()
  endforeach()
  # The C library warns where it cannot do what level 3 asks for.
  set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_c_source_compiles("#include <stdlib.h>\nint main(void) { return 0; }" PMADD_HAS_FORTIFY_3)
  unset(CMAKE_REQUIRED_FLAGS)
  target_compile_options(pmadd_warnings INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$<IF:$<BOOL:${PMADD_HAS_FORTIFY_3}>,3,2>)
  target_link_options(pmadd_warnings INTERFACE LINKER:-z,relro,-z,now LINKER:-z,noexecstack)
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
