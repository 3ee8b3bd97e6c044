# `cmake --install` and `cpack`: the program, and what it finds beside itself when it is installed.
include(GNUInstallDirs)

set(data ${CMAKE_INSTALL_DATADIR}/gapcheck)
file(RELATIVE_PATH data_from_program
  ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_DATADIR}/gapcheck)
set_property(SOURCE harness/cmd/places.c APPEND PROPERTY
  COMPILE_DEFINITIONS GAPCHECK_DATA_FROM_PROGRAM="${data_from_program}")

# The manual page and the completions are made by the program from its own tables.
string(TIMESTAMP today %Y-%m-%d UTC) # SOURCE_DATE_EPOCH, where it is set
set(made ${PROJECT_BINARY_DIR}/made)
add_custom_command(OUTPUT ${made}/gapcheck.1 ${made}/gapcheck ${made}/_gapcheck
    ${made}/gapcheck.fish
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:gapcheck> -DOUTPUT=${made} -DTODAY=${today}
    -P ${PROJECT_SOURCE_DIR}/cmake/pages.cmake
  DEPENDS gapcheck cmake/pages.cmake VERBATIM)
add_custom_target(gapcheck_pages ALL DEPENDS ${made}/gapcheck.1)

install(TARGETS gapcheck)
install(DIRECTORY scenarios DESTINATION ${data})
install(DIRECTORY harness/drivers DESTINATION ${data} PATTERN "*_test.c" EXCLUDE
  PATTERN node_modules EXCLUDE)
install(DIRECTORY reports DESTINATION ${data} FILES_MATCHING
  PATTERN "*.schema.json" PATTERN "*.xsd" PATTERN "README.md" PATTERN out EXCLUDE
  PATTERN baselines EXCLUDE)
install(FILES ${made}/gapcheck.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${made}/gapcheck DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${made}/_gapcheck DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${made}/gapcheck.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# ---- the Debian package ----

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME gapcheck)
set(CPACK_PACKAGE_VENDOR "The gapcheck authors")
# Who builds a package answers for it: named as Debian's own tools ask for it, or as git knows them.
set(builder_name $ENV{DEBFULLNAME})
set(builder_mail $ENV{DEBEMAIL})
if(NOT builder_mail)
  execute_process(COMMAND git config user.name WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE builder_name OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND git config user.email WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE builder_mail OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT builder_mail) # dpkg wants some address; this one says that nobody was named
  set(builder_name "unnamed builder (set DEBFULLNAME and DEBEMAIL)")
  set(builder_mail root@localhost)
endif()
if(NOT builder_name)
  set(builder_name "gapcheck")
endif()
set(CPACK_PACKAGE_CONTACT "${builder_name} <${builder_mail}>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "conformance tests for realtime clients that reconnect")
set(CPACK_PACKAGE_DESCRIPTION
"gapcheck tells whether a realtime client loses, repeats or reorders events
when its connection breaks. A scriptable fake server replays scenario files
against any client under test, and a judge compares what the server owed
with what the application got.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
# The folders that it makes in the package have the same mode whoever builds it.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON) # Depends: what the program is linked with, as dpkg knows it
# A driver's release is installed with npm; the reference client needs neither.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nodejs (>= 18), npm")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/debian.cmake)
include(CPack)
