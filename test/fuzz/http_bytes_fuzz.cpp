// Fuzzes what the HTTP server reads besides requests: coded bodies, frames of WebSockets, and fields with a grammar.
// The first byte chooses the reader; the rest is its input.

#include <cstdint>
#include <string_view>

#include "runtime/base/assert.hpp"
#include "runtime/base/base64.hpp"
#include "runtime/http/content_coding.hpp"
#include "runtime/http/websocket_parser.hpp"
#include "runtime/observe/trace_context.hpp"

namespace {

using namespace troupe;
using namespace troupe::http;

/// Whatever it is said to be, no more comes out than may; and what is encoded here is decoded again.
void check_coding(Coding coding, std::string_view input) {
  constexpr size_t bytes_max = 64 << 10;
  const auto decoded = decode(coding, input, bytes_max);
  TROUPE_ASSERT(decoded ? decoded->size() <= bytes_max : !decoded.error().message.empty());
  const auto again = decode(coding, encode(coding, input), input.size());
  TROUPE_ASSERT(again.has_value() && *again == input);
}

/// What is heard of the bytes that a client sends in pieces of `step`.
std::string heard(std::string_view bytes, size_t step) {
  constexpr size_t message_bytes_max = 1024;
  WebSocketParser parser(message_bytes_max);
  std::string message;
  std::string pending;
  std::string all;
  for (size_t at = 0; at < bytes.size(); at += step) {
    pending += bytes.substr(at, step);
    for (;;) {
      const auto outcome = parser.feed(pending, message);
      TROUPE_ASSERT(outcome.consumed <= pending.size() && message.size() <= message_bytes_max);
      pending.erase(0, outcome.consumed);
      if (outcome.event == WebSocketParser::Event::more) break;
      all += static_cast<char>(outcome.event);
      if (outcome.event == WebSocketParser::Event::failed) return all;
      if (outcome.event == WebSocketParser::Event::text) all += std::exchange(message, {});
    }
  }
  return all;
}

void check_fields(std::string_view text) {
  static_cast<void>(choose_coding(text));
  static_cast<void>(coding_from_name(text));
  static_cast<void>(is_websocket_key(text));
  if (const auto context = observe::parse_traceparent(text))
    TROUPE_ASSERT(observe::parse_traceparent(observe::format_traceparent(*context)).has_value());
  TROUPE_ASSERT(base64_decode(base64_encode(text)) == text);
  static_cast<void>(base64_decode(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
    case 1:
    case 2:
    case 3:
      check_coding(static_cast<Coding>(1 + data[0] % 6), input);
      break;
    case 4:
      TROUPE_ASSERT(heard(input, 1) == heard(input, input.size()));
      break;
    default:
      check_fields(input);
      break;
  }
  return 0;
}
