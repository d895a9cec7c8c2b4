// Fuzzes what the gateway reads from HTTP clients: requests as bytes, and the JSON bodies of all APIs. The first byte
// chooses the parser; the rest is its input.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/gateway/http/event_request.hpp"
#include "actors/gateway/http/open_inference.hpp"
#include "actors/gateway/http/openai.hpp"
#include "actors/gateway/http/text_inference.hpp"
#include "actors/gateway/http/tf_serving.hpp"
#include "actors/gateway/http/websocket_frames.hpp"
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

void check_client_frame(std::string_view text, JsonParser& parser) {
  std::string id;
  const auto frame = parse_client_frame(text, parser, id);
  if (!frame) {
    TROUPE_ASSERT(!frame.error().message.empty());
    return;
  }
  TROUPE_ASSERT(frame->op == ClientOp::authenticate || frame->id == id);
  TROUPE_ASSERT((frame->op == ClientOp::request) == frame->body.starts_with('{'));
}

void check_text_inference(std::string_view body, JsonParser& parser) {
  const auto request = parse_text_inference_request(body, false, parser);
  if (!request) return;
  const protocol::Sampling& sampling = request->generate.sampling;
  TROUPE_ASSERT(!request->generate.stream && sampling.max_tokens >= 1 && sampling.stop.size() <= 4);
  TROUPE_ASSERT(sampling.temperature >= 0 && sampling.temperature <= 2 && sampling.top_p > 0 && sampling.top_p <= 1);
}

/// What was accepted is valid, and comes back out of its own answer.
void check_tf(TfVerb verb, std::string_view body, JsonParser& parser) {
  const auto request = parse_tf_request(verb, body, parser);
  if (!request) {
    TROUPE_ASSERT(!request.error().message.empty());
    return;
  }
  const auto& inputs = request->infer.inputs;
  for (const protocol::Tensor& tensor : inputs) TROUPE_ASSERT(protocol::validate(tensor).has_value());
  for (const TfVerb answered : {TfVerb::classify, TfVerb::regress})
    static_cast<void>(format_tf_answer({inputs}, answered, TfFormat::rows));
  static_cast<void>(format_tf_answer({inputs}, TfVerb::predict, TfFormat::rows));
  const auto written = format_tf_answer({inputs}, TfVerb::predict, TfFormat::columns);
  TROUPE_ASSERT(written.has_value());
  constexpr std::string_view outputs = "{\"outputs\":";
  const auto again = parse_tf_request(TfVerb::predict, "{\"inputs\":" + written->substr(outputs.size()), parser);
  for (const protocol::Tensor& tensor : inputs) {
    if (tensor.data.empty()) return;  // Of an empty list nothing tells the type.
  }
  TROUPE_ASSERT(again.has_value() && again->infer.inputs.size() == inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const protocol::Tensor& found = again->infer.inputs[i];
    TROUPE_ASSERT(found.dtype == inputs[i].dtype && found.shape == inputs[i].shape && found.data == inputs[i].data);
  }
}

/// What was accepted can be logged and read again.
void check_events(std::string_view body, JsonParser& parser) {
  SeededRandom random(1);
  const auto events = parse_events_request(body, WallTime{std::chrono::seconds{1'800'000'000}}, random, parser);
  if (!events) {
    TROUPE_ASSERT(!events.error().message.empty());
    return;
  }
  for (const protocol::Event& event : *events) {
    const std::string bytes = experiment::encode(event);
    TROUPE_ASSERT(bytes.size() <= experiment::event_bytes_max && experiment::decode_event(bytes) == event);
  }
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
  switch (data[0] % 9) {
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
    case 4:
      check_tf(TfVerb::predict, input, parser);
      break;
    case 5:
      check_tf(TfVerb::classify, input, parser);
      break;
    case 6:
      check_client_frame(input, parser);
      break;
    case 7:
      check_events(input, parser);
      break;
    default:
      if (input.size() < 4000) TROUPE_ASSERT(count_requests(input, 1) == count_requests(input, input.size()));
      break;
  }
  return 0;
}
