// Arbitrary bytes as what a gateway keeps of a request with an idempotency key. What is taken must be written and read
// as the same again.

#include "actors/gateway/idempotency/answer_record.hpp"
#include "runtime/base/assert.hpp"

using namespace troupe;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto record = gateway::decode_answer_record({reinterpret_cast<const char*>(data), size});
  if (!record) {
    TROUPE_ASSERT(!record.error().message.empty());
    return 0;
  }
  const std::string written = gateway::encode(*record);
  const auto again = gateway::decode_answer_record(written);
  TROUPE_ASSERT(again.has_value() && gateway::encode(*again) == written);
  return 0;
}
