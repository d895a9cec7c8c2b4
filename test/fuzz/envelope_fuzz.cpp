// Any bytes as an envelope: refused, or the same after being written and read again.
#include <cstdint>

#include "runtime/base/assert.hpp"
#include "runtime/wire/envelope.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace troupe::wire;
  const auto envelope = decode_envelope(std::as_bytes(std::span(data, size)), Limits{});
  if (!envelope) return 0;

  std::string frame;
  encode(*envelope, frame);
  const auto again = decode_envelope(std::as_bytes(std::span(frame.data(), frame.size())), Limits{});
  TROUPE_ASSERT(again.has_value() && *again == *envelope);
  return 0;
}
