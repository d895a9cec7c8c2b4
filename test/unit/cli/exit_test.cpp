#include "cluster/cli/exit.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

BOOST_AUTO_TEST_SUITE(exit_codes)

BOOST_AUTO_TEST_CASE(errors_end_with_the_documented_status) {
  BOOST_TEST((exit_of({Errc::invalid_argument, "", "", {}}) == Exit::usage));
  BOOST_TEST((exit_of({Errc::deadline_exceeded, "", "", {}}) == Exit::timed_out));
  BOOST_TEST((exit_of({Errc::not_found, "", "", {}}) == Exit::failed));
}

BOOST_AUTO_TEST_CASE(an_unreachable_address_is_told_from_a_model_without_replicas) {
  BOOST_TEST((exit_of({Errc::unavailable, "", address_field, {}}) == Exit::unreachable));
  BOOST_TEST((exit_of({Errc::unavailable, "", "", {}}) == Exit::failed));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
