// What Writer writes msgpack-cxx reads as the same value, and the other way round.
#define MSGPACK_NO_BOOST
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <msgpack.hpp>
#include <string>
#include <vector>

#include "runtime/base/random.hpp"
#include "runtime/wire/reader.hpp"
#include "runtime/wire/writer.hpp"
#include "test/unit/wire/hex.hpp"

namespace data = boost::unit_test::data;

namespace troupe::wire {
namespace {

/// Numbers of every width are equally likely.
uint64_t any_width(Random& random) {
  return random.next() >> random.below(64);
}

std::string random_bytes(Random& random, size_t size_max) {
  std::string bytes(random.below(size_max + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(128));
  return bytes;
}

/// Writes the same random value with both encoders.
class Twins {
 public:
  explicit Twins(Random& random) : random_(random) {}

  void value(int depth) {
    switch (random_.below(depth == 0 ? 8 : 10)) {
      case 0:
        ours_.nil(), theirs_.pack_nil();
        break;
      case 1:
        ours_.boolean(true), theirs_.pack_true();
        break;
      case 2:
        integer();
        break;
      case 3:
        negative();
        break;
      case 4:
        floating();
        break;
      case 5:
        text();
        break;
      case 6:
        binary();
        break;
      case 7:
        extension();
        break;
      case 8:
        array(depth);
        break;
      default:
        map(depth);
        break;
    }
  }

  const std::string& ours() const { return ours_out_; }
  std::string theirs() const { return {theirs_out_.data(), theirs_out_.size()}; }

 private:
  void integer() {
    const uint64_t number = any_width(random_);
    ours_.unsigned_integer(number);
    theirs_.pack(number);
  }
  void negative() {
    const auto number = -static_cast<int64_t>(any_width(random_) >> 1);
    ours_.signed_integer(number);
    theirs_.pack(number);
  }
  void floating() {
    const double number = random_.uniform() + 0.1;  // whole numbers are integers to msgpack-cxx
    ours_.float64(number);
    theirs_.pack(number);
  }
  void text() {
    const std::string bytes = random_bytes(random_, 300);
    ours_.str(bytes);
    theirs_.pack(bytes);
  }
  void binary() {
    const std::string bytes = random_bytes(random_, 70000);
    ours_.bin(test::as_span(bytes));
    theirs_.pack_bin(static_cast<uint32_t>(bytes.size()))
        .pack_bin_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
  }
  void extension() {
    const std::string bytes = random_bytes(random_, 20);
    ours_.ext(5, test::as_span(bytes));
    theirs_.pack_ext(bytes.size(), 5).pack_ext_body(bytes.data(), static_cast<uint32_t>(bytes.size()));
  }
  void array(int depth) {
    const size_t count = random_.below(20);
    ours_.array(count);
    theirs_.pack_array(static_cast<uint32_t>(count));
    for (size_t i = 0; i < count; ++i) value(depth - 1);
  }
  void map(int depth) {
    const size_t count = random_.below(20);
    ours_.map(count);
    theirs_.pack_map(static_cast<uint32_t>(count));
    for (size_t i = 0; i < 2 * count; ++i) value(depth - 1);
  }

  Random& random_;
  std::string ours_out_;
  Writer ours_{ours_out_};
  msgpack::sbuffer theirs_out_;
  msgpack::packer<msgpack::sbuffer> theirs_{theirs_out_};
};

/// Reads one value of ours the way msgpack-cxx reads it, and compares.
void check_equal(Reader& reader, const msgpack::object& object) {
  switch (object.type) {
    case msgpack::type::NIL:
      BOOST_REQUIRE(reader.take_nil());
      break;
    case msgpack::type::BOOLEAN:
      BOOST_REQUIRE(reader.boolean() == object.via.boolean);
      break;
    case msgpack::type::POSITIVE_INTEGER:
      BOOST_REQUIRE(reader.unsigned_integer() == object.via.u64);
      break;
    case msgpack::type::NEGATIVE_INTEGER:
      BOOST_REQUIRE(reader.signed_integer() == object.via.i64);
      break;
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      BOOST_REQUIRE(reader.floating() == object.via.f64);
      break;
    case msgpack::type::STR:
      BOOST_REQUIRE(reader.str() == std::string_view(object.via.str.ptr, object.via.str.size));
      break;
    case msgpack::type::BIN: {
      const auto bin = reader.bin();
      BOOST_REQUIRE(std::ranges::equal(bin, test::as_span({object.via.bin.ptr, object.via.bin.size})));
      break;
    }
    case msgpack::type::EXT: {
      const Reader::Ext ext = reader.ext();
      BOOST_REQUIRE(ext.type == object.via.ext.type());
      BOOST_REQUIRE(std::ranges::equal(ext.data, test::as_span({object.via.ext.data(), object.via.ext.size})));
      break;
    }
    case msgpack::type::ARRAY:
      BOOST_REQUIRE(reader.begin_array() == object.via.array.size);
      for (uint32_t i = 0; i < object.via.array.size; ++i) check_equal(reader, object.via.array.ptr[i]);
      reader.end();
      break;
    case msgpack::type::MAP:
      BOOST_REQUIRE(reader.begin_map() == object.via.map.size);
      for (uint32_t i = 0; i < object.via.map.size; ++i) {
        check_equal(reader, object.via.map.ptr[i].key);
        check_equal(reader, object.via.map.ptr[i].val);
      }
      reader.end();
      break;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(oracle)

BOOST_DATA_TEST_CASE(writer_writes_the_bytes_of_msgpack_cxx, data::xrange(200), seed) {
  SeededRandom random(static_cast<uint64_t>(seed));
  Twins twins(random);

  twins.value(3);

  BOOST_REQUIRE(twins.ours() == twins.theirs());
}

BOOST_DATA_TEST_CASE(reader_reads_the_values_of_msgpack_cxx, data::xrange(200), seed) {
  SeededRandom random(static_cast<uint64_t>(seed));
  Twins twins(random);
  twins.value(3);
  const std::string bytes = twins.theirs();
  const msgpack::object_handle expected = msgpack::unpack(bytes.data(), bytes.size());

  Reader reader(test::as_span(bytes));
  check_equal(reader, expected.get());
  reader.finish();

  BOOST_TEST(reader.ok());
}

BOOST_DATA_TEST_CASE(damaged_bytes_are_skipped_whole_or_refused, data::xrange(200), seed) {
  SeededRandom random(static_cast<uint64_t>(seed));
  Twins twins(random);
  twins.value(2);
  std::string bytes = twins.ours();
  bytes[random.below(bytes.size())] = static_cast<char>(random.next());

  Reader reader(test::as_span(bytes));
  reader.skip();
  reader.finish();

  BOOST_TEST((reader.remaining() == 0 || !reader.ok()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::wire
