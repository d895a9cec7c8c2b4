#include "actors/experiment/table/table_metric.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::experiment;

namespace {

bool refused(const std::string& text, const std::string& words) {
  const auto metric = parse_table_metric(text);
  BOOST_TEST_INFO((metric ? text : metric.error().message));
  return !metric && metric.error().message.find(words) != std::string::npos;
}

std::vector<TableMetric> metrics(const std::vector<std::string>& texts) {
  std::vector<TableMetric> all;
  for (const std::string& text : texts) all.push_back(parse_table_metric(text).value());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(table_metric)

BOOST_AUTO_TEST_CASE(each_kind_is_read_with_its_columns) {
  const auto all = metrics({"revenue:mean", "a:b:conversion", "errors:count", "errors/hours:count",
                            "clicks/views:ratio", "latency:p99.9", "days:event=was:churned"});

  BOOST_TEST((all[0].kind == TableMetricKind::mean && all[0].column == "revenue"));
  BOOST_TEST((all[1].kind == TableMetricKind::conversion && all[1].column == "a:b"));
  BOOST_TEST((all[2].kind == TableMetricKind::count && all[2].per.empty()));
  BOOST_TEST((all[3].column == "errors" && all[3].per == "hours"));
  BOOST_TEST((all[4].kind == TableMetricKind::ratio && all[4].column == "clicks" && all[4].per == "views"));
  BOOST_TEST((all[5].kind == TableMetricKind::quantile));
  BOOST_TEST(all[5].quantile == 0.999, boost::test_tools::tolerance(1e-15));
  BOOST_TEST((all[6].kind == TableMetricKind::time && all[6].column == "days" && all[6].event == "was:churned"));
}

BOOST_AUTO_TEST_CASE(what_is_no_metric_is_refused_with_what_would_be_one) {
  BOOST_TEST(refused("revenue", "write COLUMN:KIND"));
  BOOST_TEST(refused(":mean", "write COLUMN:KIND"));
  BOOST_TEST(refused("revenue:means", "did you mean mean?"));
  BOOST_TEST(refused("bought:conversions", "did you mean conversion?"));
  BOOST_TEST(refused("latency:p100", "between p0 and p100"));
  BOOST_TEST(refused("latency:p9x", "between p0 and p100"));
  BOOST_TEST(refused("clicks:ratio", "two columns"));
  BOOST_TEST(refused("a/b/c:ratio", "'/' between"));
  BOOST_TEST(refused("days:event=", "is no kind"));
}

BOOST_AUTO_TEST_CASE(a_method_is_for_all_metrics_or_for_the_one_that_is_named) {
  auto all = metrics({"revenue:mean", "bought:conversion", "days:event=churned"});

  BOOST_TEST(choose_method("revenue=mann-whitney", all).has_value());
  BOOST_TEST(choose_method("bought:conversion=fisher", all).has_value());
  BOOST_TEST(choose_method("days:event=churned=cox", all).has_value());
  BOOST_TEST((all[0].method == TableMethod::mann_whitney));
  BOOST_TEST((all[1].method == TableMethod::fisher));
  BOOST_TEST((all[2].method == TableMethod::cox));
  const Status unsuited = choose_method("fisher", all);
  BOOST_TEST_REQUIRE(!unsuited.has_value());
  BOOST_TEST(unsuited.error().message ==
             "metric revenue:mean: fisher is no method of it; there are welch, t, z, mann-whitney, bayesian. For one "
             "metric: METRIC=METHOD");
  BOOST_TEST(choose_method("welsh", all).error().message.find("did you mean welch?") != std::string::npos);
  BOOST_TEST(choose_method("revenu=t", all).error().message.find("no such metric") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_covariate_belongs_to_metrics_of_units) {
  auto all = metrics({"revenue:mean", "clicks/views:ratio"});

  BOOST_TEST(choose_covariate("before", all).error().message.find("clicks/views:ratio: a covariate belongs to") !=
             std::string::npos);
  all = metrics({"revenue:mean", "clicks/views:ratio"});
  BOOST_TEST(choose_covariate("revenue=before", all).has_value());
  BOOST_TEST((all[0].covariate == "before" && all[1].covariate.empty()));
  BOOST_TEST(choose_method("revenue=mann-whitney", all).error().message.find("with a covariate its method is z") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
