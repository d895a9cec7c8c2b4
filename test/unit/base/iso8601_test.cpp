#include "runtime/base/iso8601.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;

namespace {

std::string said(std::string_view text) {
  const auto time = parse_iso8601(text);
  return time ? to_iso8601(*time) : time.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(iso8601)

BOOST_AUTO_TEST_CASE(times_are_read_as_people_write_them) {
  BOOST_TEST(said("2026-11-21T04:05:06Z") == "2026-11-21T04:05:06.000Z");
  BOOST_TEST(said("2026-11-21 04:05:06.25+01:00") == "2026-11-21T03:05:06.250Z");
  BOOST_TEST(said("2026-12-31t23:30:00.123456789-02:30") == "2027-01-01T02:00:00.123Z");
  BOOST_TEST(said("2028-02-29") == "2028-02-29T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_refused) {
  for (const std::string_view text :
       {"", "tomorrow", "2026-13-01", "2026-02-29", "2026-11-21T24:00:00Z", "2026-11-21T04:05:06", "2026-11-21T04:05Z",
        "2026-11-21T04:05:06.Z", "2026-11-21T04:05:06Z ", "1969-12-31", "2026-1--1", "2026-11-21T04:05:06+25:00"})
    BOOST_TEST(said(text) ==
               "'" + std::string(text) + "' is no time; write one as 2026-11-21T04:05:06Z, or as 2026-11-21");
}

BOOST_AUTO_TEST_SUITE_END()
