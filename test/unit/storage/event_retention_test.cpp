#include "storage/event_retention.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr int64_t now = 1'000'000'000;

EndedSegment ended(int64_t seconds_ago, bool is_acknowledged, bool was_acknowledged) {
  return {100, now - seconds_ago * 1'000'000, is_acknowledged, was_acknowledged};
}

size_t dropped(const std::vector<EndedSegment>& segments, uint64_t budget) {
  return segments_to_drop(segments, {std::chrono::seconds{60}, budget}, now);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event_retention)

BOOST_AUTO_TEST_CASE(what_is_acknowledged_goes_when_it_is_old) {
  BOOST_TEST(dropped({ended(90, true, true), ended(60, true, true), ended(59, true, true)}, 1000) == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_acknowledged_goes_when_there_is_too_much_and_no_more_than_that) {
  BOOST_TEST(dropped({ended(3, true, true), ended(2, true, true), ended(1, true, true)}, 200) == 1u);
  BOOST_TEST(dropped({ended(3, true, true), ended(2, true, true), ended(1, true, true)}, 0) == 3u);
}

BOOST_AUTO_TEST_CASE(what_is_not_acknowledged_stays_with_everything_behind_it) {
  BOOST_TEST(dropped({ended(90, true, true), ended(90, false, false), ended(90, true, true)}, 0) == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_rewound_outlives_its_age_and_goes_for_want_of_room) {
  BOOST_TEST(dropped({ended(90, false, true), ended(90, false, true)}, 1000) == 0u);
  BOOST_TEST(dropped({ended(90, false, true), ended(90, false, true)}, 100) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
