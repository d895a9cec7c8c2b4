#include "actors/gateway/stream_pace.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;

namespace {

protocol::ResultPart part_of(size_t bytes) {
  protocol::ResultPart part;
  part.content = protocol::TextPart{std::string(bytes, 'x'), {}, {}};
  return part;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stream_pace)

BOOST_AUTO_TEST_CASE(more_is_asked_for_a_step_at_a_time_and_for_all_that_was_sent) {
  StreamPace pace;
  uint64_t sent = 0;
  uint64_t asked = 0;
  int times = 0;
  for (int i = 0; i < 2000; ++i) {
    const protocol::ResultPart part = part_of(1000);
    sent += protocol::stream_cost(part);
    const uint64_t bytes = pace.on_part(part);
    BOOST_TEST((bytes == 0 || bytes >= protocol::stream_credit_step));
    asked += bytes;
    times += bytes > 0;
  }

  BOOST_TEST(sent - asked < protocol::stream_credit_step);
  BOOST_TEST(times == static_cast<int>(asked / protocol::stream_credit_step));
}

BOOST_AUTO_TEST_CASE(a_part_larger_than_a_step_is_asked_for_at_once) {
  StreamPace pace;

  BOOST_TEST(pace.on_part(part_of(1 << 20)) == (1u << 20) + protocol::stream_part_overhead);
  BOOST_TEST(pace.on_part(part_of(1)) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
