#include "actors/experiment/assignment/slots.hpp"

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace troupe::experiment;

namespace {

constexpr size_t units = 1'000'000;

std::string user(size_t i) {
  return "user-" + std::to_string(i);
}

/// How likely counts at least so uneven are where each cell is equally likely.
double p_value(const std::vector<double>& counts, double total) {
  const double expected = total / static_cast<double>(counts.size());
  double statistic = 0;
  for (const double count : counts) statistic += (count - expected) * (count - expected) / expected;
  const boost::math::chi_squared distribution(static_cast<double>(counts.size() - 1));
  return boost::math::cdf(boost::math::complement(distribution, statistic));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slots)

// Fixed inputs: these hold or they do not; 1e-4 is far below what a sound hash gives by chance for eight salts.
BOOST_AUTO_TEST_CASE(a_million_units_fall_evenly_into_the_slots) {
  for (const char* salt : {"checkout", "checkout@2", "a", "b", "layer/main", "prompt", "model", ""}) {
    const uint64_t seed = salt_of(salt);
    std::vector<double> by_slot(slot_count);
    for (size_t i = 0; i < units; ++i) ++by_slot[slot_of(user(i), seed)];

    BOOST_TEST(p_value(by_slot, units) > 1e-4, salt);
    BOOST_TEST(p_value(by_slot, units) < 1 - 1e-4, salt);
  }
}

BOOST_AUTO_TEST_CASE(the_slots_of_two_questions_are_independent) {
  constexpr uint32_t parts = 32;
  const std::vector<std::string> salts{"checkout", "checkout@2", "layer/main", "prompt"};
  for (size_t a = 0; a < salts.size(); ++a) {
    for (size_t b = a + 1; b < salts.size(); ++b) {
      const uint64_t first = salt_of(salts[a]);
      const uint64_t second = salt_of(salts[b]);
      std::vector<double> cells(parts * parts);
      for (size_t i = 0; i < units; ++i) {
        const uint32_t row = slot_of(user(i), first) * parts / slot_count;
        const uint32_t column = slot_of(user(i), second) * parts / slot_count;
        ++cells[row * parts + column];
      }

      BOOST_TEST(p_value(cells, units) > 1e-4, salts[a] << " and " << salts[b]);
    }
  }
}

BOOST_AUTO_TEST_CASE(python_sees_the_same_slots) {
  std::ifstream file(TROUPE_TEST_DATA "/experiment/slots.json");
  const auto cases = nlohmann::json::parse(file).at("cases");

  BOOST_TEST(cases.size() >= 100u);
  for (const auto& one : cases) {
    const auto unit = one.at("unit").get<std::string>();
    BOOST_TEST(slot_of(unit, salt_of(one.at("salt").get<std::string>())) == one.at("slot").get<uint32_t>(), unit);
  }
}

BOOST_AUTO_TEST_SUITE_END()
