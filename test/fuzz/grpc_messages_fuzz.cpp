// Fuzzes what the gateway reads from gRPC clients: messages as bytes. The first byte chooses the reader; the rest is
// its input.

#include <cstdint>
#include <string_view>

#include "actors/gateway/grpc/infer_message.hpp"
#include "actors/gateway/grpc/load_calls.hpp"
#include "actors/gateway/grpc/page_messages.hpp"
#include "actors/gateway/grpc/text_tensors.hpp"
#include "runtime/base/assert.hpp"

namespace {

using namespace troupe;
using namespace troupe::gateway;

/// A ModelInferRequest of the tensors in a ModelInferResponse: what is called outputs there are inputs here.
std::string as_request(std::string_view response) {
  std::string request;
  put_text(request, 1, "m");
  static_cast<void>(for_each_proto_field(response, [&](const ProtoField& field) -> Status {
    if (field.number == 5) put_element(request, 5, field.bytes);
    if (field.number == 6) put_element(request, 7, field.bytes);
    return {};
  }));
  return request;
}

/// What was accepted is valid, and survives being written and read again.
void check_infer(std::string_view bytes) {
  const Bytes message = Bytes::copy(bytes);
  const InferNames names = peek_names(message);
  const auto read = read_infer_message(message);
  if (!read) {
    TROUPE_ASSERT(!read.error().message.empty());
    return;
  }
  TROUPE_ASSERT(names.model == read->model && names.id == read->id);
  for (const protocol::Tensor& tensor : read->infer.inputs) TROUPE_ASSERT(protocol::validate(tensor).has_value());
  const ProtoPieces written = write_infer_response({read->model, "1", read->id, true, "stop"}, read->infer.inputs);
  const auto again = read_infer_message(Bytes::own(as_request(written.joined())));
  TROUPE_ASSERT(again.has_value() && again->infer.inputs == read->infer.inputs);
  if (!asks_for_text(read->infer, nullptr)) return;
  static JsonParser parser;
  for (const bool is_stream : {false, true}) {
    const auto generate = read_text_request(*read, is_stream, parser);
    if (!generate) continue;
    TROUPE_ASSERT(is_stream || !generate->stream);
    TROUPE_ASSERT(generate->sampling.max_tokens >= 1 && generate->sampling.stop.size() <= 4);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      static_cast<void>(read_model_question("ModelReadyRequest", input));
      break;
    case 1:
      static_cast<void>(read_index_question(input));
      break;
    case 2:
    case 3:
      static_cast<void>(read_load_request(input, data[0] % 6 == 2));
      break;
    default:
      check_infer(input);
      break;
  }
  return 0;
}
