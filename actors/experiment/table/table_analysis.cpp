#include "actors/experiment/table/table_analysis.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "actors/experiment/statistics/sample_ratio.hpp"
#include "actors/experiment/table/table_health.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

constexpr double sample_ratio_alpha = 0.001;

Result<uint32_t> control_of(const UnitTable& table, const std::string& name) {
  const std::string wanted = name.empty() ? "control" : name;
  const auto found = std::ranges::find(table.variants, wanted);
  if (found != table.variants.end()) return static_cast<uint32_t>(found - table.variants.begin());
  return fail(Errc::invalid_argument, "there is no variant {}{}; say which is the control: there are {}", wanted,
              did_you_mean(wanted, table.variants), fmt::join(table.variants, ", "));
}

/// The control first, the others as they came.
std::vector<uint32_t> variants_in_order(const UnitTable& table, uint32_t control) {
  std::vector<uint32_t> order{control};
  for (uint32_t variant = 0; variant < table.variants.size(); ++variant)
    if (variant != control) order.push_back(variant);
  return order;
}

/// Of one metric, by variant; of the units of one segment, or of all.
std::vector<UnitSample> samples_of(const UnitTable& table, size_t metric, std::optional<uint32_t> segment) {
  std::vector<UnitSample> samples(table.variants.size());
  const auto sample_of = [&](size_t unit) -> UnitSample* {
    if (table.is_crossed[unit] || (segment && table.segment[unit] != *segment)) return nullptr;
    return &samples[table.variant[unit]];
  };
  const UnitColumn& column = table.columns[metric];
  for (size_t unit = 0; unit < table.units(); ++unit) {
    UnitSample* const sample = sample_of(unit);
    if (sample == nullptr) continue;
    ++sample->units;
    if (!column.x.empty()) sample->x.push_back(column.x[unit]);
    if (!column.y.empty()) sample->y.push_back(column.y[unit]);
    if (!column.covariate.empty()) sample->covariate.push_back(column.covariate[unit]);
  }
  for (const UnitValue& value : column.values)
    if (UnitSample* const sample = sample_of(value.unit)) sample->values.push_back(value);
  return samples;
}

Status adjust(std::span<TableComparison> family, const std::optional<Correction>& correction) {
  if (!correction) return {};
  std::vector<double> p_values;
  for (const TableComparison& one : family)
    if (one.said.p_value) p_values.push_back(*one.said.p_value);
  if (p_values.empty()) return {};
  TROUPE_TRY(const std::vector<double> adjusted, adjusted_p_values(p_values, *correction));
  auto next = adjusted.begin();
  for (TableComparison& one : family)
    if (one.said.p_value) one.adjusted_p = *next++;
  return {};
}

Result<Finding> sample_ratio(const TableAnalysis& analysis, const TableOptions& options) {
  RevisionCounts counts;
  std::vector<std::string> names;
  for (const auto& [name, weight] : options.weights) {
    names.push_back(name);
    counts.weights.push_back(weight);
    const auto found = std::ranges::find(analysis.variants, name, &std::pair<std::string, uint64_t>::first);
    counts.units.push_back(found == analysis.variants.end() ? 0 : found->second);
  }
  for (const auto& [name, units] : analysis.variants)
    if (std::ranges::find(names, name) == names.end())
      return fail(Errc::invalid_argument, "weights: variant {} has none{}", name, did_you_mean(name, names));
  TROUPE_TRY(const SampleRatioResult said, sample_ratio_fixed(std::span(&counts, 1)));
  Finding finding{HealthCheck::sample_ratio, said.p_value >= sample_ratio_alpha, said.p_value, sample_ratio_alpha, {}};
  finding.sentence =
      fmt::format("{} has {} units, and {:.1f} are expected by the weights: {} (chi-square {:.2f}, p = {:.2g}).",
                  names[said.arm], said.units, said.units_expected,
                  finding.healthy ? "within what chance does" : "not by chance, so no number here can be trusted",
                  said.statistic, said.p_value);
  return finding;
}

}  // namespace

Result<TableAnalysis> analyze_table(const UnitTable& table, const TableQuestion& question,
                                    const TableOptions& options) {
  TROUPE_CHECK(check_open_unit(options.alpha, "alpha"));
  TROUPE_TRY(const uint32_t control, control_of(table, options.control));
  if (table.variants.size() < 2)
    return fail(Errc::invalid_argument, "all units are in variant {}: there is nothing to compare it with",
                table.variants[0]);
  const auto order = variants_in_order(table, control);
  TableAnalysis analysis;
  analysis.rows = table.rows;
  analysis.alpha = options.alpha;
  std::vector<uint64_t> units(table.variants.size());
  for (size_t unit = 0; unit < table.units(); ++unit)
    table.is_crossed[unit] ? ++analysis.crossed : ++units[table.variant[unit]];
  for (const uint32_t variant : order) analysis.variants.emplace_back(table.variants[variant], units[variant]);

  const TestOptions test{options.alternative, 1 - options.alpha};
  const auto compare_all = [&](const std::string& segment_name, std::optional<uint32_t> segment) {
    for (size_t metric = 0; metric < question.metrics.size(); ++metric) {
      const auto samples = samples_of(table, metric, segment);
      for (const uint32_t variant : order) {
        if (variant == control) continue;
        analysis.comparisons.push_back(
            {question.metrics[metric].name, segment_name, table.variants[variant], samples[control].units,
             samples[variant].units, compare_units(question.metrics[metric], samples[control], samples[variant], test),
             std::nullopt});
      }
    }
  };
  compare_all("", std::nullopt);
  const size_t whole = analysis.comparisons.size();
  std::vector<uint32_t> segments(table.segments.size());
  std::iota(segments.begin(), segments.end(), 0u);
  std::ranges::sort(segments, {}, [&](uint32_t segment) { return table.segments[segment]; });
  for (const uint32_t segment : segments) compare_all(table.segments[segment], segment);
  TROUPE_CHECK(adjust(std::span(analysis.comparisons).first(whole), options.correction));
  TROUPE_CHECK(adjust(std::span(analysis.comparisons).subspan(whole), options.correction));

  TROUPE_TRY(analysis.health, exposure_findings(table, question));
  if (!options.weights.empty()) {
    TROUPE_TRY(Finding finding, sample_ratio(analysis, options));
    analysis.health.push_back(std::move(finding));
  }
  analysis.is_healthy = std::ranges::all_of(analysis.health, &Finding::healthy);
  return analysis;
}

}  // namespace troupe::experiment
