#include "actors/experiment/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>

#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"
#include "actors/experiment/report/chart.hpp"
#include "actors/experiment/report/effects_section.hpp"
#include "actors/experiment/report/report_style.hpp"
#include "actors/experiment/report/segments_section.hpp"

namespace troupe::experiment {
namespace {

using nlohmann::json;

/// Of a ramp the newest; the head has them all.
constexpr size_t revisions_shown = 100;
constexpr uint32_t colours = 8;

std::string text(const json& object, const char* field) {
  const auto found = object.is_object() ? object.find(field) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<double> number(const json& object, const char* field) {
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find(field);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

bool is_true(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

json list(const json& object, const char* field) {
  const auto found = object.is_object() ? object.find(field) : object.end();
  return object.is_object() && found != object.end() && found->is_array() ? *found : json::array();
}

/// None where there is no such interval; a side that is null is open.
std::optional<Interval> interval(const json& object, const char* field) {
  const json ends = list(object, field);
  if (ends.size() != 2) return std::nullopt;
  const auto side = [](const json& end, double open) { return end.is_number() ? end.get<double>() : open; };
  constexpr double endless = std::numeric_limits<double>::infinity();
  return Interval{side(ends[0], -endless), side(ends[1], endless)};
}

std::string text_of(const Interval& interval, Scale scale) {
  return fmt::format("[{}, {}]", std::isfinite(interval.low) ? text_of(interval.low, scale) : "−∞",
                     std::isfinite(interval.high) ? text_of(interval.high, scale) : "∞");
}

const MetricDefinition* metric_named(const Definition& definition, const std::string& name) {
  const auto found = std::ranges::find(definition.metrics, name, &MetricDefinition::name);
  return found == definition.metrics.end() ? nullptr : &*found;
}

std::string_view name_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::conversion:
      return "conversion";
    case MetricKind::count:
      return "count";
    case MetricKind::sum:
      return "sum";
    case MetricKind::ratio:
      return "ratio";
    case MetricKind::quantile:
      return "quantile";
    case MetricKind::survival:
      return "survival";
  }
  return "";
}

std::string_view name_of(MetricRole role) {
  return role == MetricRole::goal ? "goal" : role == MetricRole::guardrail ? "guardrail" : "watched";
}

std::string_view name_of(protocol::UnitKind unit) {
  switch (unit) {
    case protocol::UnitKind::user:
      return "user";
    case protocol::UnitKind::session:
      return "session";
    case protocol::UnitKind::key:
      return "API key";
    case protocol::UnitKind::request:
      return "request";
  }
  return "";
}

std::string sentence_of(Method method) {
  switch (method) {
    case Method::always_valid:
      return "always valid: it may be looked at, and decided, at any time";
    case Method::group_sequential:
      return "group sequential: at planned looks";
    case Method::fixed:
      return "fixed: once, when the planned sample is there";
    case Method::bayesian:
      return "Bayesian: by posterior probabilities";
  }
  return "";
}

std::string looks_of(const DecisionRule& rule) {
  if (rule.method == Method::group_sequential)
    return fmt::format("{}, on the way to {} units of each variant", rule.looks, rule.planned_units);
  return rule.method == Method::fixed ? fmt::format("one, with {} units of each variant", rule.planned_units)
                                      : "each second while it runs";
}

std::string_view name_of(BanditPolicy policy) {
  return policy == BanditPolicy::thompson ? "Thompson sampling"
         : policy == BanditPolicy::ucb1   ? "UCB1"
                                          : "epsilon-greedy";
}

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string_view name_of(Action action) {
  return action == Action::promote ? "promote" : action == Action::roll_back ? "roll back" : "notify";
}

Scale scale_of(const MetricDefinition& metric) {
  const bool is_share = metric.kind == MetricKind::conversion || metric.kind == MetricKind::survival;
  return is_share ? Scale::share : Scale::number;
}

const char* tone_of(State state) {
  switch (state) {
    case State::decided:
      return "good";
    case State::invalid:
      return "bad";
    case State::inconclusive:
    case State::stopped:
      return "warn";
    default:
      return "";
  }
}

/// +1: better, -1: worse, 0: cannot be told.
Tone tone_of(const MetricDefinition& metric, const Interval& interval) {
  const bool is_up = interval.low > 0;
  const bool is_down = interval.high < 0;
  if (!is_up && !is_down) return Tone::open;
  return is_up == (metric.direction == Direction::increase) ? Tone::good : Tone::bad;
}

class Report {
 public:
  Report(const ExperimentRecord& record, std::string_view document, const History& history)
      : record_(record),
        definition_(record.definition),
        history_(history),
        said_(json::parse(document, nullptr, false)) {
    if (!said_.is_object()) said_ = json::object();
    for (const WallTime time : history.times) x_.push_back(std::chrono::duration<double>(time - history.from).count());
  }

  std::string html(const FactorEffects& effects, const SegmentAnalysis& segments) {
    add(R"(<!doctype html><html lang="en"><head><meta charset="utf-8">)"
        R"(<meta name="viewport" content="width=device-width, initial-scale=1"><title>{} – experiment</title>)"
        "<style>{}</style></head><body><main>",
        escaped(definition_.name), report_style);
    verdict();
    variants();
    health();
    metrics();
    out_ += effects_section(definition_, effects);
    out_ += segments_section(definition_, segments);
    over_time();
    posteriors();
    traffic();
    decision();
    reproduction();
    add("<footer>Troupe, {}. Outcomes stand at the time of their unit's first exposure: the newest points still change "
        "while their window is open.</footer></main></body></html>\n",
        history_.times.empty() ? "" : "numbers up to " + text_of_time(history_.times.back()));
    return std::move(out_);
  }

 private:
  template <class... Parts>
  void add(fmt::format_string<Parts...> text, Parts&&... parts) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Parts>(parts)...);
  }
  void fact(std::string_view name, const std::string& value) {
    add("<div><dt>{}</dt><dd>{}</dd></div>", name, escaped(value));
  }

  void verdict() {
    const std::string_view state = experiment::name_of(record_.state);
    std::string sentence = text(said_, "sentence");
    if (record_.state != State::running && !record_.reason.empty()) sentence = record_.reason;
    if (sentence.empty()) sentence = "Nobody has looked at its numbers yet.";
    add("<h1>{}<span class=\"state {}\">{}</span></h1>", escaped(definition_.name), tone_of(record_.state), state);
    if (!definition_.question.empty()) add("<p class=\"soft\">{}</p>", escaped(definition_.question));
    add("<div class=\"verdict {}\" role=\"status\"><p>{}</p></div><dl>", tone_of(record_.state), escaped(sentence));
    fact("Model", definition_.model);
    fact("Started", text_of_time(history_.from));
    if (record_.ended_unix_us > 0) fact("Ended", text_of_time(wall_time_from_unix_microseconds(record_.ended_unix_us)));
    if (!x_.empty()) fact(record_.ended_unix_us > 0 ? "Took" : "Has run for", text_of_seconds(x_.back()));
    if (const std::string winner = text(said_, "winner"); !winner.empty()) fact("Winner", winner);
    add("</dl>");
  }

  void variants() {
    std::vector<uint64_t> units;
    std::vector<double> requests, errors;
    for (const auto& steps : history_.traffic) {
      units.push_back(0);
      requests.push_back(0);
      errors.push_back(0);
      for (const StepTraffic& step : steps) {
        units.back() += step.units;
        requests.back() += step.requests;
        errors.back() += step.errors;
      }
    }
    const double all = static_cast<double>(std::accumulate(units.begin(), units.end(), uint64_t{0}));
    const std::vector<const Revision*> present = present_revisions(record_);
    add("<h2>Variants</h2><div class=\"scroll\"><table><thead><tr><th>Variant</th><th>Version</th><th "
        "class=\"n\">Weight"
        "</th><th class=\"n\">Units</th><th class=\"n\">Share</th><th class=\"n\">Requests</th><th class=\"n\">Failed"
        "</th></tr></thead><tbody>");
    for (size_t arm = 0; arm < definition_.variants.size() && arm < units.size(); ++arm) {
      const VariantDefinition& variant = definition_.variants[arm];
      add("<tr><td><span class=\"swatch fill{}\"></span>{}</td><td>{}@{}</td><td class=\"n\">{}</td><td "
          "class=\"n\">{}</td>"
          "<td class=\"n\">{}</td><td class=\"n\">{:.0f}</td><td class=\"n\">{}</td></tr>",
          arm % colours, escaped(variant.name), escaped(definition_.model), escaped(variant.version),
          weighs_segments(definition_)
              ? "by segment"
              : text_of(present.empty() ? variant.weight : present[0]->weights[arm], Scale::share),
          units[arm], all > 0 ? text_of(static_cast<double>(units[arm]) / all, Scale::share) : "–", requests[arm],
          requests[arm] > 0 ? text_of(errors[arm] / requests[arm], Scale::share) : "–");
    }
    add("</tbody></table></div>");
  }

  /// The sample ratio first: a light of its own.
  void health() {
    json findings = list(said_, "health");
    std::ranges::stable_partition(findings, [](const json& one) { return text(one, "check") == "sample_ratio"; });
    add("<h2>Can the numbers be trusted?</h2><div class=\"card\"><ul class=\"plain\">");
    if (findings.empty()) add("<li><span class=\"light\"></span>Nothing could be checked yet.</li>");
    for (const json& one : findings) {
      const bool is_healthy = is_true(one, "healthy");
      std::string check = text(one, "check");
      std::ranges::replace(check, '_', ' ');
      add("<li><span class=\"light {}\"></span><strong>{}{}</strong> {}</li>", is_healthy ? "good" : "bad",
          check.empty() ? "" : escaped(check) + ": ", is_healthy ? "fine." : "sick.", escaped(text(one, "sentence")));
    }
    add("</ul></div>");
  }

  void metrics() {
    const json comparisons = list(said_, "comparisons");
    add("<h2>Metrics</h2>");
    if (comparisons.empty()) return add("<p class=\"soft\">No metric has been looked at yet.</p>");
    add(R"(<div class="scroll"><table><thead><tr><th>Metric</th><th>Variant</th><th class="n">Control</th>)"
        R"(<th class="n">Variant's</th><th class="n">Difference</th><th class="n">Relative</th><th></th><th>Evidence</th>)"
        "</tr></thead><tbody>");
    for (const json& one : comparisons)
      if (const MetricDefinition* const metric = metric_named(definition_, text(one, "metric")))
        metric_row(one, *metric, extent_of(comparisons, *metric));
    add("</tbody></table></div>");
  }

  /// What the bars of a metric reach to: all its intervals' ends and its margin, but at most 100 %.
  static double extent_of(const json& comparisons, const MetricDefinition& metric) {
    double extent = metric.role == MetricRole::guardrail ? metric.margin : 0;
    for (const json& one : comparisons) {
      const auto relative = interval(one, "relative_interval");
      if (!relative || text(one, "metric") != metric.name) continue;
      for (const double end : {relative->low, relative->high})
        if (std::isfinite(end)) extent = std::max(extent, std::abs(end));
    }
    return std::clamp(extent * 1.1, 0.001, 1.0);
  }

  void metric_row(const json& one, const MetricDefinition& metric, double extent) {
    const Scale scale = scale_of(metric);
    const auto value = [&](const char* side) {
      const auto found = one.find(side);
      const auto units = found == one.end() ? std::nullopt : number(*found, "units");
      return units.value_or(0) > 0 ? text_of(number(*found, "value"), scale) : "–";
    };
    const auto change = [&](const char* field, const char* ends, Scale as) {
      const auto reach = interval(one, ends);
      add("<td class=\"n\">{}<small>{}</small></td>", text_of(number(one, field), as),
          reach ? text_of(*reach, as) : "");
    };
    add(R"(<tr><td class="wide">{}<small>{}</small></td><td>{}</td><td class="n">{}</td><td class="n">{}</td>)",
        escaped(metric.name), about(metric), escaped(text(one, "variant")), value("control"), value("treated"));
    if (metric.kind == MetricKind::survival) {
      add("<td class=\"n\">hazard ratio<small>less 1</small></td>");
    } else {
      change("difference", "interval", scale == Scale::share ? Scale::points : Scale::number);
    }
    change("relative", "relative_interval", Scale::change);
    add("<td>{}</td>", bar_of(one, metric, extent));
    add("<td class=\"wide\">{}<small>{}</small></td></tr>", evidence_of(one, metric),
        escaped(text(one, "method").empty() ? text(one, "reason") : text(one, "method")));
  }

  static std::string about(const MetricDefinition& metric) {
    std::string words = fmt::format("{}, {}", name_of(metric.role), name_of(metric.kind));
    if (metric.kind == MetricKind::quantile) words += fmt::format(" {:g}", metric.quantile);
    words += metric.direction == Direction::increase ? ", more is better" : ", less is better";
    if (metric.role == MetricRole::guardrail) words += ", margin " + text_of(metric.margin, Scale::share);
    return words;
  }

  static std::string bar_of(const json& one, const MetricDefinition& metric, double extent) {
    const auto value = number(one, "relative");
    const auto reach = interval(one, "relative_interval");
    if (!value || !reach) return {};
    IntervalBar bar{*reach, *value, extent, tone_of(metric, *reach), {}};
    if (metric.role == MetricRole::guardrail)
      bar.limit = metric.direction == Direction::increase ? -metric.margin : metric.margin;
    return fmt::format("{}<small>± {}</small>", svg_of(bar), text_of(extent, Scale::share));
  }

  std::string evidence_of(const json& one, const MetricDefinition& metric) const {
    std::string words;
    const auto belief = one.find("belief");
    if (const auto better = belief == one.end() ? std::nullopt : number(*belief, "better"))
      words = "P(better) " + text_of(better, Scale::share);
    else if (const auto p = number(one, metric.role == MetricRole::goal ? "adjusted_p" : "p_value"))
      words = *p < 1e-4 ? "p &lt; 0.0001" : fmt::format("p = {:.2g}", *p);
    if (metric.role == MetricRole::goal) words += is_true(one, "significant") ? ", sure" : ", not sure";
    return words;
  }

  void key(bool with_control) {
    add("<ul class=\"key\">");
    for (size_t arm = with_control ? 0 : 1; arm < definition_.variants.size(); ++arm)
      add("<li><span class=\"swatch fill{}\"></span>{}</li>", arm % colours, escaped(definition_.variants[arm].name));
    add("</ul>");
  }

  void figure(const std::string& title, const std::string& drawing) {
    add("<figure class=\"card\"><h3>{}</h3>", escaped(title));
    if (drawing.empty()) add("<p class=\"soft\">No numbers yet.</p>");
    out_ += drawing;
    add("</figure>");
  }

  /// Of each metric, how the relative difference was known as more and more units came.
  void over_time() {
    add("<h2>Difference to {} over time</h2>", escaped(definition_.variants.front().name));
    add("<p class=\"soft\">Relative, of all units up to each time, with intervals that hold at any time, whichever "
        "method decides.</p>");
    key(false);
    add("<div class=\"grid2\">");
    for (auto line = history_.lines.begin(); line != history_.lines.end();) {
      const uint32_t metric = line->metric;
      TimeChart chart{
          definition_.metrics[metric].name + ", relative difference over time", Scale::change, true, x_, {}};
      for (; line != history_.lines.end() && line->metric == metric; ++line) {
        ChartLine drawn{line->arm, {}, {}};
        for (const HistoryPoint& point : line->points) {
          drawn.y.push_back(point.relative);
          drawn.band.push_back(point.relative ? std::optional(point.relative_interval) : std::nullopt);
        }
        chart.lines.push_back(std::move(drawn));
      }
      figure(definition_.metrics[metric].name, svg_of(chart));
    }
    add("</div>");
  }

  void posteriors() {
    if (history_.posteriors.empty()) return;
    add("<h2>What is believed of each variant's rate</h2><p class=\"soft\">Posterior from a uniform prior, all "
        "revisions "
        "together.</p>");
    key(true);
    add("<div class=\"grid2\">");
    for (auto one = history_.posteriors.begin(); one != history_.posteriors.end();) {
      const uint32_t metric = one->metric;
      DensityChart chart{definition_.metrics[metric].name + ", posterior densities", {}};
      for (; one != history_.posteriors.end() && one->metric == metric; ++one)
        chart.rates.emplace_back(one->arm, one->rate);
      figure(definition_.metrics[metric].name, svg_of(chart));
    }
    add("</div>");
  }

  /// A chart with a line a variant; `get(step, seconds)` gives a value or none.
  template <class Get>
  void traffic_figure(const std::string& title, Scale scale, Get get) {
    TimeChart chart{title + " over time", scale, true, x_, {}};
    for (uint32_t arm = 0; arm < history_.traffic.size(); ++arm) {
      ChartLine line{arm, {}, {}};
      for (size_t step = 0; step < history_.traffic[arm].size(); ++step) {
        const double seconds = x_[step] - (step == 0 ? 0 : x_[step - 1]);
        line.y.push_back(get(history_.traffic[arm][step], seconds));
      }
      chart.lines.push_back(std::move(line));
    }
    figure(title, svg_of(chart));
  }

  void traffic() {
    using Value = std::optional<double>;
    add("<h2>Traffic</h2><p class=\"soft\">In each step of time, of the units that were first seen in it.</p>");
    key(true);
    add("<div class=\"grid2\">");
    traffic_figure("Requests a second", Scale::number, [](const StepTraffic& step, double seconds) {
      return seconds > 0 ? Value(step.requests / seconds) : Value();
    });
    traffic_figure("Failed requests", Scale::share, [](const StepTraffic& step, double) {
      return step.requests > 0 ? Value(step.errors / step.requests) : Value();
    });
    if (history_.satisfaction_metric) {
      const MetricDefinition& goal = definition_.metrics[*history_.satisfaction_metric];
      traffic_figure(goal.name, scale_of(goal), [](const StepTraffic& step, double) { return step.satisfaction; });
    }
    const bool has_latency = std::ranges::any_of(history_.traffic, [](const auto& steps) {
      return std::ranges::any_of(steps, [](const StepTraffic& step) { return step.latency_ms.has_value(); });
    });
    if (has_latency) {
      const auto latency = [&](const char* title, double Latencies::*quantile) {
        traffic_figure(title, Scale::number, [&](const StepTraffic& step, double) {
          return step.latency_ms ? Value((*step.latency_ms).*quantile) : Value();
        });
      };
      latency("Latency in ms, P50", &Latencies::p50);
      latency("Latency in ms, P95", &Latencies::p95);
      latency("Latency in ms, P99", &Latencies::p99);
    }
    add("</div>");
  }

  void decision() {
    const DecisionRule& rule = definition_.rule;
    add("<h2>How it is decided</h2><dl>");
    fact("Method", sentence_of(rule.method));
    fact("Alpha, over goals, variants and looks", fmt::format("{:g}", rule.alpha));
    fact("Planned for", fmt::format("power {:g} at {}", rule.power, text_of(rule.minimum_effect, Scale::change)));
    fact("A winner is better by at least", text_of(rule.minimum_improvement, Scale::share));
    fact("Units of each variant at least", fmt::format("{}", rule.minimum_units));
    fact("Longest", text_of_seconds(seconds_of(rule.maximum_duration)));
    fact("Looks", looks_of(rule));
    for (const json& look : list(said_, "looks"))
      fact(fmt::format("Look {}", number(look, "number").value_or(0)),
           fmt::format("{} units of each variant, {} of the sample", number(look, "units").value_or(0),
                       text_of(number(look, "fraction"), Scale::share)));
    if (definition_.bandit)
      fact("Weights follow the first goal", fmt::format("{}, every {}", name_of(definition_.bandit->policy),
                                                        text_of_seconds(seconds_of(definition_.bandit->every))));
    if (!definition_.ends.empty()) fact("Ends at the latest", definition_.ends);
    fact("Then", std::string(name_of(rule.action)));
    add("</dl>");
  }

  void reproduction() {
    add("<h2>To do it again</h2><dl>");
    fact("Experiment", fmt::format("number {}", record_.number));
    fact("Salt", record_.salt);
    fact("Unit", std::string(name_of(definition_.unit)));
    fact("Window", text_of_seconds(seconds_of(definition_.window)));
    fact("Layer", fmt::format("{}, {} of its units", definition_.layer, text_of(definition_.share, Scale::share)));
    fact("Targets", definition_.targets.empty() ? "all requests of its model" : targets());
    const bool has_segments = weighs_segments(definition_);
    add("</dl><div class=\"scroll\"><table><thead><tr><th class=\"n\">Revision</th><th>From</th>{}",
        has_segments ? "<th>Segment</th>" : "");
    for (const VariantDefinition& variant : definition_.variants) add("<th class=\"n\">{}</th>", escaped(variant.name));
    add("<th class=\"n\">Moved</th></tr></thead><tbody>");
    const size_t hidden = record_.revisions.size() - std::min(record_.revisions.size(), revisions_shown);
    for (size_t i = hidden; i < record_.revisions.size(); ++i) {
      const Revision& revision = record_.revisions[i];
      add("<tr><td class=\"n\">{}</td><td>{}</td>", revision.number,
          text_of_time(wall_time_from_unix_microseconds(revision.at_unix_us)));
      if (has_segments) add("<td>{}</td>", escaped(segment_name(definition_.segments, revision.segment)));
      for (const double weight : revision.weights) add("<td class=\"n\">{}</td>", text_of(weight, Scale::share));
      add("<td class=\"n\">{}</td></tr>", text_of(static_cast<double>(revision.moved) / slot_count, Scale::share));
    }
    add("</tbody></table></div>");
    if (hidden > 0) add("<p class=\"soft\">The first {} revisions are left out.</p>", hidden);
  }

  std::string targets() const {
    std::string all;
    for (const TargetDefinition& target : definition_.targets) all += (all.empty() ? "" : ", ") + target.feature;
    return all;
  }

  const ExperimentRecord& record_;
  const Definition& definition_;
  const History& history_;
  json said_;
  std::vector<double> x_;  ///< Ends of the steps, in seconds since the start.
  std::string out_;
};

}  // namespace

std::string report_html(const ExperimentRecord& record, std::string_view document, const History& history,
                        const FactorEffects& effects, const SegmentAnalysis& segments) {
  return Report(record, document, history).html(effects, segments);
}

}  // namespace troupe::experiment
