#include "oracle.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>

namespace troupe::experiment::test {

namespace {

struct Row {
  size_t cases = 0;
  double largest = 0;
};

std::map<std::string, Row>& rows() {
  static std::map<std::string, Row> all;
  return all;
}

struct PrintTable {
  ~PrintTable() {
    fmt::print("{:<44} {:>6} {:>18}\n", "method", "cases", "largest_difference");
    for (const auto& [method, row] : rows()) fmt::print("{:<44} {:>6} {:>18.1e}\n", method, row.cases, row.largest);
  }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(PrintTable);

const nlohmann::json& oracle(const std::string& name) {
  static std::map<std::string, nlohmann::json> files;
  auto [found, fresh] = files.try_emplace(name);
  if (fresh) {
    std::ifstream file(std::string(TROUPE_TEST_DATA) + "/statistics/" + name + ".json");
    BOOST_REQUIRE_MESSAGE(file, name << ".json is not in test/data/statistics");
    found->second = nlohmann::json::parse(file);
  }
  return found->second;
}

double number(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  const double infinity = std::numeric_limits<double>::infinity();
  return value.get<std::string>() == "-inf" ? -infinity : infinity;
}

std::vector<double> numbers(const nlohmann::json& values) {
  std::vector<double> result;
  for (const auto& value : values) result.push_back(number(value));
  return result;
}

Proportion proportion(const nlohmann::json& pair) {
  return {number(pair[0]), number(pair[1])};
}

Alternative alternative(const nlohmann::json& value) {
  const auto name = value.get<std::string>();
  if (name == "less") return Alternative::less;
  return name == "greater" ? Alternative::greater : Alternative::two_sided;
}

void count_case(const std::string& method) {
  ++rows()[method].cases;
}

void near(const std::string& method, double ours, double theirs, double tolerance, double scale) {
  if (ours == theirs) return;
  const double size = std::max(std::abs(theirs), scale);
  const double difference = std::abs(ours - theirs) / size;
  BOOST_TEST(difference <= tolerance,
             method << ": ours " << ours << ", theirs " << theirs << ", off by " << difference);
  if (difference > rows()[method].largest) rows()[method].largest = difference;
}

TestOptions test_options(const nlohmann::json& c) {
  TestOptions options;
  if (c.contains("alternative")) options.alternative = alternative(c["alternative"]);
  if (c.contains("confidence")) options.confidence = number(c["confidence"]);
  return options;
}

namespace {

double finite_size(double value) {
  return std::isfinite(value) ? std::abs(value) : 0;
}

}  // namespace

void compare(const std::string& method, const Interval& ours, const nlohmann::json& c, double tolerance) {
  const double scale = std::max(finite_size(number(c["low"])), finite_size(number(c["high"])));
  near(method, ours.low, number(c["low"]), tolerance, scale);
  near(method, ours.high, number(c["high"]), tolerance, scale);
}

void compare(const std::string& method, const TestResult& ours, const nlohmann::json& c, double tolerance) {
  if (c.contains("statistic")) near(method, ours.statistic, number(c["statistic"]), tolerance);
  if (c.contains("df")) near(method, ours.df.value(), number(c["df"]), tolerance);
  if (c.contains("p")) near(method, ours.p_value, number(c["p"]), tolerance);
  if (!c.contains("low")) return;
  compare(method, ours.interval, c, tolerance);
  const double scale = std::max(finite_size(number(c["low"])), finite_size(number(c["high"])));
  near(method, ours.estimate, number(c["estimate"]), tolerance, scale);
}

}  // namespace troupe::experiment::test
