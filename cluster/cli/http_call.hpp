#pragma once
// One HTTP/1.1 call, by http or https.

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cli {

/// A server. `ca_file` verifies it where it speaks https; empty: what the system trusts.
struct HostPort {
  std::string host;
  std::string port;
  bool is_tls = false;
  std::string ca_file{};

  std::string url() const { return fmt::format("{}://{}:{}", is_tls ? "https" : "http", host, port); }
};
/// Of "HOST:PORT", "http://HOST:PORT/", "https://HOST:PORT/" or "HOST".
Result<HostPort> parse_address(const std::string& text, const std::string& port_if_none);

struct HttpCall {
  std::string method = "GET";
  HostPort at;
  std::string target;  ///< "/api/v1/status"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

/// Any answer is a success, whatever its status. unavailable with field "address": nobody answers there;
/// unauthenticated: it speaks https and is not to be trusted; deadline_exceeded: the answer did not come within
/// `timeout`.
Result<HttpAnswer> http_call(const HttpCall& call, Duration timeout);

}  // namespace troupe::cli
