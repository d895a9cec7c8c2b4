#include "test/unit/protocol/vector_values.hpp"
#include "test/unit/wire/hex.hpp"

namespace troupe::protocol {
namespace {

Json frames(const wire::Body& body) {
  Json attachments = Json::array();
  for (const Bytes& attachment : body.attachments) attachments.push_back(test::to_hex(attachment.view()));
  return {{"body", test::to_hex(body.data.view())}, {"attachments", std::move(attachments)}};
}

Json good_envelopes() {
  Json all = Json::array();
  for (const EnvelopeVector& vector : envelope_vectors()) {
    std::string frame;
    wire::encode(vector.envelope, frame);
    all.push_back({{"name", vector.name}, {"value", vector.value}, {"frame", test::to_hex(frame)}});
  }
  return all;
}

Json good_bodies() {
  Json all = Json::array();
  for (const BodyVector& vector : body_vectors()) {
    Json row = {{"name", vector.name}, {"message_type", static_cast<int>(vector.type)}, {"value", vector.value}};
    row.update(frames(vector.body));
    all.push_back(std::move(row));
  }
  return all;
}

Json tolerated_envelope(const char* name, const wire::Envelope& value, const char* frame) {
  return {{"name", name}, {"value", value}, {"frame", frame}};
}

Json tolerated_error(const char* name, const char* body) {
  const Json value = {{"code", 3}, {"message", "no"}, {"field", ""}, {"retry_after_ms", 0}};
  return {{"name", name}, {"message_type", 1}, {"value", value}, {"body", body}, {"attachments", Json::array()}};
}

Json bad_envelope(const char* name, const char* frame, const char* error) {
  return {{"name", name}, {"frame", frame}, {"error", error}};
}

Json bad_body(const char* name, MessageType type, const char* body, const char* error,
              const std::vector<std::string>& attachments = {}) {
  return {{"name", name},
          {"message_type", static_cast<int>(type)},
          {"body", body},
          {"attachments", attachments},
          {"error", error}};
}

Json bad_envelopes() {
  return Json::array({
      bad_envelope("empty", "", "the envelope: expected a value, found the end of the frame"),
      bad_envelope("cut off", "9a0106", "the envelope: array of 10 is longer than the 2 bytes that remain"),
      bad_envelope("not an array", "80", "the envelope: expected array, found map"),
      bad_envelope("too few fields", "9106", "the envelope: expected array of 10 or more, found 1"),
      bad_envelope("another protocol", "9a020600009200009200a0c000a0c0",
                   "the envelope is of protocol 2, this build speaks 1"),
      bad_envelope("unknown kind", "9a010900009200009200a0c000a0c0",
                   "field 1 of the envelope: expected an int in 1..8, found 9"),
      bad_envelope("part without a position", "9a010200009200009200a0c000a0c0",
                   "field 9 of the envelope: expected [index, last] in a message of kind part, found nil"),
      bad_envelope("credit without its bytes", "9a010500009200009200a0c000a0c0",
                   "field 10 of the envelope: expected the bytes of a message of kind credit, found nil"),
      bad_envelope("an event with credit", "9b010600009200009200a0c000a0c005",
                   "field 10 of the envelope: expected nil in a message of kind 6"),
      bad_envelope("trace of another type", "9a010600009200009200a0c00005c0",
                   "field 8 of the envelope: expected str, found int"),
      bad_envelope("bytes after the end", "9a010600009200009200a0c000a0c0c0",
                   "the envelope: 1 bytes follow the last value"),
  });
}

Json bad_bodies() {
  return Json::array({
      bad_body("int for text", MessageType::serve_request, "9505a0a0a09200c0",
               "field 0 of message type 10: expected str, found int"),
      bad_body("text that is not UTF-8", MessageType::error, "9403a180a000",
               "field 1 of message type 1: the str is not UTF-8"),
      bad_body("unknown alternative", MessageType::result_part, "94920590a0c0c2",
               "field 0.0 of message type 11: expected an int in 0..3, found 5"),
      bad_body("missing attachment", MessageType::result_part, "949201919194a178029104d60100000000a0c0c2",
               "field 0.1.0.0.3 of message type 11: attachment 0 is missing, the message has 0"),
      bad_body("attachment used twice", MessageType::result_part,
               "949201919294a178029101d6010000000094a179029101d60100000000a0c0c2",
               "field 0.1.0.1.3 of message type 11: attachment 0 is used twice", {"aa"}),
      bad_body("count beyond the frame", MessageType::result_part, "94920191ddffffffffa0c0c2",
               "field 0.1.0 of message type 11: array of 4294967295 is longer than the 3 bytes that remain"),
      bad_body("bytes after the end", MessageType::error, "9403a26e6fa000c0",
               "message type 1: 1 bytes follow the last value"),
  });
}

}  // namespace

Json all_vectors() {
  return {
      {"about",
       "Bytes on the wire, as hex. Good vectors are encoded and decoded to exactly this; tolerated ones are decoded; "
       "bad ones are refused. test_protocol writes this file when TROUPE_WRITE_VECTORS is set."},
      {"envelopes", good_envelopes()},
      {"bodies", good_bodies()},
      {"tolerated_envelopes", Json::array({tolerated_envelope("unknown trailing fields", {},
                                                              "9d01060000930000c39200a0c000a0c0c093010203a178")})},
      {"tolerated_bodies",
       Json::array({tolerated_error("unknown trailing field", "9503a26e6fa00081a16b92c001"),
                    tolerated_error("missing last fields", "9203a26e6f"),
                    tolerated_error("integers in long forms", "94cf0000000000000003d9026e6fa0d30000000000000000")})},
      {"bad_envelopes", bad_envelopes()},
      {"bad_bodies", bad_bodies()},
  };
}

}  // namespace troupe::protocol
