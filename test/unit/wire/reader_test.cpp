#include "runtime/wire/reader.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>

#include "runtime/wire/writer.hpp"
#include "test/unit/wire/hex.hpp"

namespace troupe::wire {
namespace {

/// The message of the error that `read` meets in the bytes of `hex`; empty if none.
std::string problem_of(const std::string& hex, const std::function<void(Reader&)>& read) {
  const std::string bytes = test::from_hex(hex);
  Reader reader(test::as_span(bytes));
  read(reader);
  return reader.ok() ? "" : reader.error("it").message;
}

std::string problem_of_skip(const std::string& hex) {
  return problem_of(hex, [](Reader& reader) { reader.skip(); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reader)

BOOST_AUTO_TEST_CASE(integers_are_taken_in_any_form) {
  const std::string bytes =
      test::from_hex("05cc05cd0005ce00000005cf0000000000000005d005d10005d200000005d3ffffffffffffffffe0");
  Reader reader(test::as_span(bytes));

  for (int i = 0; i < 8; ++i) BOOST_TEST(reader.signed_integer() == 5);
  BOOST_TEST(reader.signed_integer() == -1);
  BOOST_TEST(reader.signed_integer() == -32);
  reader.finish();
  BOOST_TEST(reader.ok());
}

BOOST_AUTO_TEST_CASE(integers_out_of_range_are_refused_with_range_and_value) {
  BOOST_TEST(problem_of("cd012c", [](Reader& reader) { reader.unsigned_integer(255); }) ==
             "it: expected an int in 0..255, found 300");
  BOOST_TEST(problem_of("ff", [](Reader& reader) { reader.unsigned_integer(255); }) ==
             "it: expected an int in 0..255, found -1");
  BOOST_TEST(problem_of("09", [](Reader& reader) { reader.signed_integer(1, 8); }) ==
             "it: expected an int in 1..8, found 9");
  BOOST_TEST(problem_of("cfffffffffffffffff", [](Reader& reader) { reader.signed_integer(-1, 8); }) ==
             "it: expected an int in -1..8, found 18446744073709551615");
}

BOOST_AUTO_TEST_CASE(floats_are_taken_from_both_widths_and_from_integers) {
  const std::string bytes = test::from_hex("ca3fc00000cbc00000000000000001fe");
  Reader reader(test::as_span(bytes));

  BOOST_TEST(reader.floating() == 1.5);
  BOOST_TEST(reader.floating() == -2.0);
  BOOST_TEST(reader.floating() == 1.0);
  BOOST_TEST(reader.floating() == -2.0);
}

BOOST_AUTO_TEST_CASE(a_wrong_type_is_named) {
  BOOST_TEST(problem_of("05", [](Reader& reader) { reader.str(); }) == "it: expected str, found int");
  BOOST_TEST(problem_of("c0", [](Reader& reader) { reader.boolean(); }) == "it: expected bool, found nil");
  BOOST_TEST(problem_of("a161", [](Reader& reader) { reader.bin(); }) == "it: expected bin, found str");
  BOOST_TEST(problem_of("80", [](Reader& reader) { reader.begin_array(); }) == "it: expected array, found map");
  BOOST_TEST(problem_of("c3", [](Reader& reader) { reader.floating(); }) == "it: expected float, found bool");
}

BOOST_AUTO_TEST_CASE(truncated_values_are_refused) {
  BOOST_TEST(problem_of_skip("") == "it: expected a value, found the end of the frame");
  BOOST_TEST(problem_of_skip("cd01") == "it: expected 2 more bytes, found 1");
  BOOST_TEST(problem_of_skip("a3") == "it: str of 3 is longer than the 0 bytes that remain");
  BOOST_TEST(problem_of_skip("c4ff00") == "it: bin of 255 is longer than the 1 bytes that remain");
  BOOST_TEST(problem_of_skip("d60100") == "it: ext of 4 is longer than the 1 bytes that remain");
  BOOST_TEST(problem_of_skip("ddffffffff00") == "it: array of 4294967295 is longer than the 1 bytes that remain");
  BOOST_TEST(problem_of_skip("820000") == "it: map of 2 is longer than the 2 bytes that remain");
  BOOST_TEST(problem_of_skip("c1") == "it: byte 0xc1 begins no value");
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf8_is_refused) {
  BOOST_TEST(problem_of("a180", [](Reader& reader) { reader.str(); }) == "it: the str is not UTF-8");
}

BOOST_AUTO_TEST_CASE(the_first_error_sticks_and_later_reads_return_nothing) {
  const std::string bytes = test::from_hex("a16105c3");
  Reader reader(test::as_span(bytes));

  BOOST_TEST(reader.unsigned_integer() == 0);
  BOOST_TEST(reader.unsigned_integer() == 0);
  BOOST_TEST(!reader.boolean());
  BOOST_TEST(reader.begin_array() == 0);
  reader.at(7);
  reader.end();

  BOOST_TEST(reader.error("it").message == "it: expected int, found str");
}

BOOST_AUTO_TEST_CASE(errors_carry_the_path) {
  const auto read = [](Reader& reader) {
    reader.begin_array();
    reader.at(0);
    reader.unsigned_integer();
    reader.at(1);
    reader.begin_array();
    reader.at(2);
    reader.str();
  };

  BOOST_TEST(problem_of("92019305c0c0", read) == "field 1.2 of it: expected str, found int");
}

BOOST_AUTO_TEST_CASE(nesting_is_bounded) {
  const std::string bytes(100, '\x91');
  Reader reader(test::as_span(bytes), 16);

  for (int i = 0; i < 100 && reader.ok(); ++i) reader.begin_array();

  BOOST_TEST(reader.error("it").message.ends_with("nested deeper than 16 levels"));
}

BOOST_AUTO_TEST_CASE(skip_passes_over_any_one_value) {
  const std::string bytes = test::from_hex("8201920203a16bc7030500010207");
  Reader reader(test::as_span(bytes));

  reader.skip();

  BOOST_TEST(reader.unsigned_integer() == 7);
  reader.finish();
  BOOST_TEST(reader.ok());
}

BOOST_AUTO_TEST_CASE(skip_takes_nesting_of_any_depth_without_a_stack) {
  std::string bytes(1 << 20, '\x91');
  bytes.push_back('\x01');
  Reader reader(test::as_span(bytes));

  reader.skip();
  reader.finish();

  BOOST_TEST(reader.ok());
}

BOOST_AUTO_TEST_CASE(bytes_after_the_last_value_are_refused) {
  const auto read = [](Reader& reader) {
    reader.skip();
    reader.finish();
  };

  BOOST_TEST(problem_of("01c0c0", read) == "it: 2 bytes follow the last value");
}

BOOST_AUTO_TEST_CASE(no_prefix_of_a_value_is_taken_for_a_whole) {
  std::string whole;
  Writer writer(whole);
  writer.array(5);
  writer.str("a text of more than thirty-one bytes, so that it has a length");
  writer.float64(0.5);
  writer.bin(test::as_span("bytes"));
  writer.ext(1, test::as_span("four"));
  writer.map(1);
  writer.str("key");
  writer.signed_integer(std::numeric_limits<int64_t>::min());

  for (size_t size = 0; size < whole.size(); ++size) {
    Reader reader(test::as_span(std::string_view(whole).substr(0, size)));
    reader.skip();
    BOOST_TEST(!reader.ok());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::wire
