#include "runtime/base/error.hpp"

#include <fmt/format.h>

namespace troupe {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::internal:
      return "internal";
    case Errc::invalid_argument:
      return "invalid_argument";
    case Errc::not_found:
      return "not_found";
    case Errc::already_exists:
      return "already_exists";
    case Errc::unavailable:
      return "unavailable";
    case Errc::overloaded:
      return "overloaded";
    case Errc::deadline_exceeded:
      return "deadline_exceeded";
    case Errc::cancelled:
      return "cancelled";
    case Errc::unauthenticated:
      return "unauthenticated";
    case Errc::permission_denied:
      return "permission_denied";
    case Errc::failed_precondition:
      return "failed_precondition";
    case Errc::unimplemented:
      return "unimplemented";
    case Errc::corrupt_data:
      return "corrupt_data";
    case Errc::io_error:
      return "io_error";
    case Errc::too_large:
      return "too_large";
    case Errc::resource_exhausted:
      return "resource_exhausted";
    case Errc::lost:
      return "lost";
  }
  return "unknown";
}

std::string to_string(const Error& error) {
  return fmt::format("{}: {}", to_string(error.code), error.message);
}

}  // namespace troupe
