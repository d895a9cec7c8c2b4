#include "cluster/cli/render_factor_analysis.hpp"

#include <fmt/ranges.h>

#include "cluster/cli/table.hpp"

namespace troupe::cli {

using experiment::FactorAnalysis;
using experiment::FactorCell;
using experiment::FactorLevels;
using experiment::FactorMetric;
using experiment::FactorTerm;
using experiment::LevelDifference;
using nlohmann::json;

namespace {

/// Every combination, with its units and what they come to in each metric.
std::string cells_table(const FactorAnalysis& analysis) {
  std::vector<std::string> header;
  for (const FactorLevels& factor : analysis.factors) header.push_back(factor.factor);
  header.emplace_back("UNITS");
  for (const FactorMetric& metric : analysis.metrics) header.push_back(metric.metric);
  Table table(header);
  for (size_t i = 0; i < analysis.cells.size(); ++i) {
    std::vector<std::string> row = analysis.cells[i].levels;
    row.push_back(std::to_string(analysis.cells[i].units));
    for (const FactorMetric& metric : analysis.metrics) row.push_back(fmt::format("{:.4g}", metric.means[i]));
    table.add(std::move(row));
  }
  return table.str();
}

std::string terms_table(const FactorAnalysis& analysis) {
  Table table({"METRIC", "EFFECT", "F", "DF", "P", "ADJUSTED P", "METHOD"});
  for (const FactorMetric& metric : analysis.metrics) {
    if (!metric.reason.empty()) table.add({metric.metric, "", "", "", "", "", metric.reason});
    for (const FactorTerm& term : metric.terms)
      table.add(
          {metric.metric, fmt::format("{}", fmt::join(term.factors, " × ")), fmt::format("{:.4g}", term.test.statistic),
           fmt::format("{}, {}", term.test.df, term.test.df_denominator.value_or(0)),
           fmt::format("{:.3g}", term.test.p_value), term.adjusted_p ? fmt::format("{:.3g}", *term.adjusted_p) : "",
           fmt::format("{}{}", term.test.method, metric.is_probability ? "; linear probability model" : "")});
  }
  return table.str();
}

const std::string& base_of(const FactorAnalysis& analysis, const std::string& name) {
  return std::ranges::find(analysis.factors, name, &FactorLevels::factor)->levels.front();
}

/// Of each factor, its levels against the first one.
std::string differences_table(const FactorAnalysis& analysis) {
  Table table({"METRIC", "FACTOR", "LEVEL", "AGAINST", "DIFFERENCE"});
  for (const FactorMetric& metric : analysis.metrics)
    for (const FactorTerm& term : metric.terms)
      for (const LevelDifference& one : term.differences)
        if (term.factors.size() == 1)
          table.add({metric.metric, term.factors[0], one.levels[0], base_of(analysis, term.factors[0]),
                     fmt::format("{:+.4g} [{:+.4g}, {:+.4g}]", one.difference, one.interval.low, one.interval.high)});
  return table.size() == 0 ? std::string() : "\n" + table.str();
}

json levels_document(const std::vector<std::string>& factors, const std::vector<std::string>& levels) {
  json made = json::object();
  for (size_t i = 0; i < factors.size(); ++i) made[factors[i]] = levels[i];
  return made;
}

json term_document(const FactorMetric& metric, const FactorTerm& term) {
  json made{{"metric", metric.metric},
            {"factors", term.factors},
            {"method", term.test.method},
            {"linear_probability", metric.is_probability},
            {"f", term.test.statistic},
            {"df", term.test.df},
            {"df_denominator", term.test.df_denominator.value_or(0)},
            {"p_value", term.test.p_value},
            {"differences", json::array()}};
  if (term.adjusted_p) made["adjusted_p"] = *term.adjusted_p;
  for (const LevelDifference& one : term.differences)
    made["differences"].push_back({{"levels", levels_document(term.factors, one.levels)},
                                   {"difference", one.difference},
                                   {"interval", {one.interval.low, one.interval.high}}});
  return made;
}

}  // namespace

std::string render_factor_analysis(const FactorAnalysis& analysis) {
  std::string text = fmt::format("{} rows;", analysis.rows);
  for (const FactorLevels& factor : analysis.factors)
    text += fmt::format(" {}: {};", factor.factor, fmt::join(factor.levels, ", "));
  text += fmt::format(" intervals at {:g} %\n\n", 100 * (1 - analysis.alpha));
  text += cells_table(analysis) + "\n" + terms_table(analysis) + differences_table(analysis);
  for (const auto& finding : analysis.health)
    text += fmt::format("\n{}: {}\n", finding.healthy ? "Healthy" : "Sick", finding.sentence);
  return text;
}

json factor_analysis_document(const FactorAnalysis& analysis) {
  json document{{"rows", analysis.rows},   {"crossed_units", analysis.crossed},
                {"alpha", analysis.alpha}, {"factors", json::array()},
                {"cells", json::array()},  {"effects", json::array()},
                {"health", json::array()}, {"healthy", analysis.is_healthy}};
  std::vector<std::string> names;
  for (const FactorLevels& factor : analysis.factors) {
    names.push_back(factor.factor);
    document["factors"].push_back({{"name", factor.factor}, {"levels", factor.levels}});
  }
  for (size_t i = 0; i < analysis.cells.size(); ++i) {
    json means = json::object();
    for (const FactorMetric& metric : analysis.metrics) means[metric.metric] = metric.means[i];
    document["cells"].push_back({{"levels", levels_document(names, analysis.cells[i].levels)},
                                 {"units", analysis.cells[i].units},
                                 {"means", std::move(means)}});
  }
  for (const FactorMetric& metric : analysis.metrics) {
    if (!metric.reason.empty()) document["effects"].push_back({{"metric", metric.metric}, {"reason", metric.reason}});
    for (const FactorTerm& term : metric.terms) document["effects"].push_back(term_document(metric, term));
  }
  for (const auto& finding : analysis.health)
    document["health"].push_back(
        {{"healthy", finding.healthy}, {"value", finding.value}, {"sentence", finding.sentence}});
  return document;
}

}  // namespace troupe::cli
