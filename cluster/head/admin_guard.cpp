#include "cluster/head/admin_guard.hpp"

#include <algorithm>

#include "cluster/spec/join_token.hpp"

namespace troupe::cluster {
namespace {

std::string lower(std::string_view text) {
  std::string out(text.substr(0, header_bytes_shown));
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// "127.0.0.1" and the like, "[::1]", or "localhost".
bool is_loopback_name(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// Elsewhere than on loopback everything needs the key, which a foreign page does not have; so only Origin counts
/// there.
Status check_host(const http::HttpRequest& request, const AdminApiOptions& options) {
  const std::string host = lower(request.headers.find("host").value_or(""));
  if (options.is_loopback) {
    const size_t colon = host.ends_with(']') ? std::string::npos : host.rfind(':');
    const std::string_view name = std::string_view(host).substr(0, colon);
    const std::string port = colon == std::string::npos ? (options.is_tls ? "443" : "80") : host.substr(colon + 1);
    if (!is_loopback_name(name) || (options.port != 0 && port != std::to_string(options.port))) {
      return fail(Errc::permission_denied, "Host '{}' is not this server's; use {}", host,
                  options.port == 0 ? "localhost or 127.0.0.1" : fmt::format("127.0.0.1:{}", options.port));
    }
  }
  if (const auto origin = request.headers.find("origin")) {
    const std::string from = lower(*origin);
    if (host.empty() || (from != "http://" + host && from != "https://" + host)) {
      return fail(Errc::permission_denied, "pages of {} may not use this API; its own page is {}://{}", from,
                  options.is_tls ? "https" : "http", host);
    }
  }
  return {};
}

Status check_key(const http::HttpRequest& request, const AdminApiOptions& options) {
  const auto given = request.headers.find("authorization");
  constexpr std::string_view scheme = "bearer ";
  const bool is_bearer = given && lower(given->substr(0, scheme.size())) == scheme;
  const std::string_view key = is_bearer ? given->substr(scheme.size()) : std::string_view{};
  if (!options.admin_key.empty() && equal_in_constant_time(key, options.admin_key)) return {};
  return fail(Errc::unauthenticated, "{}; send 'Authorization: Bearer KEY' with the key in {}",
              given ? "the admin key is wrong" : "this needs the admin key", options.key_file.string());
}

}  // namespace

Status check_admin_request(const http::HttpRequest& request, const AdminApiOptions& options, bool is_read) {
  TROUPE_CHECK(check_host(request, options));
  if (!is_read || !options.is_loopback) TROUPE_CHECK(check_key(request, options));
  if (request.body.size() > admin_body_bytes_max.value) {
    return fail(Errc::too_large, "the body has {} bytes; at most {} are taken", request.body.size(),
                admin_body_bytes_max.value);
  }
  return {};
}

}  // namespace troupe::cluster
