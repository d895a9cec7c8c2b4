#include "actors/gateway/grpc/grpc_status.hpp"

#include "actors/gateway/http/error_answer.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::gateway {
namespace {

/// Statuses travel as header fields, of which clients take 8 KiB together, and non-ASCII bytes three times as long.
constexpr size_t message_bytes_max = 2048;

}  // namespace

GrpcCode grpc_code(const Error& error) noexcept {
  switch (error.code) {
    case Errc::invalid_argument:
    case Errc::too_large:
      return GrpcCode::invalid_argument;
    case Errc::not_found:
      return GrpcCode::not_found;
    case Errc::already_exists:
      return GrpcCode::already_exists;
    case Errc::unavailable:
    case Errc::lost:
      return GrpcCode::unavailable;
    case Errc::overloaded:
    case Errc::resource_exhausted:
      return GrpcCode::resource_exhausted;
    case Errc::deadline_exceeded:
      return GrpcCode::deadline_exceeded;
    case Errc::cancelled:
      return GrpcCode::cancelled;
    case Errc::unauthenticated:
      return GrpcCode::unauthenticated;
    case Errc::permission_denied:
      return GrpcCode::permission_denied;
    case Errc::failed_precondition:
      return GrpcCode::failed_precondition;
    case Errc::unimplemented:
      return error.field.empty() ? GrpcCode::unimplemented : GrpcCode::invalid_argument;
    case Errc::corrupt_data:
      return GrpcCode::data_loss;
    case Errc::internal:
    case Errc::io_error:
      return GrpcCode::internal;
  }
  return GrpcCode::unknown;
}

GrpcStatus grpc_status(const Error& error) {
  GrpcStatus status{grpc_code(error), observe::sanitize(error.message, message_bytes_max), error_headers(error)};
  if (!status.trailers.empty() && error.retry_after.count() > 0)
    status.trailers.emplace_back("grpc-retry-pushback-ms", std::to_string(error.retry_after.count()));
  return status;
}

}  // namespace troupe::gateway
