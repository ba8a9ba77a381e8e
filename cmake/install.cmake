# `cmake --install` puts everything where GNUInstallDirs says, below the prefix:
#
#   sbin/{pmadd,pmadd-exporter}  bin/pmadctl  include/pmadd/*.h  lib/libpmad.a  lib/libpmad_client.a
#   lib/pkgconfig/{pmad,pmad_client}.pc  lib/cmake/{pmad,pmad_client}/
#   lib/systemd/system/{pmadd.service,pmadd.socket,pmadd@.service,pmadd-exporter.{service,socket}}
#   lib/sysusers.d/pmadd.conf  lib/tmpfiles.d/pmadd.conf
#   share/pmadd/{pmadd.conf,profiles/,monitoring/,tracing/}  share/doc/pmadd/  share/man/
#   share/bash-completion/completions/pmadctl  share/zsh/vendor-completions/_pmadctl
#   share/fish/vendor_completions.d/pmadctl.fish
#   etc/pmadd/pmadd.conf (/etc for the prefix /usr), but never over one that is there
#
# The libraries are static until 1.0: they promise no ABI. What it takes to build against them is the
# component `dev`, all else `pmadd`; cmake/package.cmake makes a package of each.
include(CMakePackageConfigHelpers)

# What an outside program links is one archive: the client and the codec it speaks with, whose own
# headers stay at home.
add_library(pmad_client_archive STATIC
  $<TARGET_OBJECTS:pmad_client> $<TARGET_OBJECTS:gm_proto>)
target_sources(pmad_client_archive PUBLIC
  FILE_SET HEADERS BASE_DIRS client FILES client/pmad_client.h)
set_target_properties(pmad_client_archive PROPERTIES
  OUTPUT_NAME pmad_client
  EXPORT_NAME pmad_client
  LINKER_LANGUAGE C
  ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/archive)

set(PMADD_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR}/pmadd)
file(RELATIVE_PATH PMADD_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" PMADD_PC_TO_PREFIX "${PMADD_PC_TO_PREFIX}")

# install_library(TARGET NAME DESCRIPTION DEFINITION...): archive and headers, NAME.pc, and a package for
# find_package(NAME) that defines NAME::NAME. Both find their way from where they lie, so that the tree
# may be moved. The definitions are those that the target makes its users compile with.
function(install_library target name description)
  install(TARGETS ${target} EXPORT ${name}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
    FILE_SET HEADERS DESTINATION ${PMADD_INCLUDEDIR} COMPONENT dev)

  set(PC_NAME ${name})
  set(PC_DESCRIPTION ${description})
  list(TRANSFORM ARGN PREPEND " -D" OUTPUT_VARIABLE PC_DEFINITIONS)
  list(JOIN PC_DEFINITIONS "" PC_DEFINITIONS)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/library.pc.in ${name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${name})
  install(EXPORT ${name} NAMESPACE ${name}:: FILE ${name}-config.cmake
    DESTINATION ${package_dir} COMPONENT dev)
  write_basic_package_version_file(${name}-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}-config-version.cmake
    DESTINATION ${package_dir} COMPONENT dev)
endfunction()

install_library(pmad pmad "PMAD, pools of sized blocks in one mmap"
  ${PMAD_DEFINITIONS})
install_library(pmad_client_archive pmad_client "Client and worker library of pmadd")

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME pmadd)
install(TARGETS pmadd pmadd-exporter RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS pmadctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The unit works as it stands for the prefix /usr; for any other its two paths are made to fit. Instances
# are the same with names of their own; each opens its socket itself, in its own directory.
file(READ packaging/systemd/pmadd.service unit)
string(REPLACE /usr/sbin/pmadd ${CMAKE_INSTALL_FULL_SBINDIR}/pmadd unit "${unit}")
string(REPLACE /etc/pmadd/ ${CMAKE_INSTALL_FULL_SYSCONFDIR}/pmadd/ unit "${unit}")
file(CONFIGURE OUTPUT pmadd.service CONTENT "${unit}" @ONLY)
string(REPLACE "Wants=pmadd.socket\nAfter=pmadd.socket " "After=" unit "${unit}")
string(REPLACE "\nAlso=pmadd.socket" "" unit "${unit}")
string(REGEX REPLACE "# The socket is systemd's[^\n]*\nRuntimeDirectoryPreserve=yes\n" "" unit "${unit}")
string(REPLACE "task router\n" "task router (%i)\n" unit "${unit}")
string(REPLACE pmadd/pmadd.conf pmadd/%i.conf unit "${unit}")
string(REPLACE Directory=pmadd Directory=pmadd/%i unit "${unit}")
file(CONFIGURE OUTPUT pmadd@.service CONTENT "${unit}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  packaging/systemd/pmadd.service packaging/systemd/pmadd-exporter.service)
file(READ packaging/systemd/pmadd-exporter.service unit)
string(REPLACE /usr/sbin/ ${CMAKE_INSTALL_FULL_SBINDIR}/ unit "${unit}")
file(CONFIGURE OUTPUT pmadd-exporter.service CONTENT "${unit}" @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pmadd.service ${CMAKE_CURRENT_BINARY_DIR}/pmadd@.service
  ${CMAKE_CURRENT_BINARY_DIR}/pmadd-exporter.service
  packaging/systemd/pmadd.socket packaging/systemd/pmadd-exporter.socket DESTINATION lib/systemd/system)
install(FILES packaging/systemd/pmadd.sysusers DESTINATION lib/sysusers.d RENAME pmadd.conf)
install(FILES packaging/systemd/pmadd.tmpfiles DESTINATION lib/tmpfiles.d RENAME pmadd.conf)

# The shipped file is always to be found in share/pmadd; the one in sysconfdir is the operator's, so
# it is written only where there is none.
install(FILES config/pmadd.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/pmadd)
install(DIRECTORY config/profiles DESTINATION ${CMAKE_INSTALL_DATADIR}/pmadd
  FILES_MATCHING PATTERN "*.conf")
install(DIRECTORY packaging/monitoring packaging/tracing DESTINATION ${CMAKE_INSTALL_DATADIR}/pmadd)
install(CODE "
  set(operators \"\$ENV{DESTDIR}${CMAKE_INSTALL_FULL_SYSCONFDIR}/pmadd/pmadd.conf\")
  if(EXISTS \"\${operators}\")
    message(STATUS \"Kept: \${operators}\")
  else()
    message(STATUS \"Installing: \${operators}\")
    cmake_path(GET operators PARENT_PATH directory)
    file(MAKE_DIRECTORY \"\${directory}\")
    file(COPY_FILE \"${PROJECT_SOURCE_DIR}/config/pmadd.conf\" \"\${operators}\")
  endif()" COMPONENT pmadd)

install(FILES docs/man/pmadd.8 docs/man/pmadd-exporter.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES docs/man/pmadctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/pmadd.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES packaging/completions/pmadctl.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME pmadctl)
install(FILES packaging/completions/_pmadctl
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES packaging/completions/pmadctl.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
