#include "cluster/cli/exit.hpp"

namespace troupe::cli {

Exit exit_of(const Error& error) noexcept {
  switch (error.code) {
    case Errc::invalid_argument:
      return Exit::usage;
    case Errc::deadline_exceeded:
      return Exit::timed_out;
    case Errc::unavailable:
      return error.field == address_field ? Exit::unreachable : Exit::failed;
    default:
      return Exit::failed;
  }
}

}  // namespace troupe::cli
