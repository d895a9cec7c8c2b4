#include "runtime/wire/envelope.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>

#include "runtime/wire/reader.hpp"
#include "runtime/wire/writer.hpp"
#include "test/unit/wire/hex.hpp"

using namespace std::chrono_literals;

namespace troupe::wire {
namespace {

Envelope full_envelope() {
  Envelope envelope;
  envelope.kind = Kind::part;
  envelope.message_type = 11;
  envelope.correlation_id = {0xffffffffffffffff};
  envelope.source_node = {0xa1};
  envelope.source_incarnation = {7};
  envelope.target_incarnation = {8};
  envelope.target_path = "replica/00000000000000a1";
  envelope.remaining = 250000us;
  envelope.priority = 3;
  envelope.trace = "req-1";
  envelope.part = PartPosition{.index = 4, .last = true};
  return envelope;
}

std::string encoded(const Envelope& envelope) {
  std::string frame;
  encode(envelope, frame);
  return frame;
}

Result<Envelope> decoded(const std::string& frame) {
  return decode_envelope(test::as_span(frame), Limits{});
}

std::string refusal(const std::string& frame) {
  const auto envelope = decoded(frame);
  return envelope ? "taken" : to_string(envelope.error());
}

/// An envelope frame whose field `index` is written by `write`; the others are those of an event.
std::string frame_with(size_t index, const std::function<void(Writer&)>& write) {
  const std::string whole = encoded(Envelope{});
  std::string frame = whole.substr(0, 1);
  Reader reader(test::as_span(whole));
  reader.begin_array();
  for (size_t i = 0; i < 10; ++i) {
    const size_t begin = reader.position();
    reader.skip();
    Writer writer(frame);
    if (i == index) {
      write(writer);
    } else {
      frame += whole.substr(begin, reader.position() - begin);
    }
  }
  return frame;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(envelope)

BOOST_AUTO_TEST_CASE(every_field_survives_the_way) {
  const Envelope sent = full_envelope();

  const auto received = decoded(encoded(sent));

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((*received == sent));
}

BOOST_AUTO_TEST_CASE(absent_deadline_and_part_stay_absent) {
  const auto received = decoded(encoded(Envelope{}));

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(!received->remaining.has_value());
  BOOST_TEST(!received->part.has_value());
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_travels_as_zero) {
  Envelope late;
  late.remaining = -5us;

  const auto received = decoded(encoded(late));

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((received->remaining == 0us));
}

BOOST_AUTO_TEST_CASE(fields_of_newer_versions_are_ignored) {
  std::string frame = encoded(full_envelope());
  frame[0] = '\x9d';
  frame += test::from_hex("c09201a161c3");

  const auto received = decoded(frame);

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((*received == full_envelope()));
}

BOOST_AUTO_TEST_CASE(another_protocol_is_refused_as_such) {
  BOOST_TEST(refusal(frame_with(0, [](Writer& writer) { writer.unsigned_integer(2); })) ==
             "unimplemented: the envelope is of protocol 2, this build speaks 1");
}

BOOST_AUTO_TEST_CASE(wrong_fields_are_named) {
  BOOST_TEST(refusal(frame_with(1, [](Writer& writer) { writer.unsigned_integer(9); })) ==
             "corrupt_data: field 1 of the envelope: expected an int in 1..8, found 9");
  BOOST_TEST(refusal(frame_with(2, [](Writer& writer) { writer.unsigned_integer(65536); })) ==
             "corrupt_data: field 2 of the envelope: expected an int in 0..65535, found 65536");
  BOOST_TEST(refusal(frame_with(3, [](Writer& writer) { writer.str("1"); })) ==
             "corrupt_data: field 3 of the envelope: expected int, found str");
  BOOST_TEST(refusal(frame_with(4, [](Writer& writer) { writer.array(0); })) ==
             "corrupt_data: field 4 of the envelope: expected array of 2 or more, found 0");
  BOOST_TEST(refusal(frame_with(6, [](Writer& writer) { writer.signed_integer(-1); })) ==
             "corrupt_data: field 6 of the envelope: expected an int in 0..31536000000000, found -1");
  BOOST_TEST(refusal(frame_with(8, [](Writer& writer) { writer.str(std::string(129, 't')); })) ==
             "corrupt_data: field 8 of the envelope: expected at most 128 bytes, found 129");
}

BOOST_AUTO_TEST_CASE(a_path_over_its_limit_is_refused) {
  Envelope envelope;
  envelope.target_path = std::string(257, 'p');

  BOOST_TEST(refusal(encoded(envelope)) ==
             "corrupt_data: field 5.1 of the envelope: expected at most 256 bytes, found 257");
}

BOOST_AUTO_TEST_CASE(a_position_belongs_to_parts_and_to_nothing_else) {
  Envelope part = full_envelope();
  part.part.reset();
  Envelope request = full_envelope();
  request.kind = Kind::request;

  BOOST_TEST(refusal(encoded(part)) ==
             "corrupt_data: field 9 of the envelope: expected [index, last] in a message of kind part, found nil");
  BOOST_TEST(refusal(encoded(request)) == "corrupt_data: field 9 of the envelope: expected nil in a message of kind 1");
}

BOOST_AUTO_TEST_CASE(credit_belongs_to_requests_and_to_messages_of_its_kind) {
  Envelope request;
  request.kind = Kind::request;
  request.credit = 1u << 20;
  Envelope credit;
  credit.kind = Kind::credit;
  Envelope event;
  event.credit = 5;

  BOOST_TEST((decoded(encoded(request)).value() == request));
  BOOST_TEST(encoded(Envelope{}).size() + 1 < encoded(request).size());
  BOOST_TEST(refusal(encoded(credit)) ==
             "corrupt_data: field 10 of the envelope: expected the bytes of a message of kind credit, found nil");
  BOOST_TEST(refusal(encoded(event)) == "corrupt_data: field 10 of the envelope: expected nil in a message of kind 6");
}

BOOST_AUTO_TEST_CASE(a_frame_over_the_limit_is_refused_before_it_is_read) {
  BOOST_TEST(refusal(std::string(4097, '\xc1')) == "too_large: the envelope has 4097 bytes, at most 4096 are taken");
}

BOOST_AUTO_TEST_CASE(no_prefix_is_taken_for_a_whole) {
  const std::string whole = encoded(full_envelope());

  for (size_t size = 0; size < whole.size(); ++size) BOOST_TEST(!decoded(whole.substr(0, size)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::wire
