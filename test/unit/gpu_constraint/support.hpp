#pragma once
// What the tests of formats share.

#include <boost/test/unit_test.hpp>
#include <string_view>

#include "gpu/engine/constraint/automaton.hpp"
#include "gpu/engine/constraint/json_schema.hpp"

namespace troupe::gpu {

inline Automaton automaton_of(std::string_view schema) {
  auto compiled = compile_schema(schema);
  BOOST_TEST_REQUIRE(compiled.has_value(), schema << ": " << (compiled ? "" : compiled.error().message));
  return {std::move(compiled->grammar), compiled->start};
}

/// Where `text` leads.
inline Automaton::Place place_behind(Automaton& automaton, std::string_view text) {
  Automaton::Place place = automaton.start();
  for (const char byte : text) {
    if (place == Automaton::nowhere) return place;
    place = automaton.step(place, static_cast<uint8_t>(byte));
  }
  return place;
}

inline bool accepts(Automaton& automaton, std::string_view text) {
  const Automaton::Place place = place_behind(automaton, text);
  return place != Automaton::nowhere && automaton.is_complete(place);
}

inline bool accepts(std::string_view schema, std::string_view text) {
  Automaton automaton = automaton_of(schema);
  return accepts(automaton, text);
}

}  // namespace troupe::gpu
