#include "actors/gateway/grpc/protobuf.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;
using namespace std::string_literals;

namespace {

/// "1:varint=5 2:bytes=abc", or why the message can't be read.
std::string shown(std::string_view message) {
  std::string text;
  const Status status = for_each_proto_field(message, [&](const ProtoField& field) -> Status {
    if (!text.empty()) text += ' ';
    text +=
        field.type == WireType::bytes
            ? fmt::format("{}:bytes={}", field.number, field.bytes)
            : fmt::format("{}:{}={}", field.number, field.type == WireType::varint ? "varint" : "fixed", field.value);
    return {};
  });
  return status ? text : status.error().message;
}

std::vector<uint64_t> numbers(std::string_view message, WireType type) {
  std::vector<uint64_t> found;
  static_cast<void>(for_each_proto_field(message, [&](const ProtoField& field) {
    return for_each_number(field, type, "field", [&](uint64_t bits) -> Status {
      found.push_back(bits);
      return {};
    });
  }));
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protobuf)

BOOST_AUTO_TEST_CASE(fields_of_every_type_are_read) {
  // The encodings of the documentation's own examples, and both fixed types.
  BOOST_TEST(shown("\x08\x96\x01"s) == "1:varint=150");
  BOOST_TEST(shown("\x12\x07testing"s) == "2:bytes=testing");
  BOOST_TEST(shown("\x1d\x01\x00\x00\x00\x21\x02\x00\x00\x00\x00\x00\x00\x00"s) == "3:fixed=1 4:fixed=2");
  BOOST_TEST(shown("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s) == "1:varint=18446744073709551615");
  BOOST_TEST(shown("").empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused) {
  for (const auto& bytes : {
           "\x08"s,                                              // A number that is not there,
           "\x08\x96"s,                                          // one that ends early,
           "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,  // and one that does not end.
           "\x12\x07test"s,                                      // Less than was announced,
           "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,      // far less.
           "\x00\x01"s,                                          // Field 0.
           "\x0b\x0c"s,                                          // A group.
           "\x1d\x01\x00"s,                                      // Half a fixed number.
       })
    BOOST_TEST(shown(bytes).starts_with("the message is no valid protobuf: "), shown(bytes));
}

BOOST_AUTO_TEST_CASE(repeated_numbers_come_packed_or_one_by_one) {
  std::string packed;
  put_packed(packed, 3, {1, 300, -1});
  BOOST_TEST(numbers(packed, WireType::varint) == (std::vector<uint64_t>{1, 300, ~uint64_t{0}}),
             boost::test_tools::per_element());

  std::string single;
  put_number(single, 3, 1);
  put_number(single, 3, 300);
  BOOST_TEST(numbers(single, WireType::varint) == (std::vector<uint64_t>{1, 300}), boost::test_tools::per_element());
  BOOST_TEST(numbers("\x32\x08\x01\x00\x00\x00\x02\x00\x00\x00"s, WireType::fixed32) == (std::vector<uint64_t>{1, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again_and_empty_values_are_left_out) {
  std::string out;
  put_text(out, 1, "a");
  put_text(out, 2, "");
  put_number(out, 3, 0);
  put_bool(out, 4, true);
  put_element(out, 5, "");
  put_set_number(out, 16, 0);
  put_packed(out, 7, {});

  BOOST_TEST(shown(out) == "1:bytes=a 4:varint=1 5:bytes= 16:varint=0");
}

BOOST_AUTO_TEST_CASE(a_value_of_another_type_names_its_field) {
  const ProtoField number{3, WireType::varint, 1, {}};

  BOOST_TEST(proto_bytes(number, "id").error().message == "id has another type in this message than in the protocol");
  BOOST_TEST(proto_bytes(number, "id").error().field == "id");
  BOOST_TEST(proto_text({1, WireType::bytes, 0, "abc"}, "id", 2).error().message == "id may have 2 bytes, found 3");
}

BOOST_AUTO_TEST_SUITE_END()
