#include "actors/experiment/table/factor_analysis.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "actors/experiment/statistics/factorial.hpp"
#include "actors/experiment/table/table_health.hpp"
#include "runtime/base/mixed_radix.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

using Kind = TableMetricKind;

Status check_metric(const TableMetric& metric) {
  const bool is_mean = metric.kind == Kind::mean || metric.kind == Kind::conversion ||
                       (metric.kind == Kind::count && metric.per.empty());
  if (!is_mean)
    return fail(Errc::invalid_argument,
                "metric {}: factors are told of means, conversions and counts by a unit, which are means over units; "
                "compare variants of this one: --variant",
                metric.name);
  if (metric.method != TableMethod::automatic)
    return fail(Errc::invalid_argument, "metric {}: factors are told by the F test alone, not by {}", metric.name,
                name_of(metric.method));
  if (metric.covariate.empty()) return {};
  return fail(Errc::invalid_argument, "metric {}: factors take no covariate", metric.name);
}

Result<std::vector<FactorLevels>> levels_of(const UnitTable& table, const TableQuestion& question) {
  std::vector<FactorLevels> factors;
  size_t cells = 1;
  for (size_t i = 0; i < question.factors.size(); ++i) {
    FactorLevels one{question.factors[i].column, {}};
    for (const auto& combination : table.levels)
      if (std::ranges::find(one.levels, combination[i]) == one.levels.end()) one.levels.push_back(combination[i]);
    if (one.levels.size() == 1)
      return fail(Errc::invalid_argument, "factor {} has one level, {}: there is nothing to hold it against",
                  one.factor, one.levels[0]);
    if (const std::string& base = question.factors[i].base; !base.empty()) {
      const auto found = std::ranges::find(one.levels, base);
      if (found == one.levels.end())
        return fail(Errc::invalid_argument, "factor {} has no level {}{}; there are {}", one.factor, base,
                    did_you_mean(base, one.levels), fmt::join(one.levels, ", "));
      std::rotate(one.levels.begin(), found, found + 1);
    }
    cells *= one.levels.size();
    factors.push_back(std::move(one));
  }
  if (cells <= design_cells_max) return factors;
  return fail(Errc::invalid_argument, "there are {} combinations of all factors' levels; a design has at most {}",
              cells, design_cells_max);
}

std::vector<FactorCell> cells_of(const std::vector<FactorLevels>& factors) {
  std::vector<size_t> counts;
  for (const FactorLevels& factor : factors) counts.push_back(factor.levels.size());
  std::vector<FactorCell> cells(std::accumulate(counts.begin(), counts.end(), size_t{1}, std::multiplies<>()));
  for (size_t cell = 0; cell < cells.size(); ++cell) {
    const std::vector<size_t> levels = mixed_radix_digits(cell, counts);
    for (size_t i = 0; i < levels.size(); ++i) cells[cell].levels.push_back(factors[i].levels[levels[i]]);
  }
  return cells;
}

/// "prompt = short and temperature = low"
std::string name_of(const FactorCell& cell, const std::vector<FactorLevels>& factors) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < factors.size(); ++i)
    parts.push_back(fmt::format("{} = {}", factors[i].factor, cell.levels[i]));
  return fmt::format("{}", fmt::join(parts, " and "));
}

Status check_cells(const FactorAnalysis& analysis) {
  for (const FactorCell& cell : analysis.cells)
    if (cell.units == 0)
      return fail(Errc::invalid_argument, "no unit has {}: a design needs units of every combination of levels",
                  name_of(cell, analysis.factors));
  if (std::ranges::any_of(analysis.cells, [](const FactorCell& cell) { return cell.units > 1; })) return {};
  return fail(Errc::invalid_argument,
              "each combination of levels has one unit: effects cannot be told from chance; a design needs several "
              "units of a combination");
}

/// Of units in each cell; those of none are left out.
std::vector<Moments> moments_of(const std::vector<double>& values, const std::vector<std::optional<size_t>>& cell_of,
                                size_t cells) {
  std::vector<Moments> moments(cells);
  for (size_t unit = 0; unit < values.size(); ++unit) {
    if (!cell_of[unit]) continue;
    moments[*cell_of[unit]].n += 1;
    moments[*cell_of[unit]].mean += values[unit];
  }
  for (Moments& cell : moments) cell.mean /= cell.n;
  for (size_t unit = 0; unit < values.size(); ++unit) {
    if (!cell_of[unit]) continue;
    Moments& cell = moments[*cell_of[unit]];
    cell.m2 += (values[unit] - cell.mean) * (values[unit] - cell.mean);
  }
  return moments;
}

FactorTerm named(const FactorialTerm& term, const std::vector<FactorLevels>& factors) {
  FactorTerm made{{}, term.test, {}, {}};
  for (const size_t factor : term.factors) made.factors.push_back(factors[factor].factor);
  for (const FactorialContrast& contrast : term.contrasts) {
    LevelDifference difference{{}, contrast.result.estimate, contrast.result.interval};
    for (size_t i = 0; i < term.factors.size(); ++i)
      difference.levels.push_back(factors[term.factors[i]].levels[contrast.levels[i]]);
    made.differences.push_back(std::move(difference));
  }
  return made;
}

FactorMetric analyze_metric(const TableMetric& metric, const std::vector<Moments>& cells,
                            const std::vector<FactorLevels>& factors, double alpha) {
  FactorMetric made{metric.name, metric.kind == Kind::conversion, {}, {}, {}};
  FactorialDesign design{{}, cells};
  for (const FactorLevels& factor : factors) design.levels.push_back(factor.levels.size());
  for (const Moments& cell : cells) made.means.push_back(cell.mean);
  const auto terms = factorial_effects(design, {Alternative::two_sided, 1 - alpha});
  if (!terms) {
    made.reason = terms.error().message;
    return made;
  }
  for (const FactorialTerm& term : *terms) made.terms.push_back(named(term, factors));
  return made;
}

Status adjust(std::vector<FactorMetric>& metrics, const std::optional<Correction>& correction) {
  if (!correction) return {};
  std::vector<double> p_values;
  for (const FactorMetric& metric : metrics)
    for (const FactorTerm& term : metric.terms) p_values.push_back(term.test.p_value);
  if (p_values.empty()) return {};
  TROUPE_TRY(const std::vector<double> adjusted, adjusted_p_values(p_values, *correction));
  auto next = adjusted.begin();
  for (FactorMetric& metric : metrics)
    for (FactorTerm& term : metric.terms) term.adjusted_p = *next++;
  return {};
}

}  // namespace

Result<FactorAnalysis> analyze_factors(const UnitTable& table, const TableQuestion& question,
                                       const FactorOptions& options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  for (const TableMetric& metric : question.metrics) TROUPE_CHECK(check_metric(metric));
  FactorAnalysis analysis;
  analysis.rows = table.rows;
  analysis.alpha = options.alpha;
  TROUPE_TRY(analysis.factors, levels_of(table, question));
  analysis.cells = cells_of(analysis.factors);

  std::vector<size_t> cell_of_variant;
  for (const auto& levels : table.levels)
    cell_of_variant.push_back(
        static_cast<size_t>(std::ranges::find(analysis.cells, levels, &FactorCell::levels) - analysis.cells.begin()));
  std::vector<std::optional<size_t>> cell_of(table.units());
  for (size_t unit = 0; unit < table.units(); ++unit) {
    if (table.is_crossed[unit]) {
      ++analysis.crossed;
      continue;
    }
    cell_of[unit] = cell_of_variant[table.variant[unit]];
    ++analysis.cells[*cell_of[unit]].units;
  }
  TROUPE_CHECK(check_cells(analysis));
  for (size_t i = 0; i < question.metrics.size(); ++i)
    analysis.metrics.push_back(analyze_metric(question.metrics[i],
                                              moments_of(table.columns[i].x, cell_of, analysis.cells.size()),
                                              analysis.factors, options.alpha));
  TROUPE_CHECK(adjust(analysis.metrics, options.correction));
  TROUPE_TRY(analysis.health, exposure_findings(table, question));
  analysis.is_healthy = std::ranges::all_of(analysis.health, &Finding::healthy);
  return analysis;
}

}  // namespace troupe::experiment
