#include "runtime/observe/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <variant>

#include "runtime/base/assert.hpp"
#include "runtime/observe/process_stats.hpp"
#include "runtime/observe/text.hpp"

namespace troupe::observe {
namespace {

constexpr size_t label_value_bytes_max = 256;
constexpr std::string_view folded_value = "other";

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// One name with its series. A map's nodes stay in place, so references to instruments do too.
template <class Instrument>
struct Family {
  std::string help;
  std::vector<std::string> label_names;
  std::vector<double> buckets;
  std::map<Labels, Instrument> series;
  uint64_t folded = 0;  ///< Requests for a series beyond the limit.
};

template <class Instrument>
using Families = std::map<std::string, Family<Instrument>, std::less<>>;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The text format's escapes of help (label values are escaped by the serializer).
std::string escape_help(std::string_view help) {
  std::string out;
  for (const char c : help) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

Labels normalized(const Labels& labels) {
  Labels out;
  out.reserve(labels.size());
  for (const auto& [name, value] : labels) {
    TROUPE_ASSERT(valid_label_name(name));
    out.emplace_back(name, sanitize(value, label_value_bytes_max));
  }
  std::sort(out.begin(), out.end());
  const auto same_name = [](const auto& a, const auto& b) { return a.first == b.first; };
  TROUPE_ASSERT(std::adjacent_find(out.begin(), out.end(), same_name) == out.end());
  return out;
}

std::vector<std::string> names_of(const Labels& labels) {
  std::vector<std::string> names;
  for (const auto& label : labels) names.push_back(label.first);
  return names;
}

ClientMetric with_labels(const Labels& labels) {
  ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  return metric;
}

void collect(ClientMetric& metric, const Counter& counter) {
  metric.counter.value = static_cast<double>(counter.value());
}
void collect(ClientMetric& metric, const Gauge& gauge) {
  metric.gauge.value = gauge.value();
}
void collect(ClientMetric& metric, const Histogram& histogram) {
  const std::vector<uint64_t> counts = histogram.counts();
  uint64_t cumulative = 0;
  for (size_t i = 0; i < histogram.bounds().size(); ++i)
    metric.histogram.bucket.push_back({cumulative += counts[i], histogram.bounds()[i]});
  metric.histogram.sample_count = cumulative + counts.back();
  metric.histogram.sample_sum = histogram.sum();
}

constexpr MetricType type_of(const Counter*) {
  return MetricType::Counter;
}
constexpr MetricType type_of(const Gauge*) {
  return MetricType::Gauge;
}
constexpr MetricType type_of(const Histogram*) {
  return MetricType::Histogram;
}

template <class Instrument>
void collect_all(const Families<Instrument>& families, std::vector<MetricFamily>& out, MetricFamily& folded) {
  for (const auto& [name, family] : families) {
    MetricFamily collected{name, escape_help(family.help), type_of(static_cast<const Instrument*>(nullptr)), {}};
    for (const auto& [labels, instrument] : family.series) {
      ClientMetric metric = with_labels(labels);
      collect(metric, instrument);
      collected.metric.push_back(std::move(metric));
    }
    out.push_back(std::move(collected));
    if (family.folded == 0) continue;
    ClientMetric metric = with_labels({{"metric", name}});
    metric.counter.value = static_cast<double>(family.folded);
    folded.metric.push_back(std::move(metric));
  }
}

MetricFamily single(std::string name, std::string help, MetricType type, double value, const Labels& labels = {}) {
  ClientMetric metric = with_labels(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {std::move(name), std::move(help), type, {std::move(metric)}};
}

void collect_process(std::vector<MetricFamily>& out) {
  const ProcessStats stats = read_process_stats();
  const auto number = [](uint64_t n) { return static_cast<double>(n); };
  out.push_back(
      single("process_cpu_seconds_total", "CPU time used, user and system", MetricType::Counter, stats.cpu_seconds));
  out.push_back(single("process_start_time_seconds", "Start of the process, seconds since the Unix epoch",
                       MetricType::Gauge, stats.start_time_seconds));
  out.push_back(
      single("process_resident_memory_bytes", "Memory in RAM", MetricType::Gauge, number(stats.resident_bytes)));
  out.push_back(
      single("process_virtual_memory_bytes", "Address space in use", MetricType::Gauge, number(stats.virtual_bytes)));
  out.push_back(single("process_threads", "Threads", MetricType::Gauge, number(stats.threads)));
  out.push_back(single("process_open_fds", "Open file descriptors", MetricType::Gauge, number(stats.open_fds)));
  out.push_back(single("process_max_fds", "File descriptors allowed", MetricType::Gauge, number(stats.max_fds)));
}

}  // namespace

struct Metrics::State {
  explicit State(MetricsOptions given) : options(std::move(given)) {}

  /// The series of `labels`, made where it is new, or the one that stands for all others.
  template <class Instrument, class... Args>
  Instrument& find_or_make(Families<Instrument>& families, std::string_view name, std::string_view help,
                           const Labels& given, std::vector<double> buckets, const Args&... args) {
    Labels labels = normalized(given);
    const std::lock_guard lock(mutex);
    auto family = families.find(name);
    if (family == families.end()) {
      TROUPE_ASSERT(valid_metric_name(name) && !is_known(name));
      family = families
                   .emplace(std::string(name),
                            Family<Instrument>{std::string(help), names_of(labels), std::move(buckets), {}, 0})
                   .first;
    } else {
      TROUPE_ASSERT(family->second.label_names == names_of(labels) && family->second.buckets == buckets);
    }
    auto& series = family->second.series;
    if (series.size() >= options.series_per_family_max && !series.contains(labels)) {
      ++family->second.folded;
      for (auto& label : labels) label.second = folded_value;
    }
    return series.try_emplace(std::move(labels), args...).first->second;
  }

  bool is_known(std::string_view name) const {
    return counters.contains(name) || gauges.contains(name) || histograms.contains(name);
  }

  const MetricsOptions options;
  mutable std::mutex mutex;
  Families<Counter> counters;
  Families<Gauge> gauges;
  Families<Histogram> histograms;
};

Metrics::Metrics(MetricsOptions options) : state_(std::make_unique<State>(std::move(options))) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_make(state_->counters, name, help, labels, {});
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_make(state_->gauges, name, help, labels, {});
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels,
                              std::span<const double> buckets) {
  const std::vector<double> bounds(buckets.begin(), buckets.end());
  return state_->find_or_make(state_->histograms, name, help, labels, bounds, bounds);
}

std::string Metrics::expose() const {
  std::vector<MetricFamily> families;
  families.push_back(single("troupe_build_info", "The running version; always 1", MetricType::Gauge, 1,
                            {{"version", sanitize(state_->options.version, label_value_bytes_max)}}));
  if (state_->options.has_process_metrics) collect_process(families);
  MetricFamily folded{"troupe_metrics_series_folded_total",
                      "Requests for series beyond a metric's limit, by metric",
                      MetricType::Counter,
                      {}};
  {
    const std::lock_guard lock(state_->mutex);
    collect_all(state_->counters, families, folded);
    collect_all(state_->gauges, families, folded);
    collect_all(state_->histograms, families, folded);
  }
  if (!folded.metric.empty()) families.push_back(std::move(folded));
  return prometheus::TextSerializer().Serialize(families);
}

bool valid_metric_name(std::string_view name) noexcept {
  if (name.empty() || is_digit(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

bool valid_label_name(std::string_view name) noexcept {
  if (name.starts_with("__") || name == "le" || name == "quantile") return false;
  return valid_metric_name(name) && name.find(':') == std::string_view::npos;
}

}  // namespace troupe::observe
