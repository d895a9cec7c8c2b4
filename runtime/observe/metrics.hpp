#pragma once
// Metrics: the registry of one node, and its page for Prometheus.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/observe/instruments.hpp"

namespace troupe::observe {

/// Name and value; the names of a family are the same for all its series, in any order.
using Labels = std::vector<std::pair<std::string, std::string>>;

struct MetricsOptions {
  std::string version = "unknown";  ///< Of the binary, shown as troupe_build_info{version="…"}.
  /// Series a family may have; further label values are counted together under the value "other".
  size_t series_per_family_max = 1000;
  bool has_process_metrics = true;  ///< process_*; one Metrics of a process is enough.
};

/// Thread-safe. counter(), gauge() and histogram() take a lock and allocate: fetch a handle once and keep it. The same
/// name and labels give the same handle; it lives as long as the Metrics.
///
/// Names and labels' names are ours, so a wrong one is a defect and asserted: valid_metric_name(), valid_label_name(),
/// one type, one set of label names and one set of buckets per name. Label values may be anything: what is not UTF-8
/// becomes '?', and 256 bytes are kept.
class Metrics {
 public:
  explicit Metrics(MetricsOptions options = {});
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                       std::span<const double> buckets = latency_buckets);

  /// Prometheus text format 0.0.4. Reads /proc/self where process metrics are on. A histogram's buckets and sum may be
  /// a few records apart while others observe.
  std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// [a-zA-Z_:][a-zA-Z0-9_:]*
bool valid_metric_name(std::string_view name) noexcept;
/// [a-zA-Z_][a-zA-Z0-9_]*, not starting with "__", and not "le" or "quantile", which Prometheus keeps for itself.
bool valid_label_name(std::string_view name) noexcept;

}  // namespace troupe::observe
