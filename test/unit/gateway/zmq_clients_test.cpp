#include "actors/gateway/zmq/zmq_clients.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::gateway;
using balancer::DispatchId;

BOOST_AUTO_TEST_SUITE(zmq_clients)

BOOST_AUTO_TEST_CASE(a_request_is_open_until_it_is_closed) {
  ZmqClients clients(2, 2);
  BOOST_TEST_REQUIRE(clients.open("anna", CorrelationId{1}, DispatchId{10}).has_value());

  BOOST_TEST(clients.is_open("anna", CorrelationId{1}, DispatchId{10}));
  BOOST_TEST(!clients.is_open("bert", CorrelationId{1}, DispatchId{10}));
  BOOST_TEST((clients.close("anna", CorrelationId{1}) == DispatchId{10}));
  BOOST_TEST(!clients.close("anna", CorrelationId{1}));
}

BOOST_AUTO_TEST_CASE(a_correlation_id_may_be_used_again_but_not_twice_at_a_time) {
  ZmqClients clients(2, 2);
  BOOST_TEST_REQUIRE(clients.open("anna", CorrelationId{1}, DispatchId{10}).has_value());

  const auto twice = clients.open("anna", CorrelationId{1}, DispatchId{11});
  BOOST_TEST_REQUIRE(!twice);
  BOOST_TEST((twice.error().code == Errc::invalid_argument));

  clients.close("anna", CorrelationId{1});
  BOOST_TEST(clients.open("anna", CorrelationId{1}, DispatchId{12}).has_value());
  BOOST_TEST(!clients.is_open("anna", CorrelationId{1}, DispatchId{10}));
}

BOOST_AUTO_TEST_CASE(clients_and_their_requests_are_bounded) {
  ZmqClients clients(2, 1);
  BOOST_TEST_REQUIRE(clients.open("anna", CorrelationId{1}, DispatchId{1}).has_value());
  BOOST_TEST_REQUIRE(clients.open("bert", CorrelationId{1}, DispatchId{2}).has_value());

  BOOST_TEST((clients.open("anna", CorrelationId{2}, DispatchId{3}).error().code == Errc::overloaded));
  BOOST_TEST((clients.open("carl", CorrelationId{1}, DispatchId{4}).error().code == Errc::overloaded));
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_takes_all_its_requests_along) {
  ZmqClients clients(2, 2);
  BOOST_TEST_REQUIRE(clients.open("anna", CorrelationId{1}, DispatchId{1}).has_value());
  BOOST_TEST_REQUIRE(clients.open("anna", CorrelationId{2}, DispatchId{2}).has_value());
  BOOST_TEST_REQUIRE(clients.open("bert", CorrelationId{1}, DispatchId{3}).has_value());

  BOOST_TEST(clients.drop("anna").size() == 2u);
  BOOST_TEST(clients.drop("anna").empty());
  BOOST_TEST(clients.drop_all().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
