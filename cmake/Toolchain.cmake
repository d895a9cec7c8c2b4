# Compiler-wide settings: fast builds (ccache, mold) and warnings for our own code.
find_program(TROUPE_CCACHE ccache)
if(TROUPE_CCACHE)
  # ccache keeps objects built with a precompiled header only under these two sloppiness settings (its manual, "Precompiled
  # headers"); none of our files uses __DATE__ or __TIME__. The rest lets checkouts and build folders share its entries.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${TROUPE_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

find_program(TROUPE_MOLD mold)
if(TROUPE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Line tables are enough for profiles and back traces, and cost a third of the build time and size of full debug info.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

set(TROUPE_SANITIZE "" CACHE STRING "Sanitizers for all targets, e.g. address,undefined or thread")
if(TROUPE_SANITIZE)
  add_compile_options(-O1 -fsanitize=${TROUPE_SANITIZE} -fno-omit-frame-pointer)
  if(TROUPE_SANITIZE MATCHES undefined)
    # These three take two thirds of the build time, and what they find the address sanitizer finds where it happens.
    add_compile_options(-fno-sanitize=null,object-size,vptr)
  endif()
  add_link_options(-fsanitize=${TROUPE_SANITIZE})
  if(TROUPE_SANITIZE MATCHES thread)
    # Boost.Asio has fences, which gcc says the sanitizer does not see.
    add_compile_options(-Wno-tsan)
  endif()
endif()

# Designated initialisers leave fields at the defaults their structs state: that is their point here.
set(TROUPE_WARNINGS -Wall -Wextra -Wconversion -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 reports these falsely inside std::string, std::optional and std::variant once it has inlined them: where it
  # inlines most, in what is shipped, they say nothing; elsewhere they are read, and stop nobody.
  set(unsure -Wno-error=)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    set(unsure -Wno-)
  endif()
  foreach(warning stringop-overflow restrict maybe-uninitialized array-bounds)
    list(APPEND TROUPE_WARNINGS ${unsure}${warning})
  endforeach()
endif()
