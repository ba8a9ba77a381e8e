# pmadd_room(NAME SOURCES ... HEADERS ... [USES ...] [PRIVATE_USES ...] [INTERNAL ...])
#
# Makes a room: one static library whose public headers are a file set that compiles header by
# header. A room sees the headers of the rooms in USES (and passes that sight on) and of those in
# PRIVATE_USES (and does not), and no other: a wrong arrow does not compile. INTERNAL lists headers
# that only the room's own sources can include: others are shown copies of the public ones, in a
# directory that has nothing else.
function(pmadd_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;HEADERS;USES;PRIVATE_USES;INTERNAL" ${ARGN})
  set(door ${CMAKE_CURRENT_BINARY_DIR}/public)
  foreach(header ${ROOM_HEADERS})
    configure_file(${header} ${door}/${header} COPYONLY)
    list(APPEND shown ${door}/${header})
  endforeach()
  add_library(${name} STATIC ${ROOM_SOURCES} ${ROOM_INTERNAL})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${door} FILES ${shown})
  set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_PRIVATE_USES}
    $<BUILD_INTERFACE:pmadd_warnings>)
endfunction()

# pmadd_program(NAME SOURCES ... [USES ...]): a program of ours, under the same warnings.
function(pmadd_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE ${PROGRAM_USES} pmadd_warnings)
endfunction()
