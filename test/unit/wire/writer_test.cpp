#include "runtime/wire/writer.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "test/unit/wire/hex.hpp"

namespace troupe::wire {
namespace {

/// Hex of what `write` writes.
template <class Write>
std::string written(Write write) {
  std::string out;
  Writer writer(out);
  write(writer);
  return test::to_hex(out);
}

std::string of_unsigned(uint64_t value) {
  return written([=](Writer& writer) { writer.unsigned_integer(value); });
}

std::string of_signed(int64_t value) {
  return written([=](Writer& writer) { writer.signed_integer(value); });
}

/// The head of a value whose whole form is `hex`.
std::string head(const std::string& hex, size_t bytes) {
  return hex.substr(0, 2 * bytes);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(writer)

BOOST_AUTO_TEST_CASE(unsigned_integers_take_their_shortest_form) {
  BOOST_TEST(of_unsigned(0) == "00");
  BOOST_TEST(of_unsigned(127) == "7f");
  BOOST_TEST(of_unsigned(128) == "cc80");
  BOOST_TEST(of_unsigned(255) == "ccff");
  BOOST_TEST(of_unsigned(256) == "cd0100");
  BOOST_TEST(of_unsigned(65535) == "cdffff");
  BOOST_TEST(of_unsigned(65536) == "ce00010000");
  BOOST_TEST(of_unsigned(0xffffffff) == "ceffffffff");
  BOOST_TEST(of_unsigned(0x100000000) == "cf0000000100000000");
  BOOST_TEST(of_unsigned(std::numeric_limits<uint64_t>::max()) == "cfffffffffffffffff");
}

BOOST_AUTO_TEST_CASE(signed_integers_take_their_shortest_form) {
  BOOST_TEST(of_signed(5) == "05");
  BOOST_TEST(of_signed(200) == "ccc8");
  BOOST_TEST(of_signed(-1) == "ff");
  BOOST_TEST(of_signed(-32) == "e0");
  BOOST_TEST(of_signed(-33) == "d0df");
  BOOST_TEST(of_signed(-128) == "d080");
  BOOST_TEST(of_signed(-129) == "d1ff7f");
  BOOST_TEST(of_signed(-32768) == "d18000");
  BOOST_TEST(of_signed(-32769) == "d2ffff7fff");
  BOOST_TEST(of_signed(std::numeric_limits<int32_t>::min()) == "d280000000");
  BOOST_TEST(of_signed(std::numeric_limits<int64_t>::min()) == "d38000000000000000");
}

BOOST_AUTO_TEST_CASE(scalars_have_their_bytes) {
  BOOST_TEST(written([](Writer& writer) { writer.nil(); }) == "c0");
  BOOST_TEST(written([](Writer& writer) { writer.boolean(false); }) == "c2");
  BOOST_TEST(written([](Writer& writer) { writer.boolean(true); }) == "c3");
  BOOST_TEST(written([](Writer& writer) { writer.float32(1.5F); }) == "ca3fc00000");
  BOOST_TEST(written([](Writer& writer) { writer.float64(-2.0); }) == "cbc000000000000000");
}

BOOST_AUTO_TEST_CASE(lengths_take_their_shortest_form) {
  const auto str = [](size_t size) { return written([=](Writer& writer) { writer.str(std::string(size, 'a')); }); };
  const auto bin = [](size_t size) {
    return written([=](Writer& writer) { writer.bin(test::as_span(std::string(size, 'a'))); });
  };
  const auto ext = [](size_t size) {
    return written([=](Writer& writer) { writer.ext(1, test::as_span(std::string(size, 'a'))); });
  };

  BOOST_TEST(head(str(0), 1) == "a0");
  BOOST_TEST(head(str(31), 1) == "bf");
  BOOST_TEST(head(str(32), 2) == "d920");
  BOOST_TEST(head(str(256), 3) == "da0100");
  BOOST_TEST(head(str(65536), 5) == "db00010000");
  BOOST_TEST(head(bin(0), 2) == "c400");
  BOOST_TEST(head(bin(256), 3) == "c50100");
  BOOST_TEST(head(bin(65536), 5) == "c600010000");
  BOOST_TEST(head(ext(4), 2) == "d601");
  BOOST_TEST(head(ext(16), 2) == "d801");
  BOOST_TEST(head(ext(3), 3) == "c70301");
  BOOST_TEST(head(ext(256), 4) == "c8010001");
  BOOST_TEST(head(ext(65536), 6) == "c90001000001");
}

BOOST_AUTO_TEST_CASE(counts_take_their_shortest_form) {
  const auto array = [](size_t count) { return written([=](Writer& writer) { writer.array(count); }); };
  const auto map = [](size_t count) { return written([=](Writer& writer) { writer.map(count); }); };

  BOOST_TEST(array(0) == "90");
  BOOST_TEST(array(15) == "9f");
  BOOST_TEST(array(16) == "dc0010");
  BOOST_TEST(array(65536) == "dd00010000");
  BOOST_TEST(map(0) == "80");
  BOOST_TEST(map(15) == "8f");
  BOOST_TEST(map(16) == "de0010");
  BOOST_TEST(map(65536) == "df00010000");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::wire
