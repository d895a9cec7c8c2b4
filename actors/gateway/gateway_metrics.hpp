#pragma once
// GatewayMetrics: what a gateway counts and measures.

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>

#include "runtime/base/error.hpp"
#include "runtime/observe/metrics.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::gateway {

/// Instruments of one version of a model. Thread-safe.
class VersionMetrics {
 public:
  VersionMetrics(observe::Metrics& metrics, std::string model, std::string version);

  void began() { running_.add(1); }
  void first_part(Duration since_begin) { first_token_.observe(since_begin); }
  void used(const protocol::Usage& usage, bool cached);
  /// `failure` none = answered.
  void ended(Duration duration, std::optional<Errc> failure);

 private:
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
};

/// Of one gateway; belongs to its actor. `metrics` must outlive it and all it handed out.
class GatewayMetrics {
 public:
  explicit GatewayMetrics(observe::Metrics& metrics) : metrics_(metrics) {}

  /// Made on first use. Names come from the routes, never from clients.
  std::shared_ptr<VersionMetrics> of(const std::string& model, const std::string& version);
  /// Refused before it had a version: counted by reason, and with `model` empty where the model is unknown.
  void rejected(const std::string& model, Errc code, bool draining);
  void stable_only(bool stable_only);

 private:
  observe::Metrics& metrics_;
  std::unordered_map<std::string, std::shared_ptr<VersionMetrics>> versions_;
};

}  // namespace troupe::gateway
