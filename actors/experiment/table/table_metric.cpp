#include "actors/experiment/table/table_metric.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

using Kind = TableMetricKind;
using Method = TableMethod;

struct MethodName {
  Method method;
  std::string_view name;
};
constexpr std::array method_names{
    MethodName{Method::z, "z"},
    MethodName{Method::t, "t"},
    MethodName{Method::welch, "welch"},
    MethodName{Method::mann_whitney, "mann-whitney"},
    MethodName{Method::fisher, "fisher"},
    MethodName{Method::barnard, "barnard"},
    MethodName{Method::poisson, "poisson"},
    MethodName{Method::poisson_score, "poisson-score"},
    MethodName{Method::negative_binomial, "negative-binomial"},
    MethodName{Method::log_rank, "log-rank"},
    MethodName{Method::cox, "cox"},
    MethodName{Method::bayesian, "bayesian"},
};

const std::vector<std::string> kind_words{"mean", "conversion", "count", "ratio", "p50", "p95", "event=COLUMN"};

/// "p95", "p99.9"
Result<double> parse_quantile(std::string_view word, std::string_view text) {
  double percent = 0;
  const char* const end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data() + 1, end, percent);
  if (error == std::errc{} && rest == end && percent > 0 && percent < 100) return percent / 100;
  return fail(Errc::invalid_argument, "metric {}: a percentile is between p0 and p100, such as p95", text);
}

Status split_columns(TableMetric& metric) {
  const size_t slash = metric.column.find('/');
  if (slash == std::string::npos && metric.kind == Kind::count) return {};
  if (slash == std::string::npos)
    return fail(Errc::invalid_argument, "metric {}: a ratio has two columns: clicks/views:ratio", metric.name);
  metric.per = metric.column.substr(slash + 1);
  metric.column.resize(slash);
  if (!metric.column.empty() && !metric.per.empty() && metric.per.find('/') == std::string::npos) return {};
  return fail(Errc::invalid_argument, "metric {}: write two columns with a '/' between them: clicks/views",
              metric.name);
}

Result<Method> parse_method(std::string_view word) {
  for (const MethodName& known : method_names)
    if (known.name == word) return known.method;
  std::vector<std::string> names;
  for (const MethodName& known : method_names) names.emplace_back(known.name);
  return fail(Errc::invalid_argument, "'{}' is no method{}; there are {}", word, did_you_mean(word, names),
              fmt::join(names, ", "));
}

/// The metrics that "METRIC=WORD" or "WORD" is about, and the word.
struct Chosen {
  std::vector<TableMetric*> metrics;
  std::string_view word;
};

Result<Chosen> choose(std::string_view text, std::vector<TableMetric>& metrics) {
  for (size_t equals = text.rfind('='); equals != std::string_view::npos && equals > 0;
       equals = text.rfind('=', equals - 1)) {
    const std::string_view name = text.substr(0, equals);
    Chosen chosen{{}, text.substr(equals + 1)};
    for (TableMetric& metric : metrics)
      if (metric.name == name) return Chosen{{&metric}, chosen.word};
    for (TableMetric& metric : metrics)
      if (metric.column == name) chosen.metrics.push_back(&metric);
    if (!chosen.metrics.empty()) return chosen;
  }
  Chosen all{{}, text};
  for (TableMetric& metric : metrics) all.metrics.push_back(&metric);
  if (text.find('=') == std::string_view::npos) return all;
  std::vector<std::string> names;
  for (const TableMetric& metric : metrics) names.push_back(metric.name);
  return fail(Errc::invalid_argument, "{}: there is no such metric{}; there are {}", text,
              did_you_mean(text.substr(0, text.find('=')), names), fmt::join(names, ", "));
}

Status check_covariate(const TableMetric& metric) {
  if (metric.covariate.empty()) return {};
  const bool has_units = metric.kind == Kind::mean || metric.kind == Kind::conversion ||
                         (metric.kind == Kind::count && metric.per.empty());
  if (!has_units)
    return fail(Errc::invalid_argument,
                "metric {}: a covariate belongs to means, conversions and counts without an exposure; name the metric "
                "it is for: --covariate METRIC=COLUMN",
                metric.name);
  if (metric.method == Method::automatic || metric.method == Method::z) return {};
  return fail(Errc::invalid_argument, "metric {}: with a covariate its method is z, not {}", metric.name,
              name_of(metric.method));
}

}  // namespace

std::string_view name_of(TableMethod method) {
  for (const MethodName& known : method_names)
    if (known.method == method) return known.name;
  return "automatic";
}

std::vector<TableMethod> methods_of(const TableMetric& metric) {
  switch (metric.kind) {
    case Kind::mean:
      return {Method::welch, Method::t, Method::z, Method::mann_whitney, Method::bayesian};
    case Kind::conversion:
      return {Method::z, Method::fisher, Method::barnard, Method::bayesian};
    case Kind::count:
      if (!metric.per.empty())
        return {Method::negative_binomial, Method::poisson, Method::poisson_score, Method::bayesian};
      return {Method::negative_binomial, Method::poisson, Method::poisson_score, Method::welch, Method::t, Method::z,
              Method::mann_whitney,      Method::bayesian};
    case Kind::ratio:
    case Kind::quantile:
      return {Method::z};
    case Kind::time:
      return {Method::log_rank, Method::cox};
  }
  return {};
}

Result<TableMetric> parse_table_metric(std::string_view text) {
  // An event's column may have a colon too.
  const size_t event = text.find(":event=");
  const size_t colon = event != std::string_view::npos ? event : text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size())
    return fail(Errc::invalid_argument, "metric '{}': write COLUMN:KIND, such as revenue:mean; kinds are {}", text,
                fmt::join(kind_words, ", "));
  TableMetric metric;
  metric.name = text;
  metric.column = text.substr(0, colon);
  const std::string_view word = text.substr(colon + 1);
  if (word == "mean") {
    metric.kind = Kind::mean;
  } else if (word == "conversion") {
    metric.kind = Kind::conversion;
  } else if (word == "count" || word == "ratio") {
    metric.kind = word == "count" ? Kind::count : Kind::ratio;
    TROUPE_CHECK(split_columns(metric));
  } else if (word.starts_with("event=") && word.size() > 6) {
    metric.kind = Kind::time;
    metric.event = word.substr(6);
  } else if (word.size() > 1 && word[0] == 'p' && word[1] >= '0' && word[1] <= '9') {
    metric.kind = Kind::quantile;
    TROUPE_TRY(metric.quantile, parse_quantile(word, text));
  } else {
    return fail(Errc::invalid_argument, "metric {}: '{}' is no kind{}; kinds are {}", text, word,
                did_you_mean(word, kind_words), fmt::join(kind_words, ", "));
  }
  return metric;
}

Status choose_method(std::string_view text, std::vector<TableMetric>& metrics) {
  TROUPE_TRY(const Chosen chosen, choose(text, metrics));
  TROUPE_TRY(const Method method, parse_method(chosen.word));
  for (TableMetric* const metric : chosen.metrics) {
    const auto suited = methods_of(*metric);
    if (std::ranges::find(suited, method) == suited.end()) {
      std::vector<std::string_view> names;
      for (const Method one : suited) names.push_back(name_of(one));
      return fail(Errc::invalid_argument, "metric {}: {} is no method of it; {} {}. For one metric: METRIC=METHOD",
                  metric->name, chosen.word, names.size() == 1 ? "there is only" : "there are", fmt::join(names, ", "));
    }
    metric->method = method;
    TROUPE_CHECK(check_covariate(*metric));
  }
  return {};
}

Status choose_covariate(std::string_view text, std::vector<TableMetric>& metrics) {
  TROUPE_TRY(const Chosen chosen, choose(text, metrics));
  if (chosen.word.empty()) return fail(Errc::invalid_argument, "covariate '{}': write COLUMN or METRIC=COLUMN", text);
  for (TableMetric* const metric : chosen.metrics) {
    metric->covariate = chosen.word;
    TROUPE_CHECK(check_covariate(*metric));
  }
  return {};
}

}  // namespace troupe::experiment
