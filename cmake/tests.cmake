# The entries of ctest. A test whose tool is absent is left out, and the configure step says so.

# --- sanitizers: what the processes under test need -----------------------------------------------------------------

set(core_environment "")
set(lua_environment "")
if(CORM_SANITIZE)
  if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    set(asan_name "libclang_rt.asan-${CMAKE_SYSTEM_PROCESSOR}.so")
  else()
    set(asan_name libasan.so)
  endif()
  execute_process(COMMAND "${CMAKE_C_COMPILER}" "-print-file-name=${asan_name}"
                  OUTPUT_VARIABLE asan_library OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(core_environment
    "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1"
    "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1")
  # The host is a plain lua5.4: the runtime must be there before the module is.
  set(lua_environment ${core_environment} "LD_PRELOAD=${asan_library}")
endif()

# --- C unit tests of the pure rooms ---------------------------------------------------------------------------------

pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
file(GLOB core_tests CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/spec/core/test_*.c")
if(NOT CMOCKA_FOUND)
  message(STATUS "left out: C unit tests (cmocka not found)")
  set(core_tests "")
endif()
foreach(source IN LISTS core_tests)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(${name} "${source}")
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/spec/core")
  target_link_libraries(${name} PRIVATE corm_core PkgConfig::CMOCKA)
  string(REGEX REPLACE "^test_" "core." test_name "${name}")
  add_test(NAME ${test_name} COMMAND ${name})
  set_tests_properties(${test_name} PROPERTIES LABELS core ENVIRONMENT "${core_environment}")
endforeach()
