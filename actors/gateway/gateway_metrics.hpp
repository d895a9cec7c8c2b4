#pragma once
// GatewayMetrics: what a gateway counts and measures.

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/base/error.hpp"
#include "runtime/observe/metrics.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

/// Requests of a version that ended, and how long they took together, from admission to the end of the answer.
struct VersionStatistics {
  std::string model;
  std::string version;
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  Duration success_time{0};
  Duration failure_time{0};
};

/// Instruments of one version of a model. Thread-safe.
class VersionMetrics {
 public:
  VersionMetrics(observe::Metrics& metrics, std::string model, std::string version);

  void began() { running_.add(1); }
  void first_part(Duration since_begin) { first_token_.observe(since_begin); }
  void used(const protocol::Usage& usage, bool cached);
  /// `failure` none = answered.
  void ended(Duration duration, std::optional<Errc> failure);
  VersionStatistics statistics() const;

 private:
  struct Ended {
    std::atomic<uint64_t> count{0};
    std::atomic<int64_t> nanoseconds{0};
  };

  observe::Counter& requests(std::optional<Errc> failure);

  observe::Metrics& metrics_;
  const std::string model_;
  const std::string version_;
  observe::Gauge& running_;
  observe::Histogram& duration_;
  observe::Histogram& first_token_;
  observe::Counter& prompt_tokens_;
  observe::Counter& generated_tokens_;
  observe::Counter& cached_tokens_;
  std::array<std::atomic<observe::Counter*>, 32> requests_{};  ///< By code; 0 = answered.
  Ended succeeded_;
  Ended failed_;
};

/// Of one gateway. Its actor writes; statistics() may be called from any thread. `metrics` must outlive it and all it
/// handed out.
class GatewayMetrics {
 public:
  explicit GatewayMetrics(observe::Metrics& metrics) : metrics_(metrics) {}

  /// Made on first use. Names come from the routes, never from clients.
  std::shared_ptr<VersionMetrics> of(const std::string& model, const std::string& version);
  /// Refused before it had a version: counted by reason, and with `model` empty where the model is unknown.
  void rejected(const std::string& model, Errc code, bool draining);
  void stable_only(bool stable_only);
  /// Of each version that requests have had.
  std::vector<VersionStatistics> statistics() const;

 private:
  observe::Metrics& metrics_;
  mutable std::mutex mutex_;  ///< Of what follows.
  std::unordered_map<std::string, std::shared_ptr<VersionMetrics>> versions_;
};

}  // namespace troupe::gateway
