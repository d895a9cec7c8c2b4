#include "actors/gateway/reported_outcomes.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/gateway/http/event_request.hpp"

using namespace troupe;
using namespace troupe::gateway;
using protocol::ReportedOutcome;
using protocol::UnitKind;

namespace {

constexpr WallTime noon{std::chrono::seconds{1'800'000'000}};

Result<std::vector<protocol::Event>> events(std::vector<ReportedOutcome> outcomes) {
  SeededRandom random(1);
  return events_of({std::move(outcomes)}, noon, random);
}

Result<std::vector<protocol::Event>> parsed(std::string_view body) {
  SeededRandom random(1);
  JsonParser parser;
  return parse_events_request(body, noon, random, parser);
}

std::string refusal(ReportedOutcome outcome) {
  const auto refused = events({std::move(outcome)});
  return refused ? "accepted" : refused.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reported_outcomes)

BOOST_AUTO_TEST_CASE(the_same_words_make_the_same_events_at_every_door) {
  const auto reported = events({{.unit = "anna", .name = "conversion", .id = "e1"},
                                {"s1", "revenue", -2.5, UnitKind::session, 1'799'999'990.25, "e2"},
                                {.unit = "ben", .name = "conversion"}});
  const auto json = parsed(R"({"events": [
      {"unit": "anna", "name": "conversion", "id": "e1"},
      {"unit": "s1", "name": "revenue", "value": -2.5, "kind": "session", "time": 1799999990.25, "id": "e2"},
      {"unit": "ben", "name": "conversion"}]})");

  BOOST_TEST_REQUIRE(reported.has_value());
  BOOST_TEST_REQUIRE(json.has_value());
  BOOST_TEST((*reported == *json));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_in_the_same_words_at_every_door) {
  const std::string long_unit(257, 'u');
  const std::string long_id(129, 'i');
  const std::vector<std::pair<ReportedOutcome, std::string>> cases{
      {{.unit = long_unit, .name = "x"}, R"("unit": ")" + long_unit + R"(", "name": "x")"},
      {{.unit = "a", .name = std::string(65, 'n')}, R"("unit": "a", "name": ")" + std::string(65, 'n') + "\""},
      {{.unit = "a", .name = "x", .value = 1e12}, R"("unit": "a", "name": "x", "value": 1e12)"},
      {{.unit = "a", .name = "x", .time = 1'800'001'000}, R"("unit": "a", "name": "x", "time": 1800001000)"},
      {{.unit = "a", .name = "x", .time = 1}, R"("unit": "a", "name": "x", "time": 1)"},
      {{.unit = "a", .name = "x", .id = long_id}, R"("unit": "a", "name": "x", "id": ")" + long_id + "\""},
  };
  for (const auto& [outcome, json] : cases) {
    const auto refused = events({outcome});
    const auto refused_json = parsed(R"({"events": [{)" + json + "}]}");

    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST_REQUIRE(!refused_json.has_value());
    BOOST_TEST((refused.error() == refused_json.error()), refused.error().message);
  }
}

BOOST_AUTO_TEST_CASE(what_json_cannot_say_is_refused_too) {
  BOOST_TEST(
      refusal({.unit = "a", .name = "x", .value = std::nan("")}).starts_with("events[0].value: a value must be"));
  BOOST_TEST(refusal({.unit = "a", .name = "x", .time = std::nan("")}).starts_with("events[0].time lies"));
  BOOST_TEST(refusal({.unit = "a", .name = "x", .kind = static_cast<UnitKind>(7)}) ==
             "events[0].kind must be user, session, key or request, found the number 7");
  BOOST_TEST(refusal({.unit = "a", .name = "x", .id = ""}) == "events[0].id must have 1 to 128 bytes, found 0");
}

BOOST_AUTO_TEST_CASE(there_are_between_one_and_ten_thousand) {
  const std::vector<ReportedOutcome> most(outcomes_max, {.unit = "a", .name = "x"});
  std::vector<ReportedOutcome> more = most;
  more.push_back(most.front());

  BOOST_TEST(events(most).value().size() == 10'000u);
  BOOST_TEST(events(more).error().message == "events must have 1 to 10000 entries, found 10001");
  BOOST_TEST(events({}).error().field == "events");
}

BOOST_AUTO_TEST_SUITE_END()
