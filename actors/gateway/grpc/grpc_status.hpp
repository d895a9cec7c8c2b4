#pragma once
// Errors as gRPC says them: the one table from Errc to status codes, beside http/error_answer.hpp. No gRPC header is
// needed for it.

#include <cstdint>
#include <string>

#include "runtime/base/error.hpp"
#include "runtime/http/message.hpp"

namespace troupe::gateway {

/// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
enum class GrpcCode : uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// As http_status() decides: `unimplemented` about a named field is bad input; `too_large` too, as the same request
/// stays too large however often it is sent; `lost` is unavailable.
GrpcCode grpc_code(const Error& error) noexcept;

/// How a call ends.
struct GrpcStatus {
  GrpcCode code = GrpcCode::ok;
  std::string message{};
  /// Trailing metadata: where coming back helps `retry-after` and `retry-after-ms`, as over HTTP, and
  /// `grpc-retry-pushback-ms`, which gRPC's own clients heed.
  http::HeaderList trailers{};
};

GrpcStatus grpc_status(const Error& error);

}  // namespace troupe::gateway
