#pragma once
// ShipperActor: sends a gateway's events to the shards that keep them, at "experiment/shipper". On a thread of its own,
// because it reads files.
//
// After a start, and where a shard turns out to lack what it was thought to hold, the log is read from where the shard
// is; what the shard has already it passes over.

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "actors/experiment/shard/shipment.hpp"
#include "runtime/actor/actor.hpp"
#include "runtime/observe/log.hpp"
#include "storage/event_log.hpp"

namespace troupe::experiment {

inline constexpr std::string_view shipper_path = "experiment/shipper";

struct ShipperParts {
  std::shared_ptr<storage::EventLog> log;
  /// The shard that keeps a slot; empty: none is known at the moment.
  std::function<actor::Ref(uint32_t slot)> shard_of;
  observe::Logger logger;
  ShipmentLimits limits{};
  Duration interval = std::chrono::milliseconds{50};  ///< How often it looks for new events.
  Duration patience = std::chrono::seconds{10};       ///< For a shard's answer.
};

class ShipperActor final : public actor::Actor {
 public:
  ShipperActor(actor::Context& context, ShipperParts parts);

  void started() override;

 private:
  void look();
  void read();
  void send();
  void ask(uint32_t slot, protocol::EventBlock block);
  void answered(uint32_t slot, const actor::ReplyEvent& event);
  void tell_trouble(const std::string& trouble);
  void begin_again(std::string_view why);

  ShipperParts parts_;
  Shipment shipment_;
  std::optional<storage::EventReader> reader_;
  std::array<uint64_t, event_slots> oldest_{};  ///< Of a log read from its beginning: each slot's first.
  bool reads_all_ = false;
  uint64_t reading_ = 0;  ///< Counts beginnings; answers to what was sent before one say nothing.
  std::optional<std::pair<uint64_t, uint64_t>> store_;  ///< That answered last.
  std::string trouble_;                                 ///< Of the last call, where it failed.
};

}  // namespace troupe::experiment
