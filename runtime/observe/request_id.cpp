#include "runtime/observe/request_id.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::observe {

std::string make_request_id(Random& random) {
  const uint64_t high = random.next();
  const uint64_t low = random.next() & 0xFFFF'FFFF;
  return fmt::format("req_{:016x}{:08x}", high, low);
}

Status check_request_id(std::string_view id) {
  if (id.empty() || id.size() > request_id_bytes_max)
    return fail_field("request_id", "a request id of {} bytes; it must have 1 to {}", id.size(), request_id_bytes_max);
  const auto odd = std::find_if(id.begin(), id.end(), [](char c) { return c < 0x20 || c > 0x7E; });
  if (odd != id.end())
    return fail_field("request_id", "byte {} of the request id is 0x{:02x}; only printable ASCII may stand there",
                      odd - id.begin(), static_cast<unsigned char>(*odd));
  return {};
}

}  // namespace troupe::observe
