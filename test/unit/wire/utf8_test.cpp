#include "runtime/wire/utf8.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

namespace data = boost::unit_test::data;
using namespace std::string_literals;

namespace {

const std::string good[] = {
    ""s,
    "plain ASCII that is longer than eight bytes"s,
    "\0"s,
    "\x7f"s,
    "\xc2\x80"s,
    "\xdf\xbf"s,
    "\xe0\xa0\x80"s,
    "\xed\x9f\xbf"s,
    "\xee\x80\x80"s,
    "\xef\xbf\xbf"s,
    "\xf0\x90\x80\x80"s,
    "\xf4\x8f\xbf\xbf"s,
    "seven..\xe2\x82\xac after a whole word and before one"s,
};

const std::string bad[] = {
    "\x80"s,                   // continuation without a lead
    "\xc0\x80"s,               // overlong
    "\xc1\xbf"s,               // overlong
    "\xe0\x9f\xbf"s,           // overlong
    "\xf0\x8f\xbf\xbf"s,       // overlong
    "\xed\xa0\x80"s,           // surrogate
    "\xf4\x90\x80\x80"s,       // above U+10FFFF
    "\xf5\x80\x80\x80"s,       // no such lead
    "\xff"s,                   // no such lead
    "\xe2\x82"s,               // cut off
    "\xf0\x90\x80"s,           // cut off
    "\xc3("s,                  // lead without continuation
    "\xe2\x82("s,              // second continuation missing
    "eight by\xe2tes later"s,  // past a word of ASCII
};

}  // namespace

BOOST_AUTO_TEST_SUITE(is_utf8)

BOOST_DATA_TEST_CASE(accepts_every_well_formed_character, data::make(good), text) {
  BOOST_TEST(troupe::wire::is_utf8(text));
}

BOOST_DATA_TEST_CASE(refuses_ill_formed_bytes, data::make(bad), text) {
  BOOST_TEST(!troupe::wire::is_utf8(text));
}

BOOST_AUTO_TEST_SUITE_END()
