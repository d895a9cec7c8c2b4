#pragma once
// Who may ask the admin API for what; see admin_api.hpp. Pure.

#include "cluster/head/admin_api.hpp"

namespace troupe::cluster {

/// Longest part of a header that is compared, shown or logged.
inline constexpr size_t header_bytes_shown = 200;

/// permission_denied: a foreign Host or Origin; unauthenticated: no key or a wrong one, where one is needed; too_large.
Status check_admin_request(const http::HttpRequest& request, const AdminApiOptions& options, bool is_read);

}  // namespace troupe::cluster
