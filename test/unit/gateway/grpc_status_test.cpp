#include "actors/gateway/grpc/grpc_status.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;

namespace {

int code(Errc errc, std::string field = {}) {
  return static_cast<int>(grpc_code({errc, "why", std::move(field), {}}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grpc_status_codes)

BOOST_AUTO_TEST_CASE(codes_are_those_whose_meaning_clients_know) {
  BOOST_TEST(code(Errc::invalid_argument) == 3);
  BOOST_TEST(code(Errc::not_found) == 5);
  BOOST_TEST(code(Errc::unavailable) == 14);
  BOOST_TEST(code(Errc::lost) == 14);
  BOOST_TEST(code(Errc::overloaded) == 8);
  BOOST_TEST(code(Errc::deadline_exceeded) == 4);
  BOOST_TEST(code(Errc::unauthenticated) == 16);
  BOOST_TEST(code(Errc::permission_denied) == 7);
  BOOST_TEST(code(Errc::internal) == 13);
}

BOOST_AUTO_TEST_CASE(a_parameter_that_is_not_done_is_bad_input_a_method_that_is_not_is_unimplemented) {
  BOOST_TEST(code(Errc::unimplemented) == 12);
  BOOST_TEST(code(Errc::unimplemented, "parameters.priority") == 3);
}

BOOST_AUTO_TEST_CASE(when_to_come_back_is_said_where_coming_back_helps) {
  const GrpcStatus busy = grpc_status({Errc::unavailable, "later", {}, {}});
  const GrpcStatus wrong = grpc_status({Errc::invalid_argument, "never", {}, std::chrono::seconds{1}});

  BOOST_TEST((busy.trailers == http::HeaderList{{"retry-after", "1"}}));
  BOOST_TEST(wrong.trailers.empty());
}

BOOST_AUTO_TEST_CASE(messages_are_short_enough_to_travel) {
  BOOST_TEST(grpc_status({Errc::internal, std::string(10'000, 'x'), {}, {}}).message.size() <= 2048u);
}

BOOST_AUTO_TEST_SUITE_END()
