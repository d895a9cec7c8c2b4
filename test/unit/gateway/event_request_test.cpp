#include "actors/gateway/http/event_request.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/experiment/ledger/fixed_point.hpp"

using namespace troupe;
using namespace troupe::gateway;

namespace {

constexpr WallTime noon{std::chrono::seconds{1'800'000'000}};

Result<std::vector<protocol::Event>> parse(std::string_view body) {
  SeededRandom random(1);
  JsonParser parser;
  return parse_events_request(body, noon, random, parser);
}

const protocol::Outcome& outcome(const protocol::Event& event) {
  return std::get<protocol::Outcome>(event.what);
}

std::string refusal(std::string_view body) {
  const auto events = parse(body);
  return events ? "accepted" : events.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event_request)

BOOST_AUTO_TEST_CASE(one_event_may_stand_alone_and_says_little) {
  const auto events = parse(R"({"unit": "anna", "name": "conversion"})");

  BOOST_TEST_REQUIRE(events.has_value());
  BOOST_TEST_REQUIRE(events->size() == 1u);
  const protocol::Event& event = events->front();
  BOOST_TEST(event.unit == "anna");
  BOOST_TEST((event.kind == protocol::UnitKind::user));
  BOOST_TEST(event.time_unix_us == unix_microseconds(noon));
  BOOST_TEST(outcome(event).measure == "conversion");
  BOOST_TEST(experiment::from_fixed(outcome(event).value) == 1);
}

BOOST_AUTO_TEST_CASE(an_id_names_an_event_and_without_one_each_is_its_own) {
  const auto same = parse(R"({"events": [{"unit": "a", "name": "x", "id": "e1"}, {"unit": "b", "name": "x", "id": "e1"},
                                          {"unit": "a", "name": "x"}, {"unit": "a", "name": "x"}]})");

  BOOST_TEST_REQUIRE(same.has_value());
  const auto id = [&](size_t i) { return std::pair(outcome((*same)[i]).id_high, outcome((*same)[i]).id_low); };
  BOOST_TEST((id(0) == id(1)));
  BOOST_TEST((id(2) != id(3)));
}

BOOST_AUTO_TEST_CASE(value_time_and_kind_are_what_they_say) {
  const auto events =
      parse(R"({"unit": "s1", "kind": "session", "name": "revenue", "value": -2.5, "time": 1799999990.25})");

  BOOST_TEST_REQUIRE(events.has_value());
  BOOST_TEST((events->front().kind == protocol::UnitKind::session));
  BOOST_TEST(experiment::from_fixed(outcome(events->front()).value) == -2.5);
  BOOST_TEST(events->front().time_unix_us == 1'799'999'990'250'000);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_by_its_place) {
  BOOST_TEST(refusal("{}") == "unit is missing");
  BOOST_TEST(refusal(R"({"events": [{"unit": "a", "name": "x"}, {"unit": "a"}]})") == "events[1].name is missing");
  BOOST_TEST(refusal(R"({"events": []})") == "events must have 1 to 10000 entries, found 0");
  BOOST_TEST(refusal(R"({"unit": "", "name": "x"})") == "unit must have 1 to 256 bytes, found 0");
  BOOST_TEST(refusal(R"({"unit": "a", "name": "x", "value": 1e12})") ==
             "value: a value must be a number from -1e9 to 1e9, found 1000000000000");
  BOOST_TEST(refusal(R"({"unit": "a", "name": "x", "kind": "users"})").starts_with("kind must be user, session, key"));
  BOOST_TEST(refusal(R"({"unit": "a", "name": "x", "time": 1800001000})").find("in the future") != std::string::npos);
  BOOST_TEST(refusal(R"({"unit": "a", "name": "x", "time": 1})").find("90 days back") != std::string::npos);
  BOOST_TEST(refusal(R"({"unit": "a", "nam": "x"})").find("did you mean name?") != std::string::npos);
  BOOST_TEST(refusal(R"({"events": [], "unit": "a"})").find("unit") != std::string::npos);
  BOOST_TEST(refusal(R"({"events": [{"unit": "a", "nam": "x"}]})").find("parameter events[0].nam") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
