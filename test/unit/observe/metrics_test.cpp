#include "runtime/observe/metrics.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <thread>

using namespace troupe;
using namespace troupe::observe;
using namespace std::chrono_literals;

namespace {

MetricsOptions quiet() {
  return {.version = "1.2.3", .series_per_family_max = 1000, .has_process_metrics = false};
}

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

double value_of(const std::string& page, const std::string& name) {
  const size_t at = ("\n" + page).find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + name.size() + 1));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(the_page_has_every_kind_in_text_format) {
  Metrics metrics(quiet());
  metrics.counter("troupe_requests_total", "Requests", {{"model", "clerk"}, {"code", "200"}}).add(3);
  metrics.gauge("troupe_queue_depth", "Waiting").set(-2.5);
  auto& latency = metrics.histogram("troupe_latency_seconds", "Time", {}, std::vector{0.001, 0.01});
  latency.observe(1ms);
  latency.observe(5ms);
  latency.observe(1s);

  const std::string page = metrics.expose();

  BOOST_TEST_CONTEXT(page) {
    BOOST_TEST(has_line(page, "# HELP troupe_requests_total Requests"));
    BOOST_TEST(has_line(page, "# TYPE troupe_requests_total counter"));
    BOOST_TEST(has_line(page, "troupe_requests_total{code=\"200\",model=\"clerk\"} 3"));
    BOOST_TEST(has_line(page, "# TYPE troupe_queue_depth gauge"));
    BOOST_TEST(has_line(page, "troupe_queue_depth -2.5"));
    BOOST_TEST(has_line(page, "# TYPE troupe_latency_seconds histogram"));
    BOOST_TEST(has_line(page, "troupe_latency_seconds_bucket{le=\"0.001\"} 1"));
    BOOST_TEST(has_line(page, "troupe_latency_seconds_bucket{le=\"0.01\"} 2"));
    BOOST_TEST(has_line(page, "troupe_latency_seconds_bucket{le=\"+Inf\"} 3"));
    BOOST_TEST(has_line(page, "troupe_latency_seconds_count 3"));
    BOOST_TEST(value_of(page, "troupe_latency_seconds_sum") == 1.006, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(has_line(page, "troupe_build_info{version=\"1.2.3\"} 1"));
  }
}

BOOST_AUTO_TEST_CASE(the_same_name_and_labels_in_any_order_are_one_series) {
  Metrics metrics(quiet());

  Counter& first = metrics.counter("x_total", "X", {{"a", "1"}, {"b", "2"}});
  Counter& again = metrics.counter("x_total", "X", {{"b", "2"}, {"a", "1"}});
  Counter& other = metrics.counter("x_total", "X", {{"a", "1"}, {"b", "3"}});

  BOOST_TEST(&first == &again);
  BOOST_TEST(&first != &other);
}

BOOST_AUTO_TEST_CASE(series_beyond_the_limit_are_counted_under_other) {
  MetricsOptions options = quiet();
  options.series_per_family_max = 2;
  Metrics metrics(options);

  for (const char* user : {"ann", "bob", "cid", "dan"}) metrics.counter("x_total", "X", {{"user", user}}).add();
  metrics.counter("x_total", "X", {{"user", "ann"}}).add();

  const std::string page = metrics.expose();
  BOOST_TEST(has_line(page, "x_total{user=\"ann\"} 2"), page);
  BOOST_TEST(has_line(page, "x_total{user=\"bob\"} 1"), page);
  BOOST_TEST(has_line(page, "x_total{user=\"other\"} 2"), page);
  BOOST_TEST(has_line(page, "troupe_metrics_series_folded_total{metric=\"x_total\"} 2"), page);
}

BOOST_AUTO_TEST_CASE(hostile_label_values_and_help_stay_on_their_line) {
  Metrics metrics(quiet());
  metrics.counter("x_total", "Two\nlines \\ here", {{"model", "a\"b\\c\nd\xFF"}}).add();
  metrics.counter("y_total", "Y", {{"model", std::string(10'000, 'y')}}).add();

  const std::string page = metrics.expose();

  BOOST_TEST(has_line(page, "# HELP x_total Two\\nlines \\\\ here"), page);
  BOOST_TEST(has_line(page, "x_total{model=\"a\\\"b\\\\c\\nd?\"} 1"), page);
  BOOST_TEST(has_line(page, "y_total{model=\"" + std::string(256, 'y') + "\"} 1"));
}

BOOST_AUTO_TEST_CASE(big_counts_are_exact) {
  Metrics metrics(quiet());
  metrics.counter("x_total", "X").add(9'007'199'254'740'991);

  BOOST_TEST(has_line(metrics.expose(), "x_total 9007199254740991"), metrics.expose());
}

BOOST_AUTO_TEST_CASE(nan_is_not_observed) {
  Metrics metrics(quiet());
  auto& histogram = metrics.histogram("x_seconds", "X");

  histogram.observe(std::numeric_limits<double>::quiet_NaN());
  histogram.observe(0.5);

  BOOST_TEST(has_line(metrics.expose(), "x_seconds_count 1"));
  BOOST_TEST(has_line(metrics.expose(), "x_seconds_sum 0.5"));
}

BOOST_AUTO_TEST_CASE(threads_lose_no_counts_while_the_page_is_read) {
  Metrics metrics(quiet());
  Counter& counter = metrics.counter("x_total", "X");
  Histogram& histogram = metrics.histogram("x_seconds", "X");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add();
        histogram.observe(1.0);
      }
    });
  for (int i = 0; i < 20; ++i) (void)metrics.expose();
  for (auto& thread : threads) thread.join();

  BOOST_TEST(has_line(metrics.expose(), "x_total 40000"));
  BOOST_TEST(has_line(metrics.expose(), "x_seconds_sum 40000"));
}

BOOST_AUTO_TEST_CASE(the_process_tells_about_itself) {
  Metrics metrics;

  const std::string page = metrics.expose();

  BOOST_TEST(value_of(page, "process_resident_memory_bytes") > 1e6);
  BOOST_TEST(value_of(page, "process_virtual_memory_bytes") >= value_of(page, "process_resident_memory_bytes"));
  BOOST_TEST(value_of(page, "process_cpu_seconds_total") >= 0);
  BOOST_TEST(value_of(page, "process_open_fds") >= 3);
  BOOST_TEST(value_of(page, "process_max_fds") >= value_of(page, "process_open_fds"));
  BOOST_TEST(value_of(page, "process_threads") >= 1);
  BOOST_TEST(value_of(page, "process_start_time_seconds") > 1.6e9);
}

BOOST_AUTO_TEST_CASE(names_follow_prometheus) {
  for (const char* name : {"a", "_a", "troupe_x_total", "a:b", "A9"}) BOOST_TEST(valid_metric_name(name), name);
  for (const char* name : {"", "9a", "a-b", "a b", "é"}) BOOST_TEST(!valid_metric_name(name), name);
  for (const char* name : {"a", "_a", "model_name"}) BOOST_TEST(valid_label_name(name), name);
  for (const char* name : {"", "__a", "a:b", "le", "quantile", "1"}) BOOST_TEST(!valid_label_name(name), name);
}

BOOST_AUTO_TEST_SUITE_END()
