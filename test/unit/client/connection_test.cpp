#include "test/unit/client/fake_gateway.hpp"

namespace troupe::client::test {

BOOST_AUTO_TEST_SUITE(client_connection)

BOOST_AUTO_TEST_CASE(an_address_that_is_none_is_refused_at_once) {
  SystemClock clock;

  const auto client = Client::connect({.address = "127.0.0.1:8003"}, clock);

  BOOST_REQUIRE(!client.has_value());
  BOOST_TEST((client.error().code == Errc::invalid_argument));
  BOOST_TEST(client.error().field == "address");
}

BOOST_AUTO_TEST_CASE(a_call_where_nobody_listens_ends_as_unavailable_and_names_the_address) {
  SystemClock clock;
  std::string address;
  {
    const FakeGateway gone;
    address = gone.address();
  }
  auto client = Client::connect({.address = address, .timeout = 0ns, .connect_patience = 20ms}, clock);
  BOOST_REQUIRE(client.has_value());

  const auto got = (*client)->generate("clerk", "hi", {}).get();

  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error().code == Errc::unavailable));
  BOOST_TEST(got.error().field == "address");
  BOOST_TEST(got.error().message.find(address) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(open_calls_end_when_their_gateway_goes_and_new_ones_find_its_successor) {
  SystemClock clock;
  auto first = std::make_optional<FakeGateway>();
  const uint16_t port = first->port();
  auto client = client_of(*first, clock, {.connect_patience = patience});
  auto lost = client->generate("clerk", "lost", {});
  first->take_request();

  first.reset();
  const auto got = lost.get();
  FakeGateway second(port);
  auto found = client->generate("clerk", "found", {});
  second.answer(second.take_request(), text_part("here"), 0, true);

  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error().code == Errc::unavailable));
  BOOST_TEST(found.get()->text == "here");
}

BOOST_AUTO_TEST_CASE(outcomes_on_a_connection_that_breaks_are_sent_again_as_the_same) {
  SystemClock clock;
  auto first = std::make_optional<FakeGateway>();
  const uint16_t port = first->port();
  auto client = client_of(*first, clock, {.connect_patience = patience});
  auto recorded = client->record({.unit = "ann", .name = "conversion"});
  const Asked lost = first->take_request();

  first.reset();
  FakeGateway second(port);
  const Asked again = second.take_request();
  second.answer_recorded(again);

  BOOST_TEST(recorded.get().has_value());
  BOOST_TEST((again.outcomes == lost.outcomes));
  BOOST_TEST((again.envelope.correlation_id == lost.envelope.correlation_id));
}

BOOST_AUTO_TEST_CASE(outcomes_that_nobody_takes_any_more_end_as_unavailable) {
  SystemClock clock;
  auto gone = std::make_optional<FakeGateway>();
  auto client = client_of(*gone, clock, {.connect_patience = 20ms});
  auto recorded = client->record({.unit = "ann", .name = "conversion"});
  gone->take_request();

  gone.reset();

  BOOST_TEST((recorded.get().error().code == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(closing_the_client_cancels_what_is_open) {
  SystemClock clock;
  FakeGateway gateway;
  auto client = client_of(gateway, clock);
  auto answer = client->generate("clerk", "hi", {});
  const Asked asked = gateway.take_request();

  client.reset();

  BOOST_TEST((answer.get().error().code == Errc::cancelled));
  BOOST_TEST((gateway.take_cancel() == asked.envelope.correlation_id));
}

BOOST_AUTO_TEST_CASE(calls_past_the_bound_are_refused) {
  SystemClock clock;
  FakeGateway gateway;
  auto client = client_of(gateway, clock, {.calls_max = 1});
  auto first = client->generate("clerk", "one", {});

  const auto second = client->generate("clerk", "two", {}).get();

  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == Errc::overloaded));
}

BOOST_AUTO_TEST_CASE(a_request_over_the_limits_is_not_sent) {
  SystemClock clock;
  FakeGateway gateway;
  auto client = client_of(gateway, clock, {.limits = {.body_bytes_max = 64}});

  const auto got = client->generate("clerk", std::string(100, 'x'), {}).get();

  BOOST_REQUIRE(!got.has_value());
  BOOST_TEST((got.error().code == Errc::too_large));
}

BOOST_AUTO_TEST_CASE(an_encrypted_door_is_reached_by_its_key) {
  SystemClock clock;
  const bus::CurveKeys keys = bus::make_curve_keys();
  FakeGateway gateway(0, keys);
  auto client = client_of(gateway, clock, {.server_key = keys.public_key, .connect_patience = patience});

  auto answer = client->generate("clerk", "hi", {});
  gateway.answer(gateway.take_request(), text_part("hello"), 0, true);

  BOOST_TEST(answer.get()->text == "hello");
}

BOOST_AUTO_TEST_CASE(a_door_with_another_key_or_none_is_told_nothing) {
  const bus::CurveKeys keys = bus::make_curve_keys();
  struct Case {
    std::optional<bus::CurveKeys> door;
    std::string known;
    std::string says;
  };
  for (const Case& one :
       {Case{keys, "", "encrypts"}, Case{keys, bus::make_curve_keys().public_key, "still its public key"},
        Case{std::nullopt, keys.public_key, "handshake"}}) {
    SystemClock clock;
    FakeGateway gateway(0, one.door);
    auto client = client_of(gateway, clock, {.server_key = one.known, .connect_patience = 500ms});

    const auto got = client->generate("clerk", "hi", {}).get();

    BOOST_REQUIRE(!got.has_value());
    BOOST_TEST_CONTEXT(got.error().message) {
      BOOST_TEST((got.error().code == Errc::unavailable));
      BOOST_TEST(got.error().field == "address");
      BOOST_TEST(got.error().message.find(one.says) != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(no_key_for_another_machine_or_none_at_all_is_refused_at_once) {
  SystemClock clock;
  for (const ClientOptions& options : {ClientOptions{.address = "tcp://192.0.2.1:8003"},
                                       ClientOptions{.address = "tcp://127.0.0.1:8003", .server_key = "short"}}) {
    const auto client = Client::connect(options, clock);

    BOOST_REQUIRE(!client.has_value());
    BOOST_TEST((client.error().code == Errc::invalid_argument));
    BOOST_TEST(client.error().field == "server_key");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::client::test
