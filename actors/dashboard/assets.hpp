#pragma once
// The files of the page, compiled in.

#include <span>
#include <string_view>

namespace troupe::dashboard {

struct Asset {
  std::string_view path;          ///< Where it is served: "/", "/app.js".
  std::string_view content_type;  ///< "text/javascript; charset=utf-8"
  std::string_view etag;          ///< Of the content, with its quotes.
  std::string_view body;
};

std::span<const Asset> assets() noexcept;

/// nullptr where there is none.
const Asset* find_asset(std::string_view path) noexcept;

}  // namespace troupe::dashboard
