#include "actors/experiment/report/report.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "actors/experiment/decision/verdict.hpp"
#include "actors/experiment/report/chart.hpp"
#include "actors/experiment/report/history_document.hpp"

using namespace troupe;
using namespace troupe::experiment;
using nlohmann::json;

namespace {

constexpr WallTime noon{std::chrono::hours{480'000}};

ExperimentRecord running(const std::string& name = "sums") {
  ExperimentRecord record;
  record.number = 7;
  record.salt = "sums@00ff";
  record.state = State::running;
  record.started_unix_us = unix_microseconds(noon);
  Definition& made = record.definition;
  made.name = name;
  made.model = "clerk";
  made.question = "Is " + name + " better?";
  made.variants = {{"control", "1", 0.5}, {name + "-2", "2", 0.5}};
  MetricDefinition goal{"correct"};
  goal.role = MetricRole::goal;
  MetricDefinition latency{"p90", MetricKind::quantile, "latency_ms"};
  latency.quantile = 0.9;
  latency.role = MetricRole::guardrail;
  latency.direction = Direction::decrease;
  latency.margin = 0.2;
  made.metrics = {goal, latency};
  record.revisions = {{1, record.started_unix_us, {0.9, 0.1}, {}, 0},
                      {2, record.started_unix_us + 60'000'000, {0.5, 0.5}, {}, 26'214}};
  return record;
}

/// Three minutes: nothing is known in the first, and the interval is open in the second.
History three_minutes() {
  constexpr double endless = std::numeric_limits<double>::infinity();
  History history;
  history.from = noon;
  for (int i = 1; i <= 3; ++i) history.times.push_back(noon + std::chrono::minutes{i});
  HistoryLine line{0, 1, {}};
  line.points.push_back({});
  line.points.push_back({{100, 0.5}, {100, 0.6}, 0.1, {-endless, endless}, 0.2, {-endless, endless}});
  line.points.push_back({{200, 0.5}, {200, 0.6}, 0.1, {0.02, 0.18}, 0.2, {0.04, 0.36}});
  history.lines = {line};
  history.traffic = {{{}, {100, 120, 3, 0.5, Latencies{10, 20, 30}}, {100, 120, 0, 0.5, {}}},
                     {{}, {100, 60, 6, 0.6, Latencies{11, 21, 31}}, {100, 60, 0, 0.6, {}}}};
  history.satisfaction_metric = 0;
  history.posteriors = {{0, 0, {101, 101}}, {0, 1, {121, 81}}};
  return history;
}

std::string document_for(const ExperimentRecord& record, bool is_healthy = true) {
  Analysis analysis;
  analysis.units = {200, 200};
  analysis.is_healthy = is_healthy;
  analysis.health = {{HealthCheck::sample_ratio, is_healthy, is_healthy ? 0.5 : 1e-9, 0.001, "200 units and 200."}};
  Comparison correct{0, 1, {200, 0.5}, {200, 0.6}, "normal mixture sequence"};
  correct.difference = 0.1;
  correct.interval = {0.02, 0.18};
  correct.relative = 0.2;
  correct.relative_interval = {0.04, 0.36};
  correct.p_value = correct.adjusted_p = 0.004;
  correct.is_significant = true;
  Comparison open{1, 1, {200, 30}, {200, 31}, "quantile sequence"};
  open.difference = 1;
  open.interval = {-std::numeric_limits<double>::infinity(), 5};
  open.relative = 0.03;
  open.relative_interval = {-std::numeric_limits<double>::infinity(), 0.17};
  analysis.comparisons = {correct, open};
  return document_of(record.definition, analysis, {});
}

bool has(const std::string& page, const std::string& what) {
  return page.find(what) != std::string::npos;
}

size_t count_of(const std::string& page, const std::string& what) {
  size_t count = 0;
  for (size_t at = page.find(what); at != std::string::npos; at = page.find(what, at + 1)) ++count;
  return count;
}

/// Every element that is opened is closed, in order.
bool is_well_formed(const std::string& page) {
  static const std::regex tag("<(/?)([a-z][a-z0-9]*)[^>]*?(/?)>");
  std::vector<std::string> open;
  for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2];
    if (name == "meta" || (*at)[3] == "/") continue;
    if ((*at)[1] != "/") {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return false;
    } else {
      open.pop_back();
    }
  }
  return open.empty();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reports)

BOOST_AUTO_TEST_CASE(a_report_has_the_question_the_numbers_and_how_to_do_it_again) {
  const ExperimentRecord record = running();
  const std::string page = report_html(record, document_for(record), three_minutes());

  for (const char* part : {"Is sums better?", "clerk@2", "normal mixture sequence", "p = 0.004, sure",
                           "[+4.0 %, +36.0 %]", "+20.0 %", "[−∞, 5]", "sample ratio: fine.", "sums@00ff", "number 7",
                           "90.0 %", "40.0 %", "+10.0 pp", "margin 20.0 %", "Latency in ms, P95", "always valid"})
    BOOST_TEST(has(page, part), part);
  BOOST_TEST(count_of(page, "<svg class=\"bar") == 2u);
  // Over time, posteriors, requests, failures, satisfaction and three latencies.
  BOOST_TEST(count_of(page, "<svg class=\"chart") == 8u);
  BOOST_TEST(is_well_formed(page));
}

BOOST_AUTO_TEST_CASE(methods_with_looks_and_beliefs_show_them) {
  ExperimentRecord record = running();
  record.definition.rule.method = Method::group_sequential;
  record.definition.rule.planned_units = 500;
  json document = json::parse(document_for(record));
  document["looks"] = {{{"number", 1}, {"at_unix_us", 1}, {"units", 120}, {"fraction", 0.24}}};
  document["comparisons"][0].erase("adjusted_p");
  document["comparisons"][0]["belief"] = {{"better", 0.975}};
  const std::string page = report_html(record, document.dump(), three_minutes());

  BOOST_TEST(has(page, "5, on the way to 500 units of each variant"));
  BOOST_TEST(has(page, "<dt>Look 1</dt><dd>120 units of each variant, 24.0 % of the sample</dd>"));
  BOOST_TEST(has(page, "P(better) 97.5 %, sure"));
}

BOOST_AUTO_TEST_CASE(revisions_of_segments_name_theirs) {
  ExperimentRecord record = running();
  record.definition.segments = {{"header.x-plan", {"<pro>"}}};
  record.definition.bandit = BanditDefinition{BanditPolicy::linear};
  record.revisions[0].segment = 1;
  record.revisions[1].segment = 2;
  const std::string page = report_html(record, document_for(record), three_minutes());

  BOOST_TEST(has(page, "<td class=\"n\">by segment</td>"));
  BOOST_TEST(has(page, "<td>header.x-plan=&lt;pro&gt;</td><td class=\"n\">90.0 %</td>"));
  BOOST_TEST(has(page, "<td>header.x-plan=(others)</td><td class=\"n\">50.0 %</td>"));
  BOOST_TEST(is_well_formed(page));
}

BOOST_AUTO_TEST_CASE(a_report_stands_alone) {
  const ExperimentRecord record = running();
  const std::string page = report_html(record, document_for(record), three_minutes());

  BOOST_TEST(!std::regex_search(page, std::regex("https?:|//[a-z]|src=|href=|url\\(|@import|<script|<link")));
  BOOST_TEST(!has(page, "nan"));
  BOOST_TEST(!has(page, "inf"));
}

BOOST_AUTO_TEST_CASE(hostile_names_stay_text) {
  const ExperimentRecord record = running("<script>alert('x')</script>\"&");
  json document = json::parse(document_for(record));
  document["sentence"] = "<img src=x onerror=alert(1)>";
  document["comparisons"][0]["method"] = "</td><b>";
  document["health"][0]["check"] = "<i>";
  const std::string page = report_html(record, document.dump(), three_minutes());

  for (const char* part : {"<script", "<img", "<b>", "<i>"}) BOOST_TEST(!has(page, part), part);
  BOOST_TEST(has(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
  BOOST_TEST(is_well_formed(page));
}

BOOST_AUTO_TEST_CASE(without_a_look_and_without_traffic_it_says_so) {
  History history;
  history.from = noon;
  history.times = {noon};
  history.lines = {{0, 1, {{}}}};
  history.traffic = {{{}}, {{}}};
  for (const char* document : {"", "no json", "[]", R"({"comparisons": 3, "health": [1], "sentence": null})"}) {
    const std::string page = report_html(running(), document, history);

    BOOST_TEST(has(page, "Nobody has looked at its numbers yet."), document);
    BOOST_TEST(has(page, "No metric has been looked at yet."), document);
    BOOST_TEST(has(page, "No numbers yet."), document);
    BOOST_TEST(is_well_formed(page), document);
  }
}

BOOST_AUTO_TEST_CASE(one_that_is_sick_shows_it) {
  const ExperimentRecord record = running();
  const std::string page = report_html(record, document_for(record, false), three_minutes());

  BOOST_TEST(has(page, "<span class=\"light bad\"></span><strong>sample ratio: sick."));
}

BOOST_AUTO_TEST_CASE(the_reason_of_the_end_is_the_verdict) {
  ExperimentRecord record = running();
  record.state = State::stopped;
  record.ended_unix_us = record.started_unix_us + 180'000'000;
  record.reason = "Enough is known.";
  const std::string page = report_html(record, document_for(record), three_minutes());

  BOOST_TEST(has(page, "<p>Enough is known.</p>"));
  BOOST_TEST(has(page, "<dt>Took</dt><dd>3 min</dd>"));
}

BOOST_AUTO_TEST_CASE(the_history_as_json_has_a_member_for_each_time_and_null_for_what_is_open) {
  const json document = json::parse(document_of(running(), three_minutes()));

  BOOST_TEST(document["times"].size() == 3u);
  const json& line = document["comparisons"][0];
  BOOST_TEST(line["metric"] == "correct");
  BOOST_TEST(line["relative"] == (json{nullptr, 0.2, 0.2}));
  BOOST_TEST(line["relative_low"] == (json{nullptr, nullptr, 0.04}));
  BOOST_TEST(line["control"] == (json{nullptr, 0.5, 0.5}));
  BOOST_TEST(document["traffic"][1]["errors"] == (json{0.0, 6.0, 0.0}));
  BOOST_TEST(document["traffic"][0]["latency_ms"]["p99"] == (json{nullptr, 30.0, nullptr}));
  BOOST_TEST(document["posteriors"][1] ==
             (json{{"metric", "correct"}, {"variant", "sums-2"}, {"a", 121.0}, {"b", 81.0}}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(report_charts)

BOOST_AUTO_TEST_CASE(ticks_are_round_and_inside) {
  const std::vector<double> ticks = ticks_between(0, 1, 5);
  BOOST_TEST_REQUIRE(ticks.size() == 6u);
  BOOST_TEST(ticks[3] == 0.6, boost::test_tools::tolerance(1e-12));
  for (const double tick : ticks_between(-0.013, 0.31, 5)) BOOST_TEST((tick >= -0.013 && tick <= 0.31));
  BOOST_TEST(!std::signbit(ticks_between(-0.5, 1, 5)[1]));
  BOOST_TEST(ticks_between(1, 1, 5).empty());
}

BOOST_AUTO_TEST_CASE(nothing_but_zeros_has_an_axis_that_can_be_read) {
  const std::string drawing = svg_of(TimeChart{"a", Scale::share, true, {1, 2}, {{0, {0.0, 0.0}, {}}}});

  BOOST_TEST(count_of(drawing, ">0 %<") == 1u);
  BOOST_TEST(has(drawing, ">1.0 %<"));
}

BOOST_AUTO_TEST_CASE(a_line_is_broken_where_nothing_is_known) {
  const TimeChart chart{"a", Scale::number, true, {1, 2, 3, 4}, {{0, {1.0, std::nullopt, 2.0, 3.0}, {}}}};
  const std::string drawing = svg_of(chart);

  const size_t line = drawing.find("class=\"line");
  BOOST_TEST_REQUIRE(line != std::string::npos);
  BOOST_TEST(count_of(drawing.substr(line), "M") == 2u);
  BOOST_TEST(count_of(drawing, "class=\"dot") == 1u);
  BOOST_TEST(svg_of(TimeChart{"b", Scale::number, true, {1}, {{0, {std::nullopt}, {}}}}).empty());
}

BOOST_AUTO_TEST_CASE(a_single_value_is_a_dot_with_a_bar) {
  const std::string drawing = svg_of(TimeChart{"a", Scale::number, true, {1}, {{0, {1.0}, {Interval{0, 2}}}}});

  static const std::regex bar(R"(class="band[^"]*" d="M([0-9.]+) [0-9.]+L([0-9.]+) )");
  std::smatch found;
  BOOST_TEST_REQUIRE(std::regex_search(drawing, found, bar));
  BOOST_TEST(std::stod(found[2]) - std::stod(found[1]) == 8, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(count_of(drawing, "class=\"dot") == 1u);
  BOOST_TEST(count_of(drawing, "class=\"line") == 0u);
}

BOOST_AUTO_TEST_CASE(a_density_has_its_peak_at_the_mode) {
  const std::string drawing = svg_of(DensityChart{"a", {{0, {301, 101}}}});

  static const std::regex point("[ML]([0-9.]+) ([0-9.]+)");
  const std::string line = drawing.substr(drawing.find("class=\"line"));
  double best_x = 0, best_y = 1e9;
  for (std::sregex_iterator at(line.begin(), line.end(), point), end; at != end; ++at)
    if (std::stod((*at)[2]) < best_y) {
      best_y = std::stod((*at)[2]);
      best_x = std::stod((*at)[1]);
    }
  const double mean = 301.0 / 402, deviation = std::sqrt(mean * (1 - mean) / 403);
  const double expected = 62 + (0.75 - (mean - 5 * deviation)) / (10 * deviation) * (420 - 62);
  BOOST_TEST(std::abs(best_x - expected) < 5);
}

BOOST_AUTO_TEST_CASE(an_interval_beyond_the_edge_has_an_arrow) {
  const auto bar = [](double low, double high) { return svg_of(IntervalBar{{low, high}, 0, 1, Tone::open, {}}); };

  BOOST_TEST(count_of(bar(-0.5, 0.5), "class=\"reach\"") == 1u);
  BOOST_TEST(count_of(bar(-0.5, 2), "class=\"reach\"") == 2u);
  BOOST_TEST(count_of(bar(-std::numeric_limits<double>::infinity(), 2), "class=\"reach\"") == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
