#pragma once
// The head's HTTP admin API (docs/admin-api.md): what the dashboard reads and the CLI reads and writes. It translates
// and guards; the head actor decides.
//
// Who may do what: every request must name this server in Host, and one that a browser sends from a page must come
// from a page of this server (against DNS rebinding and foreign pages). Reading is open on loopback; writing, and
// everything on other addresses, needs `Authorization: Bearer KEY`. /healthz is open.

#include <cstdint>
#include <filesystem>
#include <string>

#include "runtime/actor/ref.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/units.hpp"
#include "runtime/http/message.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::cluster {

/// Longest body taken; give it to the server as HttpOptions::body_bytes_max.
inline constexpr ByteCount admin_body_bytes_max = 1_MiB;

struct AdminApiOptions {
  std::string admin_key;           ///< Empty: nothing that needs it is allowed.
  std::filesystem::path key_file;  ///< Where `admin_key` lies; named in 401s.
  bool is_loopback = true;         ///< The server listens on a loopback address only.
  bool is_tls = false;             ///< The server speaks https.
  uint16_t port = 0;               ///< Of the server, as Host must name it on loopback; 0 = any.
  http::Handler page;              ///< Serves what is neither under /api nor /healthz, to everybody; may be empty.
  observe::Logger log;             ///< Gets a line for each write, done or refused.
};

/// Thread-safe; never blocks. Calls go to `head` (a local actor that takes AdminCall) and are answered when it has
/// called `done`; 503 where it cannot take one or drops it.
http::Handler make_admin_api(actor::Ref head, AdminApiOptions options);

/// For what the server itself answers: {"error":{"code":…,"message":…}}, and on 404 the paths there are.
std::string admin_error_body(int status, std::string_view path, std::string_view message);

}  // namespace troupe::cluster
