# How Troupe's libraries, tests and examples are declared.
#
#   troupe_library(bus SOURCES a.cpp b.cpp PUBLIC troupe::wire PRIVATE PkgConfig::ZMQ)
#     a static library troupe_bus with the alias troupe::bus. A folder is a library; its PUBLIC and PRIVATE lists are
#     the only folders and packages it may use.
#   troupe_test(wire LABEL unit SOURCES test/... LIBRARIES troupe::wire)
#     a Boost.Test binary test_wire, registered with ctest under LABEL.

# One precompiled header of the standard library serves every target.
file(WRITE ${CMAKE_BINARY_DIR}/pch/pch.cpp.in "// Precompiled standard headers.\n")
configure_file(${CMAKE_BINARY_DIR}/pch/pch.cpp.in ${CMAKE_BINARY_DIR}/pch/pch.cpp COPYONLY)
add_library(troupe_pch STATIC ${CMAKE_BINARY_DIR}/pch/pch.cpp)
target_precompile_headers(troupe_pch PRIVATE
  <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <functional> <map> <memory> <mutex> <optional> <span>
  <string> <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector>
  <fmt/format.h> <tl/expected.hpp>)
target_compile_options(troupe_pch PRIVATE ${TROUPE_WARNINGS})
target_link_libraries(troupe_pch PRIVATE fmt::fmt Threads::Threads)

function(troupe_target_defaults target)
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(${target} PRIVATE ${TROUPE_WARNINGS})
  target_link_libraries(${target} PUBLIC fmt::fmt Threads::Threads)
  if(NOT TROUPE_FUZZ)
    target_precompile_headers(${target} REUSE_FROM troupe_pch)
  endif()
endfunction()

function(troupe_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(troupe_${name} STATIC ${ARG_SOURCES})
  add_library(troupe::${name} ALIAS troupe_${name})
  troupe_target_defaults(troupe_${name})
  target_link_libraries(troupe_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

function(troupe_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(TROUPE_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 15")
  endif()
  add_executable(test_${name} ${ARG_SOURCES})
  troupe_target_defaults(test_${name})
  target_link_libraries(test_${name} PRIVATE ${ARG_LIBRARIES} test_main Boost::unit_test_framework)
  target_compile_definitions(test_${name} PRIVATE
    BOOST_TEST_DYN_LINK
    TROUPE_TEST_DATA="${CMAKE_SOURCE_DIR}/test/data" TROUPE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND test_${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
  if(TROUPE_SANITIZE MATCHES thread)
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
      "TSAN_OPTIONS=history_size=4:suppressions=${CMAKE_SOURCE_DIR}/test/support/tsan.supp:halt_on_error=1")
  endif()
endfunction()

# `ninja check-headers` compiles every header alone: each must be self-contained.
function(troupe_add_header_check)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
    ${CMAKE_SOURCE_DIR}/runtime/*.hpp ${CMAKE_SOURCE_DIR}/storage/*.hpp ${CMAKE_SOURCE_DIR}/gpu/*.hpp
    ${CMAKE_SOURCE_DIR}/actors/*.hpp ${CMAKE_SOURCE_DIR}/cluster/*.hpp)
  set(units)
  foreach(header IN LISTS headers)
    set(unit ${CMAKE_BINARY_DIR}/header_check/${header}.cpp)
    file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n" @ONLY)
    list(APPEND units ${unit})
  endforeach()
  add_library(check-headers OBJECT EXCLUDE_FROM_ALL ${units})
  target_include_directories(check-headers PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_options(check-headers PRIVATE ${TROUPE_WARNINGS} -O0 -g0 -Wno-unused)
  target_compile_definitions(check-headers PRIVATE TROUPE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(check-headers PRIVATE fmt::fmt Threads::Threads PkgConfig::HWY PkgConfig::ZMQ CAF::core
    nlohmann_json::nlohmann_json yaml-cpp PkgConfig::PROMETHEUS)
endfunction()
