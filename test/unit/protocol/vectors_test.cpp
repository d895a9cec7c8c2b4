#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>

#include "runtime/protocol/registry.hpp"
#include "test/unit/protocol/vector_values.hpp"
#include "test/unit/wire/hex.hpp"

namespace troupe::protocol {
namespace {

const std::string path = TROUPE_TEST_DATA "/wire/vectors.json";

Json file() {
  if (std::getenv("TROUPE_WRITE_VECTORS") != nullptr) std::ofstream(path) << all_vectors().dump(1) << '\n';
  return Json::parse(std::ifstream(path));
}

wire::Body body_of(const Json& row) {
  wire::Body body{Bytes::own(test::from_hex(row["body"].get<std::string>())), {}};
  for (const auto& hex : row["attachments"]) {
    body.attachments.push_back(Bytes::own(test::from_hex(hex.get<std::string>())));
  }
  return body;
}

Result<wire::Envelope> envelope_of(const Json& row) {
  const std::string frame = test::from_hex(row["frame"].get<std::string>());
  return wire::decode_envelope(test::as_span(frame), wire::Limits{});
}

/// Encodes what decoding `body` gives; the Error's message where it is refused.
Result<wire::Body> there_and_back(MessageType type, const wire::Body& body) {
  if (type == MessageType::error) {
    TROUPE_TRY(const Error error, decode_error(body, wire::Limits{}));
    return encode_error(error);
  }
  TROUPE_TRY(const AnyMessage message, decode(type, body, wire::Limits{}));
  return encode(message);
}

bool same(const wire::Body& a, const wire::Body& b) {
  return a.data == b.data && a.attachments == b.attachments;
}

MessageType type_of(const Json& row) {
  return static_cast<MessageType>(row["message_type"].get<int>());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vectors)

BOOST_AUTO_TEST_CASE(the_bytes_on_the_wire_are_those_of_the_file) {
  const Json stored = file();
  const Json now = all_vectors();

  for (const auto& [section, rows] : now.items()) {
    BOOST_TEST(stored.at(section).size() == rows.size());
    for (size_t i = 0; rows.is_array() && i < rows.size(); ++i) {
      BOOST_TEST((stored.at(section).at(i) == rows[i]), section << ": " << rows[i]["name"]);
    }
  }
}

BOOST_AUTO_TEST_CASE(good_envelopes_are_decoded) {
  const Json stored = file();
  const auto expected = envelope_vectors();

  for (size_t i = 0; i < expected.size(); ++i) {
    const auto envelope = envelope_of(stored["envelopes"][i]);

    BOOST_REQUIRE_MESSAGE(envelope.has_value(), expected[i].name);
    BOOST_TEST((*envelope == expected[i].envelope), expected[i].name);
  }
}

BOOST_AUTO_TEST_CASE(good_bodies_are_decoded) {
  const Json stored = file();
  for (const Json& row : stored["bodies"]) {
    const auto again = there_and_back(type_of(row), body_of(row));

    BOOST_REQUIRE_MESSAGE(again.has_value(), row["name"]);
    BOOST_TEST(same(*again, body_of(row)), row["name"]);
  }
}

BOOST_AUTO_TEST_CASE(unusual_but_right_frames_are_tolerated) {
  const Json stored = file();

  for (const Json& row : stored["tolerated_envelopes"]) {
    const auto envelope = envelope_of(row);
    BOOST_REQUIRE_MESSAGE(envelope.has_value(), row["name"]);
    BOOST_TEST((Json(*envelope) == row["value"]), row["name"]);
  }
  for (const Json& row : stored["tolerated_bodies"]) {
    const auto error = decode_error(body_of(row), wire::Limits{});
    BOOST_REQUIRE_MESSAGE(error.has_value(), row["name"]);
    BOOST_TEST((*error == Error{Errc::not_found, "no", "", {}}), row["name"]);
  }
}

BOOST_AUTO_TEST_CASE(bad_frames_are_refused_with_their_reason) {
  const Json stored = file();

  for (const Json& row : stored["bad_envelopes"]) {
    const auto envelope = envelope_of(row);
    BOOST_REQUIRE_MESSAGE(!envelope.has_value(), row["name"]);
    BOOST_TEST(envelope.error().message == row["error"].get<std::string>());
  }
  for (const Json& row : stored["bad_bodies"]) {
    const auto body = there_and_back(type_of(row), body_of(row));
    BOOST_REQUIRE_MESSAGE(!body.has_value(), row["name"]);
    BOOST_TEST(body.error().message == row["error"].get<std::string>());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::protocol
