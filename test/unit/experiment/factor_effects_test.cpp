// Effects of factors: numbers against statsmodels (test/data/experiment_effects/make_effects.py), and how often they
// are false.

#include "actors/experiment/analysis/factor_effects.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "actors/experiment/report/effects_document.hpp"
#include "actors/experiment/report/effects_section.hpp"
#include "test/unit/experiment/live_run.hpp"

using namespace troupe;
using namespace troupe::experiment;
using nlohmann::json;

namespace {

/// A variant for each cell, the last factor's level changing fastest; all but the control in the opposite order, which
/// must not matter. Cell i is the arm that arm_of_cell() says.
Definition designed(const std::vector<size_t>& levels, std::vector<MetricDefinition> metrics) {
  Definition made = asked();
  made.metrics = std::move(metrics);
  made.before = std::chrono::hours{1};
  size_t cells = 1;
  for (const size_t count : levels) cells *= count;
  made.variants.clear();
  for (size_t arm = 0; arm < cells; ++arm) {
    size_t cell = arm == 0 ? 0 : cells - arm;
    VariantDefinition variant{fmt::format("v{}", arm), "1", 1 / static_cast<double>(cells)};
    for (size_t factor = levels.size(); factor-- > 0;) {
      variant.factors[fmt::format("f{}", factor)] = fmt::format("l{}", cell % levels[factor]);
      cell /= levels[factor];
    }
    made.variants.push_back(std::move(variant));
  }
  return made;
}

uint32_t arm_of_cell(size_t cell, size_t cells) {
  return static_cast<uint32_t>(cell == 0 ? 0 : cells - cell);
}

MetricDefinition goal(const std::string& name, MetricKind kind = MetricKind::conversion) {
  MetricDefinition made{name, kind};
  made.role = MetricRole::goal;
  return made;
}

ExperimentRecord started(const Definition& definition) {
  ExperimentBook book;
  book.set(book.defined(definition, 1, "salt", noon).value());
  return book.started(definition.name, {"1"}, noon).value();
}

MetricDefinition goal_of(const std::string& kind) {
  if (kind == "conversion") return goal("correct");
  if (kind == "ratio") return goal("correct", MetricKind::ratio);
  MetricDefinition made = goal("correct", MetricKind::count);
  made.covariate = kind == "adjusted";
  return made;
}

Aggregates rows_of(const json& revisions) {
  Aggregates rows;
  for (size_t revision = 0; revision < revisions.size(); ++revision) {
    const size_t cells = revisions[revision].size();
    for (size_t cell = 0; cell < cells; ++cell) {
      Row row;
      for (const json& counted : revisions[revision][cell])
        for (int unit = 0; unit < counted[2].get<int>(); ++unit)
          row.sums.add({counted[0].get<Fixed>() << fixed_bits, counted[1].get<Fixed>() << fixed_bits});
      rows.set({1, static_cast<uint32_t>(revision + 1), arm_of_cell(cell, cells), 0, 0}, row);
    }
  }
  return rows;
}

/// As the reference names it: pairs of factor and level.
json moves_of(const VariantDesign& design, const FactorEffect& effect) {
  json moves = json::array();
  for (const FactorMove& move : effect.moves) {
    const Factor& factor = design.factors[move.factor];
    moves.push_back({std::stoi(factor.name.substr(1)), std::stoi(factor.levels[move.level].substr(1))});
  }
  return moves;
}

void near(const std::string& what, double ours, double theirs, double scale) {
  BOOST_TEST(std::abs(ours - theirs) <= 1e-9 * scale, what << ": " << ours << " and " << theirs);
}

/// So many of `units` converted, and with them as many for the second metric.
void put(Aggregates& rows, uint32_t revision, uint32_t arm, uint32_t metric, int64_t converted, int64_t units) {
  Row row;
  row.sums.units = units;
  row.sums.x = Int128{converted} << fixed_bits;
  row.sums.xx = Int128{converted} << (2 * fixed_bits);
  rows.set({1, revision, arm, metric, 0}, row);
}

/// A 2x2 design with two goals, that is looked at again and again; says which effects were ever sure. `rate` of a cell
/// and a goal.
template <class Rate>
std::vector<bool> ever_sure(const ExperimentRecord& record, SeededRandom& random, Rate rate) {
  std::array<std::array<int64_t, 4>, 2> converted{};
  int64_t units = 0;
  std::vector<bool> sure(6);
  for (int look = 0; look < 20; ++look) {
    units += 100;
    Aggregates rows;
    for (uint32_t metric = 0; metric < 2; ++metric) {
      for (uint32_t cell = 0; cell < 4; ++cell) {
        for (int i = 0; i < 100; ++i) converted[metric][cell] += random.uniform() < rate(cell, metric);
        put(rows, 1, arm_of_cell(cell, 4), metric, converted[metric][cell], units);
      }
    }
    const FactorEffects told = factor_effects_of(record, rows);
    for (size_t i = 0; i < told.effects.size(); ++i) sure[i] = sure[i] || told.effects[i].is_sure;
  }
  return sure;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(factor_effects)

BOOST_AUTO_TEST_CASE(estimates_errors_and_intervals_are_those_of_the_reference) {
  std::ifstream file(TROUPE_TEST_DATA "/experiment_effects/effects.json");
  const json expected = json::parse(file);

  BOOST_TEST_REQUIRE(expected["cases"].size() == 5u);
  for (const json& c : expected["cases"]) {
    const auto kind = c["kind"].get<std::string>();
    const ExperimentRecord record = started(designed(c["levels"].get<std::vector<size_t>>(), {goal_of(kind)}));

    const FactorEffects told = factor_effects_of(record, rows_of(c["revisions"]));

    near(kind + " alpha", told.alpha, c["alpha"], 1);
    BOOST_TEST_REQUIRE(told.effects.size() == c["effects"].size());
    for (const json& theirs : c["effects"]) {
      const auto ours = std::ranges::find_if(
          told.effects, [&](const FactorEffect& one) { return moves_of(told.design, one) == theirs["moves"]; });
      BOOST_TEST_REQUIRE((ours != told.effects.end()), kind);
      BOOST_TEST_REQUIRE(ours->interval.has_value(), ours->reason);
      const auto low = theirs["low"].get<double>();
      const auto high = theirs["high"].get<double>();
      BOOST_TEST(ours->units == theirs["units"].get<uint64_t>());
      near(kind + " value", *ours->value, theirs["value"], high - low);
      near(kind + " error", ours->standard_error, theirs["standard_error"], theirs["standard_error"]);
      near(kind + " low", ours->interval->low, low, high - low);
      near(kind + " high", ours->interval->high, high, high - low);
      BOOST_TEST(ours->is_sure == (low > 0 || high < 0));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_ramp_under_changing_traffic_makes_no_effect) {
  const ExperimentRecord record = started(designed({2, 2}, {goal("correct")}));
  Aggregates rows;
  // Many of the new prompt's units came when everything went better.
  for (uint32_t cell = 0; cell < 4; ++cell) {
    const int64_t early = cell < 2 ? 2000 : 400;
    const int64_t late = cell < 2 ? 400 : 2000;
    put(rows, 1, arm_of_cell(cell, 4), 0, early / 10, early);
    put(rows, 2, arm_of_cell(cell, 4), 0, late / 2, late);
  }

  const FactorEffects told = factor_effects_of(record, rows);

  for (const FactorEffect& effect : told.effects) {
    BOOST_TEST(std::abs(*effect.value) < 1e-12);
    BOOST_TEST(!effect.is_sure);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_told_yet_or_ever_says_why) {
  MetricDefinition p95{"p95", MetricKind::quantile, "latency_ms"};
  p95.role = MetricRole::goal;
  MetricDefinition sooner = goal("sooner", MetricKind::survival);
  const ExperimentRecord record = started(designed({2, 2}, {p95, goal("correct"), sooner, goal("liked")}));
  Aggregates rows;
  for (uint32_t cell = 0; cell < 4; ++cell) {
    put(rows, 1, arm_of_cell(cell, 4), 1, 50, cell == 3 ? 150 : 300);
    put(rows, 1, arm_of_cell(cell, 4), 3, 0, 300);
  }

  const FactorEffects told = factor_effects_of(record, rows);

  BOOST_TEST_REQUIRE(told.effects.size() == 6u);
  BOOST_TEST(told.alpha == 0.05 / 6);
  BOOST_TEST(told.effects[0].reason == "waits for 200 units of each variant; v1 has 150");
  BOOST_TEST(told.effects[0].value.has_value());
  BOOST_TEST(!told.effects[0].interval.has_value());
  BOOST_TEST(told.effects[3].reason == "too few units of some variant in one revision, or nothing varies");
  BOOST_TEST_REQUIRE(told.not_told.size() == 2u);
  BOOST_TEST(told.not_told[0].first == 0u);
  BOOST_TEST(told.not_told[0].second.starts_with("a quantile is no sum over units"));
  BOOST_TEST(told.not_told[1].second.starts_with("times to an event are compared by hazards"));
}

BOOST_AUTO_TEST_CASE(variants_without_factors_have_no_effects) {
  const FactorEffects told = factor_effects_of(LiveRun().record, {});

  BOOST_TEST(told.design.factors.empty());
  BOOST_TEST(told.effects.empty());
  BOOST_TEST(effects_section(asked(), told) == "");
}

BOOST_AUTO_TEST_CASE(false_findings_at_any_look_keep_to_alpha) {
  const ExperimentRecord record = started(designed({2, 2}, {goal("correct"), goal("liked")}));
  SeededRandom random(11);
  int false_alarms = 0;
  constexpr int runs = 300;
  for (int i = 0; i < runs; ++i) {
    const std::vector<bool> sure = ever_sure(record, random, [](uint32_t, uint32_t) { return 0.4; });
    false_alarms += std::ranges::any_of(sure, [](bool one) { return one; });
  }
  // 15 are allowed on average; more than 29 come with a chance of less than 1 in 1,000.
  BOOST_TEST(false_alarms <= 29);
  BOOST_TEST_MESSAGE(false_alarms << " of " << runs << " had a false finding");
}

BOOST_AUTO_TEST_CASE(the_factor_that_works_is_found_and_the_others_are_not) {
  const ExperimentRecord record = started(designed({2, 2}, {goal("correct"), goal("liked")}));
  SeededRandom random(12);
  int found = 0;
  int false_alarms = 0;
  constexpr int runs = 60;
  for (int i = 0; i < runs; ++i) {
    const std::vector<bool> sure =
        ever_sure(record, random, [](uint32_t cell, uint32_t metric) { return metric == 0 && cell >= 2 ? 0.48 : 0.4; });
    found += sure[0];
    false_alarms += std::any_of(sure.begin() + 1, sure.end(), [](bool one) { return one; });
  }
  BOOST_TEST(found >= 54);
  BOOST_TEST(false_alarms <= 9);
}

BOOST_AUTO_TEST_CASE(effects_are_told_to_programs_and_people) {
  const ExperimentRecord record = started(designed({2, 2}, {goal("correct")}));
  Aggregates rows;
  for (uint32_t cell = 0; cell < 4; ++cell) put(rows, 1, arm_of_cell(cell, 4), 0, cell >= 2 ? 600 : 400, 1000);

  const FactorEffects told = factor_effects_of(record, rows);
  const json document = json::parse(document_of(record, told));

  BOOST_TEST(document["factors"][0]["levels"] == (json{"l0", "l1"}));
  const json& first = document["effects"][0];
  BOOST_TEST(first["levels"] == (json{{"f0", "l1"}}));
  BOOST_TEST(first["against"] == (json{{"f0", "l0"}}));
  BOOST_TEST(first["difference"].get<double>() == 0.2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(first["sure"] == true);
  BOOST_TEST(document["effects"][2]["levels"].size() == 2u);
  BOOST_TEST(document["effects"][2]["sure"] == false);
  const std::string page = effects_section(record.definition, told);
  BOOST_TEST(page.find("f0: l1 against l0") != std::string::npos, page);
  BOOST_TEST(page.find("+20.0 pp") != std::string::npos, page);
  BOOST_TEST(page.find("f0: l1 × f1: l1") != std::string::npos, page);
}

BOOST_AUTO_TEST_CASE(hostile_levels_stay_text_in_a_page) {
  Definition definition = designed({2}, {goal("correct")});
  definition.variants[1].factors["f0"] = "<script>\"&";
  const FactorEffects told = factor_effects_of(started(definition), {});

  const std::string page = effects_section(definition, told);

  BOOST_TEST(page.find("<script") == std::string::npos, page);
  BOOST_TEST(page.find("f0: &lt;script&gt;&quot;&amp; against l0") != std::string::npos, page);
  BOOST_TEST(page.find("too few units of some variant") != std::string::npos, page);
}

BOOST_AUTO_TEST_SUITE_END()
