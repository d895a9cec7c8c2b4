#include "runtime/observe/request_id.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace troupe;
using namespace troupe::observe;

BOOST_AUTO_TEST_SUITE(request_id)

BOOST_AUTO_TEST_CASE(ids_have_one_shape_and_replay_from_their_seed) {
  SeededRandom random(1);
  SeededRandom again(1);

  const std::string id = make_request_id(random);

  BOOST_TEST(id.size() == 28u);
  BOOST_TEST(id.starts_with("req_"));
  BOOST_TEST(id.find_first_not_of("0123456789abcdef", 4) == std::string::npos);
  BOOST_TEST(id == make_request_id(again));
  BOOST_TEST(check_request_id(id).has_value());
}

BOOST_AUTO_TEST_CASE(ids_differ) {
  SeededRandom random(1);
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(make_request_id(random));

  BOOST_TEST(ids.size() == 10'000u);
}

BOOST_AUTO_TEST_CASE(clients_may_send_printable_ascii_of_bounded_length) {
  BOOST_TEST(check_request_id("trace-7/~ok").has_value());
  BOOST_TEST(check_request_id(std::string(128, 'x')).has_value());

  BOOST_TEST(check_request_id(std::string(129, 'x')).error().message ==
             "a request id of 129 bytes; it must have 1 to 128");
  BOOST_TEST(!check_request_id("").has_value());
  BOOST_TEST(check_request_id("a\r\nSet-Cookie: x").error().message ==
             "byte 1 of the request id is 0x0d; only printable ASCII may stand there");
  BOOST_TEST(!check_request_id("é").has_value());
  BOOST_TEST(!check_request_id(std::string_view("\0", 1)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
