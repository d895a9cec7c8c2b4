#include "runtime/http/cors.hpp"

#include <algorithm>

namespace troupe::http {
namespace {

constexpr std::string_view preflight_seconds = "600";

/// A scheme and a host, perhaps a port; nothing after.
bool is_origin(std::string_view text) {
  const size_t mark = text.find("://");
  if (mark == std::string_view::npos || mark == 0) return false;
  const std::string_view host = text.substr(mark + 3);
  return !host.empty() && std::ranges::all_of(host, [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ','; });
}

}  // namespace

Result<CorsPolicy> CorsPolicy::of(std::vector<std::string> origins, std::string_view option) {
  for (const std::string& origin : origins) {
    if (origin == "*" || is_origin(origin)) continue;
    return fail_field(std::string(option), "{} must be an origin such as https://app.example, or *, found \"{}\"",
                      option, origin);
  }
  CorsPolicy policy;
  policy.origins_ = std::move(origins);
  return policy;
}

bool CorsPolicy::allows(std::string_view origin) const {
  return std::ranges::any_of(origins_, [&](const std::string& known) { return known == "*" || known == origin; });
}

HeaderList CorsPolicy::answer_headers(const HttpRequest& request) const {
  if (!is_on()) return {};
  HeaderList headers{{"vary", "origin"}};
  const auto origin = request.headers.find("origin");
  if (!origin || !allows(*origin)) return headers;
  headers.emplace_back("access-control-allow-origin", *origin);
  headers.emplace_back("access-control-expose-headers", "*");
  return headers;
}

std::optional<HeaderList> CorsPolicy::preflight(const HttpRequest& request) const {
  const auto origin = request.headers.find("origin");
  if (request.method != "OPTIONS" || !origin || !allows(*origin)) return std::nullopt;
  const auto method = request.headers.find("access-control-request-method");
  if (!method) return std::nullopt;
  HeaderList headers{{"access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE"},
                     {"access-control-max-age", std::string(preflight_seconds)}};
  if (const auto fields = request.headers.find("access-control-request-headers"))
    headers.emplace_back("access-control-allow-headers", *fields);
  return headers;
}

}  // namespace troupe::http
