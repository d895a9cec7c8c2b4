// From a file to numbers, against scipy, statsmodels and lifelines: test/data/experiment_table/make_tables.py.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "actors/experiment/table/factor_analysis.hpp"
#include "actors/experiment/table/table_analysis.hpp"

using namespace troupe;
using namespace troupe::experiment;
using nlohmann::json;

namespace {

const std::string folder = std::string(TROUPE_TEST_DATA) + "/experiment_table/";

TableAnalysis analysis_of(const json& c) {
  TableQuestion question;
  question.unit_column = c.value("unit_column", "");
  question.variant_column = c.value("variant_column", "variant");
  question.segment_column = c.value("segment_column", "");
  question.metrics.push_back(parse_table_metric(c["metric"].get<std::string>()).value());
  if (const auto method = c["method"].get<std::string>(); !method.empty())
    BOOST_REQUIRE(choose_method(method, question.metrics).has_value());
  if (c.contains("covariate")) BOOST_REQUIRE(choose_covariate(c["covariate"].get<std::string>(), question.metrics));
  TableOptions options;
  options.control = c.value("control", "");
  if (c.contains("weights")) {
    const auto weights = c["weights"].get<std::vector<double>>();
    options.weights = {{"control", weights[0]}, {"blue", weights[1]}, {"green, deep", weights[2]}};
  }
  std::ifstream in(folder + c["csv"].get<std::string>(), std::ios::binary);
  CsvReader csv(in, c["csv"].get<std::string>());
  const UnitTable table = read_unit_table(csv, question).value();
  return analyze_table(table, question, options).value();
}

FactorAnalysis factors_of(const json& c) {
  TableQuestion question;
  for (const json& factor : c["factors"]) {
    const auto text = factor.get<std::string>();
    const size_t equals = text.find('=');
    question.factors.push_back({text.substr(0, equals), equals == std::string::npos ? "" : text.substr(equals + 1)});
  }
  for (const char* metric : {"score:mean", "solved:conversion", "retries:count"})
    question.metrics.push_back(parse_table_metric(metric).value());
  std::ifstream in(folder + c["csv"].get<std::string>(), std::ios::binary);
  CsvReader csv(in, c["csv"].get<std::string>());
  return analyze_factors(read_unit_table(csv, question).value(), question, {}).value();
}

void near(const std::string& what, double ours, const json& theirs, double tolerance, double scale = 0) {
  const double wanted = theirs.get<double>();
  BOOST_TEST(std::abs(ours - wanted) <= tolerance * std::max(std::abs(wanted), scale),
             what << ": " << ours << " and " << wanted);
}

/// What the row has of a number, where both must have it.
void compare(const std::string& what, const std::optional<double>& ours, const json& row, const char* field,
             double tolerance) {
  if (!row.contains(field)) return;
  BOOST_TEST_REQUIRE(ours.has_value(), what << ": " << field);
  near(what + " " + field, *ours, row[field], tolerance);
}

/// Ends are off by the tolerance times the larger one: a small difference of large numbers has no more digits.
void compare(const std::string& what, const std::optional<Interval>& ours, const json& row, const char* field,
             double tolerance) {
  if (!row.contains(field)) return;
  BOOST_TEST_REQUIRE(ours.has_value(), what << ": " << field);
  const double scale = std::max(std::abs(row[field][0].get<double>()), std::abs(row[field][1].get<double>()));
  near(what + " low", ours->low, row[field][0], tolerance, scale);
  near(what + " high", ours->high, row[field][1], tolerance, scale);
}

void compare_row(const std::string& what, const TableComparison& ours, const json& row, double tolerance) {
  const UnitComparison& said = ours.said;
  BOOST_TEST(said.reason == "");
  compare(what, said.control, row, "control", tolerance);
  compare(what, said.treated, row, "treated", tolerance);
  compare(what, said.difference, row, "difference", tolerance);
  compare(what, said.relative, row, "relative", tolerance);
  compare(what, said.statistic, row, "statistic", tolerance);
  compare(what, said.df, row, "df", tolerance);
  compare(what, said.p_value, row, "p_value", tolerance);
  compare(what, ours.adjusted_p, row, "adjusted_p", tolerance);
  compare(what, said.probability_greater, row, "probability_greater", tolerance);
  compare(what, said.variance_reduction, row, "variance_reduction", tolerance);
  compare(what, said.dispersion, row, "dispersion", tolerance);
  compare(what, said.interval, row, "interval", tolerance);
  compare(what, said.relative_interval, row, "relative_interval", tolerance);
  if (row.contains("effect_size"))
    near(what + " effect size", said.effect_size.value().value, row["effect_size"], tolerance);
  if (!row.contains("estimate")) return;
  compare(what, said.estimate.value().value, row, "estimate", tolerance);
  compare(what, said.estimate->interval, row, "estimate_interval", tolerance);
}

void compare_term(const std::string& what, const FactorTerm& ours, const json& theirs) {
  constexpr double tolerance = 1e-9;
  BOOST_TEST(ours.factors == theirs["factors"].get<std::vector<std::string>>());
  near(what + " F", ours.test.statistic, theirs["statistic"], tolerance);
  BOOST_TEST(ours.test.df == theirs["df"].get<double>());
  BOOST_TEST(ours.test.df_denominator.value() == theirs["df_denominator"].get<double>());
  near(what + " p", ours.test.p_value, theirs["p_value"], tolerance);
  near(what + " adjusted p", ours.adjusted_p.value(), theirs["adjusted_p"], tolerance);
  BOOST_TEST_REQUIRE(ours.differences.size() == theirs["differences"].size());
  for (size_t i = 0; i < ours.differences.size(); ++i) {
    const json& row = theirs["differences"][i];
    BOOST_TEST(ours.differences[i].levels == row["levels"].get<std::vector<std::string>>());
    const double scale = std::abs(row["interval"][0].get<double>()) + std::abs(row["interval"][1].get<double>());
    near(what + " difference", ours.differences[i].difference, row["difference"], tolerance, scale);
    compare(what, std::optional(ours.differences[i].interval), row, "interval", tolerance);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table_reference)

BOOST_AUTO_TEST_CASE(every_method_says_of_a_file_what_the_reference_says) {
  std::ifstream file(folder + "expected.json");
  const json expected = json::parse(file);

  for (const json& c : expected["cases"]) {
    const TableAnalysis analysis = analysis_of(c);
    const std::string what = c["metric"].get<std::string>() + " by '" + c["method"].get<std::string>() + "'";
    for (const json& row : c["rows"]) {
      const auto ours = std::ranges::find_if(analysis.comparisons, [&](const TableComparison& one) {
        return one.variant == row["variant"] && one.segment == row.value("segment", "");
      });
      BOOST_TEST_REQUIRE((ours != analysis.comparisons.end()), what);
      // Iterative fits and Barnard's maximum on either side.
      const bool is_iterated =
          c["method"] == "barnard" || c["method"] == "negative-binomial" || c["csv"] == "lifetimes.csv";
      compare_row(what + " " + row["variant"].get<std::string>(), *ours, row, is_iterated ? 1e-6 : 1e-9);
    }
    if (!c.contains("sample_ratio_p")) continue;
    BOOST_TEST_REQUIRE(!analysis.health.empty());
    near("sample ratio", analysis.health[0].value, c["sample_ratio_p"], 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(factors_have_the_effects_that_the_reference_says) {
  std::ifstream file(folder + "expected.json");
  const json expected = json::parse(file);

  BOOST_TEST_REQUIRE(expected["factor_cases"].size() == 2u);
  for (const json& c : expected["factor_cases"]) {
    const FactorAnalysis analysis = factors_of(c);
    for (const FactorMetric& metric : analysis.metrics) {
      const json& terms = c["metrics"][metric.metric];
      BOOST_TEST_REQUIRE(metric.terms.size() == terms.size());
      for (size_t i = 0; i < terms.size(); ++i) compare_term(metric.metric, metric.terms[i], terms[i]);
      BOOST_TEST(metric.is_probability == (metric.metric == "solved:conversion"));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
