# Every NAME_test.c beside the module it tests becomes one Criterion program and one CTest test.
pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)

# Criterion exits 0 when nothing matched and does not see a leak in a test's own process: the
# closing line must count tests, and no sanitizer may have spoken.
set(criterion_passed
  "Synthesis: Tested: [1-9][0-9]* [|] Passing: [0-9]+ [|] Failing: 0 [|] Crashing: 0")
set(sanitizer_spoke "AddressSanitizer|LeakSanitizer|runtime error:|Warning! The test")

function(gapcheck_add_test name)
  add_test(NAME ${name} COMMAND ${name} --color=never -j2)
  set_tests_properties(${name} PROPERTIES
    PASS_REGULAR_EXPRESSION "${criterion_passed}"
    FAIL_REGULAR_EXPRESSION "${sanitizer_spoke}"
    TIMEOUT 300)
endfunction()

# A driver whose clients misbehave, for the tests only.
add_executable(hostile_client harness/io/hostile_client.c)
target_link_libraries(hostile_client PRIVATE gapcheck_core Threads::Threads)

# What several test programs share.
file(GLOB_RECURSE fixture_sources CONFIGURE_DEPENDS harness/*_fixture.c)
add_library(gapcheck_fixtures STATIC ${fixture_sources})
target_link_libraries(gapcheck_fixtures PUBLIC gapcheck_sim PkgConfig::CRITERION)

file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS harness/*_test.c)
foreach(source ${test_sources})
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(folder ${source} DIRECTORY)
  get_filename_component(folder ${folder} NAME)
  set(name ${folder}_${name}) # core and cmd may both have a client_test.c
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE gapcheck_fixtures gapcheck_cmd)
  target_compile_definitions(${name} PRIVATE
    GAPCHECK_SOURCE_DIR="${PROJECT_SOURCE_DIR}" GAPCHECK_BINARY="$<TARGET_FILE:gapcheck>"
    GAPCHECK_HOSTILE_CLIENT="$<TARGET_FILE:hostile_client>"
    GAPCHECK_CORE_LIBRARY="$<TARGET_FILE:gapcheck_core>")
  add_dependencies(${name} gapcheck hostile_client)
  gapcheck_add_test(${name})
endforeach()

# The kill matrix of the whole library, with sanitizers.
set_tests_properties(cmd_mutants_library_test PROPERTIES TIMEOUT 1200)

gapcheck_fuzz_tests()

# ---- what is installed ----

# A release and its package, as a user would make them, beside the build with sanitizers.
set(release_folder ${PROJECT_BINARY_DIR}/released)
add_test(NAME package_build COMMAND ${PROJECT_SOURCE_DIR}/cmake/package_build.sh
  ${PROJECT_SOURCE_DIR} ${release_folder}
  -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER})
set_tests_properties(package_build PROPERTIES FIXTURES_SETUP package TIMEOUT 600 COST 1000)
set_tests_properties(cmd_package_test PROPERTIES FIXTURES_REQUIRED package)
target_compile_definitions(cmd_package_test PRIVATE GAPCHECK_RELEASE_FOLDER="${release_folder}")

add_test(NAME package_bare_root COMMAND ${PROJECT_SOURCE_DIR}/cmake/package_bare_root.sh
  ${release_folder})
set_tests_properties(package_bare_root PROPERTIES FIXTURES_REQUIRED package
  SKIP_RETURN_CODE 77 TIMEOUT 600 COST 900)
