#include "actors/gateway/zmq/unread_bytes.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;

namespace {

wire::Body body(size_t data, size_t attachment = 0) {
  wire::Body made{Bytes::own(std::string(data, 'x')), {}};
  if (attachment > 0) made.attachments.push_back(Bytes::own(std::string(attachment, 'y')));
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(unread_bytes)

BOOST_AUTO_TEST_CASE(frames_count_until_they_are_freed) {
  UnreadBytes unread(100, 1000, 10);
  auto first = body(10, 20);

  BOOST_TEST(unread.add("a", first));
  BOOST_TEST(unread.of("a") == 30u);
  BOOST_TEST(first.data.view() == std::string(10, 'x'));
  first = {};

  BOOST_TEST(unread.of("a") == 0u);
  BOOST_TEST(unread.total() == 0u);
}

BOOST_AUTO_TEST_CASE(a_client_that_reads_nothing_reaches_its_bound_and_no_other_does) {
  UnreadBytes unread(100, 1000, 10);
  auto first = body(80), second = body(30), others = body(30);

  BOOST_TEST(unread.add("a", first));
  BOOST_TEST(!unread.add("a", second));
  BOOST_TEST(unread.add("b", others));

  BOOST_TEST(unread.of("a") == 80u);
  first = {};
  BOOST_TEST(unread.add("a", second));
}

BOOST_AUTO_TEST_CASE(one_answer_may_be_longer_than_the_bound) {
  UnreadBytes unread(100, 100, 10);
  auto large = body(5000);

  BOOST_TEST(unread.add("a", large));
}

BOOST_AUTO_TEST_CASE(all_clients_together_are_bounded) {
  UnreadBytes unread(100, 150, 10);
  auto a = body(80), b = body(60), more_of_b = body(20);

  BOOST_TEST(unread.add("a", a));
  BOOST_TEST(unread.add("b", b));
  BOOST_TEST(!unread.add("b", more_of_b));
}

BOOST_AUTO_TEST_CASE(clients_that_read_everything_are_forgotten_but_frames_may_outlive_all) {
  auto late = body(10);
  {
    UnreadBytes unread(100, 1000, 2);
    for (int i = 0; i < 100; ++i) {
      auto quick = body(10);
      BOOST_TEST(unread.add(std::to_string(i), quick));
    }
    BOOST_TEST(unread.add("late", late));
  }
  BOOST_TEST(late.data.size() == 10u);
}

BOOST_AUTO_TEST_SUITE_END()
