// Fuzzes what the gateway reads from HTTP clients: requests as bytes, and the JSON bodies of both APIs. The first byte
// chooses the parser; the rest is its input.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "actors/gateway/http/open_inference.hpp"
#include "actors/gateway/http/openai.hpp"
#include "actors/gateway/http/text_inference.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/http/request_parser.hpp"

namespace {

using namespace troupe;
using namespace troupe::gateway;

void check_openai(OpenAiKind kind, std::string_view body, JsonParser& parser) {
  const auto request = parse_openai_request(kind, body, parser);
  if (!request) {
    TROUPE_ASSERT(!request.error().message.empty());
    return;
  }
  const auto& work = std::get<protocol::Generate>(request->serve.work);
  TROUPE_ASSERT(!request->serve.model.empty());
  TROUPE_ASSERT(work.sampling.max_tokens >= 1 && work.sampling.stop.size() <= 4);
  TROUPE_ASSERT(work.sampling.temperature >= 0 && work.sampling.temperature <= 2);
  TROUPE_ASSERT(work.sampling.top_p > 0 && work.sampling.top_p <= 1);
}

/// What was accepted is valid, and survives being written and read again, as JSON where that can carry it and as binary
/// data. What stands behind a NUL is the binary data of the request.
void check_open_inference(std::string_view body, JsonParser& parser) {
  const size_t json_bytes = std::min(body.find('\0'), body.size());
  const Bytes binary = Bytes::copy(body.substr(std::min(json_bytes + 1, body.size())));
  const auto request = parse_open_inference_request(body.substr(0, json_bytes), parser, binary);
  if (!request) {
    TROUPE_ASSERT(!request.error().message.empty());
    return;
  }
  for (const protocol::Tensor& tensor : request->infer.inputs) TROUPE_ASSERT(protocol::validate(tensor).has_value());
  for (const bool as_binary : {false, true}) {
    const auto written = format_open_inference_answer({request->infer.inputs}, "m", "1", request->id, {{}, as_binary});
    TROUPE_ASSERT(written.has_value() || (!as_binary && !binary.empty()));
    if (!written) continue;
    const size_t json_end = written->json_bytes.value_or(written->bytes.size());
    const std::string json = written->bytes.substr(0, json_end);
    constexpr std::string_view outputs = "\"outputs\":";
    const std::string again = "{\"inputs\":" + json.substr(json.find(outputs) + outputs.size());
    if (!as_binary && !binary.empty()) continue;  // JSON has no NaN, and one kind of true.
    const auto reread = parse_open_inference_request(again, parser, Bytes::copy(written->bytes.substr(json_end)));
    TROUPE_ASSERT(reread.has_value() && reread->infer.inputs == request->infer.inputs);
  }
}

void check_text_inference(std::string_view body, JsonParser& parser) {
  const auto request = parse_text_inference_request(body, false, parser);
  if (!request) return;
  const protocol::Sampling& sampling = request->generate.sampling;
  TROUPE_ASSERT(!request->generate.stream && sampling.max_tokens >= 1 && sampling.stop.size() <= 4);
  TROUPE_ASSERT(sampling.temperature >= 0 && sampling.temperature <= 2 && sampling.top_p > 0 && sampling.top_p <= 1);
}

/// However the bytes are cut, the same requests come out.
size_t count_requests(std::string_view bytes, size_t step) {
  http::RequestParser parser(4096, 4096);
  http::HttpRequest request;
  parser.begin(request);
  std::string pending;
  size_t whole = 0;
  for (size_t at = 0; at < bytes.size(); at += step) {
    pending += bytes.substr(at, step);
    for (bool more = true; more && !pending.empty();) {
      const auto outcome = parser.feed(pending);
      pending.erase(0, outcome.consumed);
      if (outcome.state == http::ParseState::failed) return whole;
      more = outcome.state == http::ParseState::done;
      if (!more) break;
      ++whole;
      parser.begin(request);
    }
  }
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static JsonParser parser;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      check_openai(OpenAiKind::completion, input, parser);
      break;
    case 1:
      check_openai(OpenAiKind::chat, input, parser);
      break;
    case 2:
      check_open_inference(input, parser);
      break;
    case 3:
      check_text_inference(input, parser);
      break;
    default:
      if (input.size() < 4000) TROUPE_ASSERT(count_requests(input, 1) == count_requests(input, input.size()));
      break;
  }
  return 0;
}
