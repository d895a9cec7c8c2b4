# Writes OUTPUT, a C++ file that defines troupe::dashboard::assets() with the FILES of FOLDER.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(rows "")
foreach(name IN LISTS FILES)
  file(READ ${FOLDER}/${name} body)
  file(SHA256 ${FOLDER}/${name} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(FIND "${body}" ")embed\"" delimiter_at)
  if(NOT delimiter_at EQUAL -1)
    message(FATAL_ERROR "${FOLDER}/${name} must not contain )embed\"")
  endif()

  string(REGEX REPLACE "^.*\\." "" extension ${name})
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "embed.cmake knows no content type for ${name}")
  endif()

  set(path "/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  string(APPEND rows "    {\"${path}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\", R\"embed(${body})embed\"},\n")
endforeach()

file(WRITE ${OUTPUT} "// Made by embed.cmake from the files in web/.
#include \"actors/dashboard/assets.hpp\"

namespace troupe::dashboard {
namespace {

constexpr Asset embedded[] = {
${rows}};

}  // namespace

std::span<const Asset> assets() noexcept { return embedded; }

}  // namespace troupe::dashboard
")
