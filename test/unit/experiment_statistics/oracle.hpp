#pragma once
// What the reference libraries say, from test/data/statistics/*.json, and how far we are from it. When all tests have
// run, a table of `method cases largest_difference` is printed: docs/statistics.md carries it.

#include <boost/test/unit_test.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "actors/experiment/statistics/summary.hpp"
#include "runtime/base/result.hpp"

namespace troupe::experiment::test {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// A file of test/data/statistics, e.g. oracle("means").
const nlohmann::json& oracle(const std::string& name);

/// A number of the file; "inf" and "-inf" are infinities.
double number(const nlohmann::json& value);
std::vector<double> numbers(const nlohmann::json& values);
Alternative alternative(const nlohmann::json& value);
/// [successes, trials]
Proportion proportion(const nlohmann::json& pair);

/// Counts a case of `method`.
void count_case(const std::string& method);

/// Checks |ours - theirs| <= tolerance * max(|theirs|, scale), and keeps the largest quotient for the table. `scale` is
/// for a number that is the difference of larger ones of that size.
void near(const std::string& method, double ours, double theirs, double tolerance = 1e-9, double scale = 0);

/// A case's "alternative" and "confidence", where it has them.
TestOptions test_options(const nlohmann::json& c);

/// Compares what the case has of statistic, df, p, estimate, low and high. The last three are off by the tolerance
/// times the largest of them: a small difference of large numbers has no more digits.
void compare(const std::string& method, const TestResult& ours, const nlohmann::json& c, double tolerance = 1e-9);
void compare(const std::string& method, const Interval& ours, const nlohmann::json& c, double tolerance = 1e-9);

template <class T>
bool refused(const Result<T>& result) {
  if (result) return false;
  BOOST_TEST_INFO(result.error().message);
  return result.error().code == Errc::invalid_argument && !result.error().message.empty();
}

}  // namespace troupe::experiment::test
