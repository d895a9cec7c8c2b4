#pragma once
// LogRecorder: a gateway's events into its log.

#include <memory>
#include <mutex>
#include <unordered_set>

#include "actors/experiment/events/event_recorder.hpp"
#include "storage/event_log.hpp"

namespace troupe::experiment {

class LogRecorder final : public EventRecorder {
 public:
  /// So many exposures are remembered, and half as many at least: one that is repeated meanwhile is not written.
  static constexpr size_t exposures_max = 1 << 17;

  explicit LogRecorder(std::shared_ptr<storage::EventLog> log) : log_(std::move(log)) {}

  void record(const protocol::Event& event) override;
  void expose(protocol::Event exposure) override;
  void record_outcomes(const std::vector<protocol::Event>& outcomes, std::function<void(Status)> done) override;

 private:
  Result<storage::Appended> append(const protocol::Event& event, storage::IfRefused if_refused);
  bool is_new(uint64_t hash);

  const std::shared_ptr<storage::EventLog> log_;
  std::mutex mutex_;
  std::unordered_set<uint64_t> recent_;  ///< Hashes of exposures; and those of the time before.
  std::unordered_set<uint64_t> before_;
};

}  // namespace troupe::experiment
