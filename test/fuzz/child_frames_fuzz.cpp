// Any bytes as a frame of the worker protocol, from either side: dropped with a reason, or understood. The first two
// bytes say who hears it and how long the envelope is; the rest is envelope and body.

#include <cstdint>
#include <string_view>

#include "actors/worker/child_frames.hpp"
#include "runtime/base/assert.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace troupe;
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t header_bytes = std::min<size_t>(data[1], rest.size());
  const std::string_view header = rest.substr(0, header_bytes);
  const wire::Body body{Bytes::copy(rest.substr(header_bytes)), {}};

  const auto check = [](const auto& frame) {
    if (!frame) TROUPE_ASSERT(!frame.error().message.empty());
  };
  if (data[0] % 2 == 0)
    check(worker::decode_from_child(header, body));
  else
    check(worker::decode_from_node(header, body));
  return 0;
}
