// The places of an automaton.

#include "gpu/engine/constraint/automaton.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_constraint/support.hpp"

using namespace troupe::gpu;

BOOST_AUTO_TEST_SUITE(automaton)

BOOST_AUTO_TEST_CASE(texts_that_may_go_on_alike_are_at_one_place) {
  Automaton automaton = automaton_of(R"({"type":"array"})");

  BOOST_TEST(place_behind(automaton, "[1,") == place_behind(automaton, "[\"ab\",null,"));
  BOOST_TEST(place_behind(automaton, "[[") != place_behind(automaton, "["));
  BOOST_TEST(place_behind(automaton, "[}") == Automaton::nowhere);
}

BOOST_AUTO_TEST_CASE(places_that_are_kept_go_on_as_before_when_the_others_are_forgotten) {
  Automaton automaton = automaton_of(R"({"type":"object"})");
  Automaton::Place inside = place_behind(automaton, R"({"a":[[{"b":"x)");
  Automaton::Place number = place_behind(automaton, R"({"a":[1)");
  Automaton::Place* const kept[] = {&inside, &number};

  automaton.forget(kept);

  const auto goes_on = [&](Automaton::Place place, std::string_view text) {
    for (const char byte : text) {
      if (place == Automaton::nowhere) return false;
      place = automaton.step(place, static_cast<uint8_t>(byte));
    }
    return place != Automaton::nowhere && automaton.is_complete(place);
  };
  BOOST_TEST(goes_on(inside, R"("}]]})"));
  BOOST_TEST(!goes_on(inside, R"("}]})"));
  BOOST_TEST(goes_on(number, "0,2.5]}"));
  BOOST_TEST(accepts(automaton, "{}"));
}

BOOST_AUTO_TEST_CASE(it_is_full_in_time_and_empty_after_forgetting) {
  Automaton automaton = automaton_of(R"({"type":"array"})");
  Automaton::Place place = automaton.start();
  size_t depth = 0;
  for (; !automaton.is_full(); ++depth) {
    BOOST_TEST_REQUIRE(depth < 1'000'000U);
    place = automaton.step(place, '[');
  }

  Automaton::Place* const kept[] = {&place};
  automaton.forget(kept);

  BOOST_TEST((!automaton.is_full() || depth > 1000));
  for (; depth > 0; --depth) place = automaton.step(place, ']');
  BOOST_TEST(automaton.is_complete(place));
}

BOOST_AUTO_TEST_CASE(what_has_too_many_readings_is_not_allowed) {
  // Each of the properties may come next, and each name begins with a quotation mark.
  std::string schema = R"({"type":"object","additionalProperties":false,"properties":{)";
  for (size_t i = 0; i <= Automaton::readings_max; ++i)
    schema += (i > 0 ? ",\"p" : "\"p") + std::to_string(i) + "\":{}";
  Automaton automaton = automaton_of(schema + "}}");

  BOOST_TEST(place_behind(automaton, "{") == Automaton::nowhere);
}

BOOST_AUTO_TEST_SUITE_END()
