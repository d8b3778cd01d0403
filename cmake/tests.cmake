# The entries of ctest. A test whose tool is absent is left out, and the configure step says so.

# --- what the processes under test find in their environment --------------------------------------------------------

set(core_environment "")
set(preload "")
if(CORM_SANITIZE)
  set(core_environment
    # What was freed waits in 16 MB, not 256, for those who use it all the same: each page that is fresh takes its time.
    "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:quarantine_size_mb=16"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
    "CORM_TEST_EXPRESSIONS=20000"
    "CORM_TEST_SHARE=0.1")
  # The host is a plain lua5.4: the sanitizer's runtime must be there before the module is, and in its children too.
  add_library(keep_loaded MODULE "${PROJECT_SOURCE_DIR}/spec/support/keep_loaded.c")
  set_target_properties(keep_loaded PROPERTIES C_VISIBILITY_PRESET default)
  set(preload "LD_PRELOAD=${sanitizer_library} $<TARGET_FILE:keep_loaded>")
endif()
set(lua_environment
  ${core_environment} ${preload}
  "CORM_PROGRAM=${PROJECT_BINARY_DIR}/corm"
  "LUA_CPATH=${PROJECT_BINARY_DIR}/?.so\;\;")

# corm_test(NAME name [LABEL label] [COST seconds] [ENVIRONMENT ...] COMMAND ...)
# Status 77 says that there is nothing to test with: no server, where CORM_TEST_POSTGRESQL or CORM_TEST_MARIADB is not set.
# What costs much begins first.
function(corm_test)
  cmake_parse_arguments(PARSE_ARGV 0 test "" "NAME;LABEL;COST" "ENVIRONMENT;COMMAND")
  if(NOT test_COST)
    set(test_COST 1)
  endif()
  add_test(NAME "${test_NAME}" COMMAND ${test_COMMAND} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties("${test_NAME}" PROPERTIES
    LABELS "${test_LABEL}" ENVIRONMENT "${test_ENVIRONMENT}" COST "${test_COST}" TIMEOUT 1200 SKIP_RETURN_CODE 77)
endfunction()

# --- C unit tests of the pure rooms ---------------------------------------------------------------------------------

pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
if(CMOCKA_FOUND)
  file(GLOB core_tests CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/spec/core/test_*.c")
else()
  message(STATUS "left out: C unit tests (cmocka not found)")
  set(core_tests "")
endif()
get_property(left_out GLOBAL PROPERTY corm_left_out)
foreach(driver IN LISTS left_out)
  get_filename_component(driver "${driver}" NAME)
  list(FILTER core_tests EXCLUDE REGEX "/test_${driver}[^/]*$")
endforeach()
foreach(source IN LISTS core_tests)
  get_filename_component(target "${source}" NAME_WE)
  add_executable(${target} "${source}")
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/spec")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/spec/core")
  target_link_libraries(${target} PRIVATE corm_core PkgConfig::CMOCKA)
  # What a driver does not call itself, tests of it may.
  if(target MATCHES "^test_(libpq|libmariadb)")
    string(TOUPPER "${CMAKE_MATCH_1}" client)
    target_link_libraries(${target} PRIVATE PkgConfig::${client})
  endif()
  string(REGEX REPLACE "^test_" "core." name "${target}")
  corm_test(NAME ${name} LABEL core ENVIRONMENT ${core_environment} COMMAND ${target})
  # Those that speak to one server share its database.
  if(name MATCHES "^core\\.(libpq|libmariadb)")
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK "${CMAKE_MATCH_1}")
  endif()
endforeach()

# --- several Lua states in one process -------------------------------------------------------------------------------

if(TARGET corm_cli AND CMOCKA_FOUND)
  add_executable(test_states spec/host/test_states.c)
  set_target_properties(test_states PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/spec")
  target_link_libraries(test_states PRIVATE corm_binding ${LUA_LIBRARY} PkgConfig::CMOCKA)
  corm_test(NAME host.states LABEL core ENVIRONMENT ${core_environment} COMMAND test_states)
endif()

# --- every allocation of a whole session fails once -----------------------------------------------------------------

if(TARGET corm_cli)
  add_executable(fault spec/fault/fault.c)
  set_target_properties(fault PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/spec")
  target_link_libraries(fault PRIVATE corm_binding ${LUA_LIBRARY})
  target_link_options(fault PRIVATE LINKER:--wrap=luaL_loadbufferx)
  # A round takes four times as long with sanitizers, which see what a program that is not instrumented survives: they get
  # every third round of those without them. Where it begins is chosen anew each time and said.
  set(pace_1 1 1)
  set(pace_3 1 3)
  set(pace_5 1 5)
  if(CORM_SANITIZE)
    set(pace_1 0 3)
    set(pace_3 0 9)
    set(pace_5 0 15)
  endif()
  function(fault_tests pace)
    foreach(scenario IN LISTS ARGN)
      corm_test(NAME fault.${scenario} LABEL core COST 20 ENVIRONMENT ${core_environment}
        COMMAND fault spec/fault/${scenario}.lua ${pace_${pace}})
    endforeach()
  endfunction()
  fault_tests(1 session objects loading criteria functions keyed clauses naming mutable copies rows keys statements
    connection routes)
  fault_tests(3 plans classes)
  fault_tests(5 files reflection automap)
endif()

# --- the compiler under random trees, the binding under random scripts: libFuzzer where the build is for it (tools/fuzz),
# else a run of a few seconds -----------------------------------------------------------------------------------------

file(GLOB fuzz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/spec/fuzz/*.c")
if(CORM_FUZZ)
  list(FILTER fuzz_sources EXCLUDE REGEX "/replay\\.c$")
endif()
add_executable(fuzz_compile ${fuzz_sources})
set_target_properties(fuzz_compile PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/spec")
target_link_libraries(fuzz_compile PRIVATE corm_core)
if(CORM_FUZZ)
  target_link_options(fuzz_compile PRIVATE -fsanitize=fuzzer)
else()
  file(GLOB fuzz_inputs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/spec/fuzz/inputs/*")
  corm_test(NAME fuzz.compile LABEL core ENVIRONMENT ${core_environment} COMMAND fuzz_compile 2000 1 ${fuzz_inputs})
endif()
if(TARGET corm_cli)
  add_executable(fuzz_binding spec/fuzz/binding/fuzz_binding.c)
  set_target_properties(fuzz_binding PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/spec")
  target_compile_definitions(fuzz_binding PRIVATE CORM_ROOT="${PROJECT_SOURCE_DIR}")
  target_link_libraries(fuzz_binding PRIVATE corm_binding ${LUA_LIBRARY})
  if(CORM_FUZZ)
    target_link_options(fuzz_binding PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_binding PRIVATE spec/fuzz/replay.c)
    corm_test(NAME fuzz.binding LABEL core ENVIRONMENT ${core_environment} COMMAND fuzz_binding 1000 1)
  endif()
endif()

# --- specs: once for each database; those of the program, which are about none, once ------------------------------------

find_program(LUA_PROGRAM NAMES lua5.4 lua54 lua)
find_program(BUSTED_PROGRAM NAMES busted)
if(NOT LUA_PROGRAM OR NOT BUSTED_PROGRAM)
  message(STATUS "left out: specs (lua5.4 or busted not found)")
elseif(TARGET corm_cli)
  # The script named, not the command `busted`: that one may start another Lua.
  set(busted "${LUA_PROGRAM}" "${BUSTED_PROGRAM}" --ignore-lua "--cpath=${PROJECT_BINARY_DIR}/?.so"
      --output=spec/support/report.lua --no-recursive)
  foreach(database IN ITEMS postgresql mariadb sqlite)
    # What is drawn is drawn for each: three parts of ten are enough where all that is done takes a round trip.
    set(share "")
    if(NOT database STREQUAL "sqlite" AND NOT CORM_SANITIZE)
      set(share "CORM_TEST_SHARE=0.3")
    endif()
    corm_test(NAME spec.${database} LABEL spec COST 100 ENVIRONMENT ${lua_environment} ${share}
      COMMAND tools/servers on ${database} ${busted} spec)
  endforeach()
  corm_test(NAME spec.cli LABEL spec ENVIRONMENT ${lua_environment} COMMAND ${busted} spec/cli)
endif()

# --- the installed whole --------------------------------------------------------------------------------------------

if(TARGET corm)
  corm_test(NAME symbols LABEL check COMMAND tools/check-symbols "$<TARGET_FILE:corm>")
endif()
if(TARGET corm_cli AND LUA_PROGRAM AND NOT CORM_SANITIZE AND NOT CORM_COVERAGE)
  corm_test(NAME install LABEL check ENVIRONMENT "LUA=${LUA_PROGRAM}" "CC=${CMAKE_C_COMPILER}"
    COMMAND tools/check-install "${PROJECT_BINARY_DIR}")
endif()

# --- the source text: the same in every build, so checked in one ----------------------------------------------------

if(NOT CORM_SANITIZE AND NOT CORM_COVERAGE)
  if(LUA_PROGRAM AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    corm_test(NAME recursion LABEL check COST 40 COMMAND "${LUA_PROGRAM}" tools/check-recursion "${PROJECT_BINARY_DIR}")
  endif()
  corm_test(NAME layering LABEL check COMMAND tools/check-layering)
  corm_test(NAME file_size LABEL check COMMAND tools/check-size)

  find_program(CLANG_FORMAT_PROGRAM NAMES clang-format-14 clang-format)
  set(clang_format_version "")
  if(CLANG_FORMAT_PROGRAM)
    execute_process(COMMAND "${CLANG_FORMAT_PROGRAM}" --version OUTPUT_VARIABLE clang_format_version)
  endif()
  if(clang_format_version MATCHES "version 14\\.")
    corm_test(NAME format LABEL check ENVIRONMENT "CLANG_FORMAT=${CLANG_FORMAT_PROGRAM}" COMMAND tools/check-format)
  else()
    message(STATUS "left out: layout of C files (clang-format 14 not found)")
  endif()

  find_program(LUACHECK_PROGRAM NAMES luacheck)
  if(LUACHECK_PROGRAM)
    set(lua_directories "")
    foreach(directory IN ITEMS lua spec examples bench)
      if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${directory}")
        list(APPEND lua_directories "${directory}")
      endif()
    endforeach()
    corm_test(NAME luacheck LABEL check COMMAND "${LUACHECK_PROGRAM}" --quiet ${lua_directories})
  else()
    message(STATUS "left out: luacheck (not found)")
  endif()
endif()
