# `cpack -G DEB` in a build of the preset `deb` makes two Debian packages of what `cmake --install` puts in
# place: pmadd, and libpmad-dev to build against. For any other prefix there is no package: Debian's have
# theirs in /usr. The version is that of packaging/debian/changelog.
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  return()
endif()

set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
file(STRINGS ${debian}/changelog entry LIMIT_COUNT 1)
if(NOT entry MATCHES "^pmadd \\((.+)-([^-]+)\\) " OR NOT CMAKE_MATCH_1 STREQUAL PROJECT_VERSION)
  message(FATAL_ERROR "packaging/debian/changelog begins with \"${entry}\", not with ${PROJECT_VERSION}")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE ${CMAKE_MATCH_2})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The pmadd developers <developers@pmadd.example>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL pmadd dev)
set(CPACK_SET_DESTDIR ON) # the operator's file goes to /etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_stage.cmake)

set(CPACK_DEBIAN_PMADD_PACKAGE_NAME pmadd)
set(CPACK_DEBIAN_PMADD_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PMADD_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PMADD_PACKAGE_DEPENDS
  "init-system-helpers (>= 1.60), systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PMADD_PACKAGE_SUGGESTS "prometheus, bpftrace")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${CMAKE_PROJECT_NAME} built using CMake") # none for all
set(CPACK_DEBIAN_PMADD_DESCRIPTION "task router for one machine, in declared memory
pmadd gives tasks of clients to workers that can do them, and their results
back. It speaks the Gearman protocol, over a Unix socket or TCP.

All of its memory is declared in its configuration and taken at the start.
What was accepted is kept; what there is no room for is refused by name.

With it come pmadctl, to submit, to work and to look inside, and
pmadd-exporter, which serves its figures to Prometheus.")
set(CPACK_DEBIAN_PMADD_PACKAGE_CONTROL_EXTRA
  ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libpmad-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS libc6-dev)
set(CPACK_DEBIAN_DEV_DESCRIPTION "pool allocator, and client library of pmadd
PMAD cuts one mapping into pools of blocks of declared sizes; taking one and
giving it back are a few instructions without branch, lock or system call.

The client library submits tasks to pmadd, or works for it. Both are static,
and come with pkg-config files and packages for CMake.")

install(FILES ${debian}/changelog ${debian}/copyright
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT pmadd)
install(FILES ${debian}/changelog ${debian}/copyright
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libpmad-dev COMPONENT dev)
include(CPack)
