#include "runtime/wire/schema.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "test/unit/wire/hex.hpp"

namespace troupe::wire {
namespace {

enum class Colour : uint8_t { red = 1, blue = 2 };

struct Point {
  int32_t x = 0;
  int32_t y = 0;
  bool operator==(const Point&) const = default;
  static constexpr auto fields() { return std::tuple{&Point::x, &Point::y}; }
};

struct Everything {
  static constexpr uint16_t message_type = 900;
  bool flag = false;
  uint8_t small = 0;
  int64_t big = 0;
  float single_precision = 0;
  double double_precision = 0;
  Colour colour = Colour::red;
  NodeId node;
  std::string text;
  Bytes bytes;
  Duration duration{0};
  std::vector<Point> points;
  std::map<std::string, uint32_t> counts;
  std::optional<uint64_t> seed;
  std::variant<Point, std::string> choice;
  bool operator==(const Everything&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Everything::flag,
                      &Everything::small,
                      &Everything::big,
                      &Everything::single_precision,
                      &Everything::double_precision,
                      &Everything::colour,
                      &Everything::node,
                      &Everything::text,
                      &Everything::bytes,
                      &Everything::duration,
                      &Everything::points,
                      &Everything::counts,
                      &Everything::seed,
                      &Everything::choice};
  }
};

/// Point as a newer version may have it.
struct PointInSpace {
  int32_t x = 0;
  int32_t y = 0;
  int32_t z = 9;
  bool operator==(const PointInSpace&) const = default;
  static constexpr auto fields() { return std::tuple{&PointInSpace::x, &PointInSpace::y, &PointInSpace::z}; }
};

struct Blobs {
  std::vector<Bytes> blobs;
  static constexpr auto fields() { return std::tuple{&Blobs::blobs}; }
};

struct Points {
  std::vector<Point> points;
  static constexpr auto fields() { return std::tuple{&Points::points}; }
};

struct Texts {
  std::map<std::string, std::string> texts;
  static constexpr auto fields() { return std::tuple{&Texts::texts}; }
};

Body body_of(const std::string& hex) {
  return {Bytes::own(test::from_hex(hex)), {}};
}

template <class T>
std::string refusal(const Body& body, const Limits& limits = {}) {
  const auto value = decode_body<T>(body, limits);
  return value ? "taken" : to_string(value.error());
}

Everything sample() {
  return {.flag = true,
          .small = 200,
          .big = std::numeric_limits<int64_t>::min(),
          .single_precision = 1.5F,
          .double_precision = -0.25,
          .colour = Colour::blue,
          .node = {0xfeedface00000001},
          .text = "grüße",
          .bytes = Bytes::copy("raw"),
          .duration = std::chrono::seconds{-2},
          .points = {{1, 2}, {-3, 4}},
          .counts = {{"a", 1}, {"b", 2}},
          .seed = 0,
          .choice = "text"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schema)

BOOST_AUTO_TEST_CASE(every_kind_of_field_survives_the_way) {
  const auto received = decode_body<Everything>(encode_body(sample()), Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((*received == sample()));
}

BOOST_AUTO_TEST_CASE(a_struct_is_the_array_of_its_fields) {
  BOOST_TEST(test::to_hex(encode_body(Point{1, -1}).data.view()) == "9201ff");
}

BOOST_AUTO_TEST_CASE(fields_that_the_sender_does_not_know_keep_their_defaults) {
  const auto received = decode_body<PointInSpace>(encode_body(Point{1, 2}), Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((*received == PointInSpace{1, 2, 9}));
}

BOOST_AUTO_TEST_CASE(fields_that_the_receiver_does_not_know_are_ignored) {
  const auto received = decode_body<Point>(encode_body(PointInSpace{1, 2, 3}), Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((*received == Point{1, 2}));
}

BOOST_AUTO_TEST_CASE(long_byte_strings_travel_beside_the_body_without_a_copy) {
  const Blobs blobs{{Bytes::own(std::string(4096, 'a')), Bytes::own(std::string(4095, 'b'))}};

  const Body body = encode_body(blobs);
  const auto received = decode_body<Blobs>(body, Limits{});

  BOOST_REQUIRE(body.attachments.size() == 1U);
  BOOST_TEST(body.attachments[0].data() == blobs.blobs[0].data());
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((received->blobs == blobs.blobs));
  BOOST_TEST(received->blobs[0].data() == blobs.blobs[0].data());
}

BOOST_AUTO_TEST_CASE(byte_strings_past_the_number_of_frames_stay_in_the_body) {
  const Blobs blobs{std::vector<Bytes>(70, Bytes::own(std::string(4096, 'a')))};

  const Body body = encode_body(blobs);
  const auto received = decode_body<Blobs>(body, Limits{});

  BOOST_TEST(body.attachments.size() == 64U);
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST((received->blobs == blobs.blobs));
}

BOOST_AUTO_TEST_CASE(decoded_byte_strings_outlive_the_message) {
  auto body = std::make_unique<Body>(encode_body(Blobs{{Bytes::copy("short")}}));
  const auto received = decode_body<Blobs>(*body, Limits{});

  body.reset();

  BOOST_TEST(received->blobs.at(0).view() == "short");
}

BOOST_AUTO_TEST_CASE(attachments_that_are_missing_or_used_twice_are_refused) {
  Body body = body_of("9192d60100000000d60100000000");
  body.attachments = {Bytes::copy("one")};
  Body missing = body_of("9191d60100000001");
  missing.attachments = {Bytes::copy("one")};

  BOOST_TEST(refusal<Blobs>(body) == "corrupt_data: field 0.1 of the body: attachment 0 is used twice");
  BOOST_TEST(refusal<Blobs>(missing) ==
             "corrupt_data: field 0.0 of the body: attachment 1 is missing, the message has 1");
  BOOST_TEST(refusal<Blobs>(body_of("9191d60200000000")) ==
             "corrupt_data: field 0.0 of the body: expected bin or ext 1 of 4 bytes, found ext 2 of 4 bytes");
}

BOOST_AUTO_TEST_CASE(wrong_fields_are_named_with_path_and_message_type) {
  BOOST_TEST(refusal<Everything>(body_of("91a0")) ==
             "corrupt_data: field 0 of message type 900: expected bool, found str");
  BOOST_TEST(refusal<Everything>(body_of("80")) == "corrupt_data: message type 900: expected array, found map");
  BOOST_TEST(refusal<Points>(body_of("91929201029201a0")) ==
             "corrupt_data: field 0.1.1 of the body: expected int, found str");
  BOOST_TEST(refusal<Point>(body_of("92ce80000000"
                                    "00")) ==
             "corrupt_data: field 0 of the body: expected an int in -2147483648..2147483647, found 2147483648");
}

BOOST_AUTO_TEST_CASE(an_unknown_alternative_is_refused) {
  const std::string first_thirteen =
      "9ec20000ca00000000cb000000000000000001"
      "00a0c400009080c0";

  BOOST_TEST(refusal<Everything>(body_of(first_thirteen + "9202a0")) ==
             "corrupt_data: field 13.0 of message type 900: expected an int in 0..1, found 2");
  BOOST_TEST(refusal<Everything>(body_of(first_thirteen + "9100")) ==
             "corrupt_data: field 13 of message type 900: expected array of 2 or more, found 1");
}

BOOST_AUTO_TEST_CASE(an_unknown_enumerator_is_passed_on) {
  Everything strange;
  strange.colour = static_cast<Colour>(77);

  const auto received = decode_body<Everything>(encode_body(strange), Limits{});

  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(static_cast<int>(received->colour) == 77);
}

BOOST_AUTO_TEST_CASE(a_key_that_is_there_twice_is_refused) {
  BOOST_TEST(refusal<Texts>(body_of("9182a16ba131a16ba132")) ==
             "corrupt_data: field 0.1 of the body: the key is there twice");
}

BOOST_AUTO_TEST_CASE(many_tiny_elements_cannot_ask_for_much_memory) {
  // Two bytes of each would become a hundred in memory.
  std::string data = test::from_hex("91df00080000");
  for (size_t i = 0; i < 0x80000; ++i) data += test::from_hex("a0a0");

  BOOST_TEST(refusal<Texts>(Body{Bytes::own(std::move(data)), {}}) ==
             "corrupt_data: field 0 of the body: 524288 elements are more than a body of 1048582 bytes may hold");
}

BOOST_AUTO_TEST_CASE(messages_over_the_limits_are_refused_before_they_are_read) {
  Body attached = body_of("90");
  attached.attachments = {Bytes::copy("12345"), Bytes::copy("12345")};

  BOOST_TEST(refusal<Point>(body_of("920102"), {.body_bytes_max = 2}) ==
             "too_large: the body has 3 bytes, at most 2 are taken");
  BOOST_TEST(refusal<Point>(attached, {.attachments_max = 1}) ==
             "too_large: the message has 2 attachments, at most 1 are taken");
  BOOST_TEST(refusal<Point>(attached, {.attachment_bytes_max = 9}) ==
             "too_large: the attachments have 10 bytes together, at most 9 are taken");
}

BOOST_AUTO_TEST_CASE(bytes_after_the_body_are_refused) {
  BOOST_TEST(refusal<Point>(body_of("920102c0")) == "corrupt_data: the body: 1 bytes follow the last value");
}

BOOST_AUTO_TEST_CASE(no_prefix_is_taken_for_a_whole) {
  const std::string whole(encode_body(sample()).data.view());

  for (size_t size = 0; size < whole.size(); ++size) {
    BOOST_TEST(!decode_body<Everything>({Bytes::copy(whole.substr(0, size)), {}}, Limits{}).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::wire
