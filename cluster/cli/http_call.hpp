#pragma once
// One HTTP/1.1 call.

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cli {

struct HttpCall {
  std::string method = "GET";
  std::string host;
  std::string port;
  std::string target;  ///< "/api/v1/status"
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

/// Any answer is a success, whatever its status. unavailable with field "address": nobody answers there.
/// deadline_exceeded: the answer did not come within `timeout`.
Result<HttpAnswer> http_call(const HttpCall& call, Duration timeout);

}  // namespace troupe::cli
