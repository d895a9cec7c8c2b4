#include "runtime/bus/transport.hpp"

namespace troupe::bus {

std::string_view to_string(Lane lane) noexcept {
  switch (lane) {
    case Lane::control:
      return "control";
    case Lane::request:
      return "request";
    case Lane::bulk:
      return "bulk";
  }
  return "unknown";
}

}  // namespace troupe::bus
