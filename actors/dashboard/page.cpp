#include "actors/dashboard/page.hpp"

#include <fmt/format.h>

#include "actors/dashboard/assets.hpp"

namespace troupe::dashboard {
namespace {

constexpr size_t path_bytes_shown = 200;

/// Nothing but our own files may run, load or be asked, and no other page may frame this one.
constexpr const char* content_security_policy =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

http::HeaderList page_headers() {
  return {{"content-security-policy", content_security_policy},
          {"x-content-type-options", "nosniff"},
          {"referrer-policy", "no-referrer"}};
}

/// If-None-Match by RFC 9110 §13.1.2: a list of tags, compared weakly, or "*".
bool has_match(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const size_t comma = if_none_match.find(',');
    std::string_view tag = if_none_match.substr(0, comma);
    if_none_match = comma == std::string_view::npos ? std::string_view{} : if_none_match.substr(comma + 1);
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

void serve_page(const http::HttpRequest& request, http::HttpResponder& responder) {
  http::HeaderList headers = page_headers();
  const Asset* asset = find_asset(request.path());
  if (asset == nullptr) {
    const std::string text = fmt::format("There is no {}: the dashboard is at / and the API under /api/v1.\n",
                                         request.path().substr(0, path_bytes_shown));
    return responder.respond(404, "text/plain; charset=utf-8", text, std::move(headers));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    headers.emplace_back("allow", "GET, HEAD");
    return responder.respond(405, "text/plain; charset=utf-8", "The dashboard's files can only be read.\n",
                             std::move(headers));
  }
  // The files of a new binary are seen at once: browsers keep them but ask each time.
  headers.emplace_back("cache-control", "no-cache");
  headers.emplace_back("etag", asset->etag);
  if (const auto known = request.headers.find("if-none-match"); known && has_match(*known, asset->etag)) {
    return responder.respond(304, {}, {}, std::move(headers));
  }
  responder.respond(200, asset->content_type, std::string(asset->body), std::move(headers));
}

}  // namespace

http::Handler make_page_handler() {
  return [](const http::HttpRequest& request, std::shared_ptr<http::HttpResponder> responder) {
    serve_page(request, *responder);
  };
}

}  // namespace troupe::dashboard
