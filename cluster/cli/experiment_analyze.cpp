#include <charconv>
#include <fstream>
#include <iostream>

#include "actors/experiment/table/factor_analysis.hpp"
#include "actors/experiment/table/table_analysis.hpp"
#include "cluster/cli/experiment_verbs.hpp"
#include "cluster/cli/render_factor_analysis.hpp"
#include "cluster/cli/render_table_analysis.hpp"
#include "cluster/cli/text_file.hpp"

namespace troupe::cli {
namespace {

using experiment::Alternative;
using experiment::Correction;
using experiment::FactorAnalysis;
using experiment::FactorOptions;
using experiment::TableAnalysis;
using experiment::TableOptions;
using experiment::TableQuestion;
using experiment::UnitTable;

struct AnalyzeFlags {
  std::string file;
  TableQuestion question;
  TableOptions options;
  std::vector<std::string> metrics, methods, covariates, weights, factors;
  std::string alternative = "two-sided";
  std::string correction = "holm";
  bool json = false;
};

/// "control=0.5", "treatment=0.5"
Result<std::vector<std::pair<std::string, double>>> parse_weights(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, double>> weights;
  for (const std::string& text : texts) {
    const size_t equals = text.rfind('=');
    double weight = 0;
    const char* const end = text.data() + text.size();
    const bool has_both = equals != std::string::npos && equals > 0;
    const auto [rest, error] = std::from_chars(has_both ? text.data() + equals + 1 : end, end, weight);
    if (!has_both || error != std::errc{} || rest != end)
      return fail(Errc::invalid_argument, "--weights {}: write VARIANT=SHARE, such as control=0.5,treatment=0.5", text);
    weights.emplace_back(text.substr(0, equals), weight);
  }
  return weights;
}

Status take_metrics(const AnalyzeFlags& flags, TableQuestion& question) {
  for (const std::string& text : flags.metrics) {
    TROUPE_TRY(auto metric, experiment::parse_table_metric(text));
    question.metrics.push_back(std::move(metric));
  }
  for (const std::string& text : flags.methods) TROUPE_CHECK(choose_method(text, question.metrics));
  for (const std::string& text : flags.covariates) TROUPE_CHECK(choose_covariate(text, question.metrics));
  return {};
}

void take_choices(const AnalyzeFlags& flags, TableOptions& options) {
  options.alternative = flags.alternative == "less"      ? Alternative::less
                        : flags.alternative == "greater" ? Alternative::greater
                                                         : Alternative::two_sided;
  if (flags.correction == "none") options.correction.reset();
  if (flags.correction == "bonferroni") options.correction = Correction::bonferroni;
  if (flags.correction == "bh") options.correction = Correction::benjamini_hochberg;
}

/// "prompt", or "prompt=short".
void take_factors(const AnalyzeFlags& flags, TableQuestion& question) {
  for (const std::string& text : flags.factors) {
    const size_t equals = text.rfind('=');
    question.factors.push_back(
        {text.substr(0, equals), equals == std::string::npos ? std::string() : text.substr(equals + 1)});
  }
}

Result<UnitTable> read_table(const std::string& file, const TableQuestion& question) {
  std::ifstream in;
  if (file != "-") in.open(file, std::ios::binary);
  if (file != "-" && !in) return fail(Errc::invalid_argument, "cannot read {}", file);
  experiment::CsvReader csv(file == "-" ? std::cin : static_cast<std::istream&>(in), name_of_text(file));
  return read_unit_table(csv, question);
}

/// 5 where nothing is answered, or the answers cannot be trusted.
Exit exit_for(const TableAnalysis& analysis) {
  const bool has_answer =
      std::ranges::any_of(analysis.comparisons, [](const auto& comparison) { return comparison.said.reason.empty(); });
  return has_answer && analysis.is_healthy ? Exit::ok : Exit::inconclusive;
}

Exit exit_for(const FactorAnalysis& analysis) {
  const bool has_answer =
      std::ranges::any_of(analysis.metrics, [](const auto& metric) { return metric.reason.empty(); });
  return has_answer && analysis.is_healthy ? Exit::ok : Exit::inconclusive;
}

Result<Exit> tell_factors(const UnitTable& table, const TableQuestion& question, const TableOptions& options,
                          bool as_json) {
  TROUPE_TRY(const FactorAnalysis analysis,
             analyze_factors(table, question, FactorOptions{options.alpha, options.correction}));
  std::cout << (as_json ? factor_analysis_document(analysis).dump(2) + "\n" : render_factor_analysis(analysis));
  return exit_for(analysis);
}

Result<Exit> analyze(const AnalyzeFlags& flags) {
  TableQuestion question = flags.question;
  TableOptions options = flags.options;
  TROUPE_CHECK(take_metrics(flags, question));
  take_choices(flags, options);
  TROUPE_TRY(options.weights, parse_weights(flags.weights));
  take_factors(flags, question);
  TROUPE_TRY(const UnitTable table, read_table(flags.file, question));
  if (!question.factors.empty()) return tell_factors(table, question, options, flags.json);
  TROUPE_TRY(const TableAnalysis analysis, analyze_table(table, question, options));
  std::cout << (flags.json ? table_analysis_document(analysis).dump(2) + "\n" : render_table_analysis(analysis));
  return exit_for(analysis);
}

}  // namespace

void add_experiment_analyze(CLI::App& group, Shell& shell) {
  CLI::App* const verb =
      group.add_subcommand("analyze", "Compare variants in a table of units that you have; needs no cluster");
  auto flags = std::make_shared<AnalyzeFlags>();
  verb->add_option("--csv", flags->file, "The table, its first line naming the columns; - reads stdin")->required();
  verb->add_option("--metric", flags->metrics,
                   "A column and what it is: revenue:mean, bought:conversion, errors:count or errors/hours:count, "
                   "clicks/views:ratio, latency:p95, days:event=churned; may be repeated")
      ->required()
      ->type_name("COLUMN:KIND");
  verb->add_option("--unit", flags->question.unit_column,
                   "Column of the unit: its rows are added up (default: each row is a unit)");
  verb->add_option("--variant", flags->question.variant_column, "Column of the variant")->capture_default_str();
  CLI::Option* const factor = verb->add_option(
      "--factor", flags->factors,
      "Column of a factor, in place of --variant; may be repeated. Tells each factor's effect and interactions, of "
      "means, conversions and counts; LEVEL is the one that others are held against (default: the first to come)");
  factor->type_name("COLUMN[=LEVEL]");
  verb->add_option("--control", flags->options.control, "The variant that others are held against (default: control)");
  verb->add_option("--segment", flags->question.segment_column, "Column by whose values everything is told again");
  verb->add_option(
          "--method", flags->methods,
          "z, t, welch, mann-whitney, fisher, barnard, poisson, poisson-score, negative-binomial, log-rank, cox "
          "or bayesian, for all metrics or for one")
      ->type_name("[METRIC=]METHOD");
  verb->add_option("--covariate", flags->covariates,
                   "Column of what was known of units before: takes out noise (CUPED)")
      ->type_name("[METRIC=]COLUMN");
  verb->add_option("--alpha", flags->options.alpha, "Intervals are at 1 - alpha")->capture_default_str();
  verb->add_option("--alternative", flags->alternative, "two-sided; less or greater: of the variant, than the control")
      ->check(CLI::IsMember({"two-sided", "less", "greater"}))
      ->capture_default_str();
  verb->add_option("--correction", flags->correction, "Of p values for their number: holm, bonferroni, bh or none")
      ->check(CLI::IsMember({"holm", "bonferroni", "bh", "none"}))
      ->capture_default_str();
  verb->add_option("--weights", flags->weights, "How units were shared out: checks that they came so")
      ->delimiter(',')
      ->type_name("VARIANT=SHARE,...");
  verb->add_flag("--json", flags->json, "Print JSON");
  for (const char* other :
       {"--variant", "--control", "--segment", "--method", "--covariate", "--alternative", "--weights"})
    factor->excludes(verb->get_option(other));
  verb->callback([=, &shell] { shell.verb = [=] { return analyze(*flags); }; });
}

}  // namespace troupe::cli
