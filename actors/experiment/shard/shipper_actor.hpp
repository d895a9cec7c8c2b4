#pragma once
// ShipperActor: sends a gateway's events to the shards that keep them, at "experiment/shipper". On a thread of its own,
// because it reads files.
//
// After a start, and where a shard turns out to lack what it was thought to hold, the log is read from where the shard
// is; what the shard has already it passes over. A shard that is new here is asked what it holds, whether or not there
// is anything to send: it may have lost its disk.

#include <array>
#include <bitset>
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
  Duration interval = std::chrono::milliseconds{50};            ///< How often it looks for new events.
  Duration question_interval = std::chrono::milliseconds{250};  ///< How often it looks for shards that are to be asked.
  Duration patience = std::chrono::seconds{10};                 ///< For a shard's answer.
};

class ShipperActor final : public actor::Actor {
 public:
  ShipperActor(actor::Context& context, ShipperParts parts);

  void started() override;

 private:
  /// What a shard was told beside events, or asked.
  struct Told {
    uint64_t lost = 0;
    bool is_question = false;
  };

  void look();
  void read();
  bool pass_over(const Error& error);
  void send();
  void ask_new_shards();
  void ask(uint32_t slot, protocol::EventBlock block, bool is_question);
  void answered(uint32_t slot, const actor::Ref& shard, const Told& told, const actor::ReplyEvent& event);
  void tell_trouble(const std::string& trouble);
  void begin_again(std::string_view why);

  ShipperParts parts_;
  Shipment shipment_;
  std::optional<storage::EventReader> reader_;
  storage::LogPosition told_damage_{UINT64_MAX};  ///< Where the log was found unreadable last.
  uint64_t reading_ = 0;  ///< Counts beginnings; answers to what was sent before one say nothing.
  std::string trouble_;   ///< Of the last call, where it failed.
  // Of slots.
  std::array<std::optional<std::pair<uint64_t, uint64_t>>, event_slots> stores_{};  ///< That answered last.
  std::array<actor::Ref, event_slots> shards_{};                                    ///< That have said what they hold.
  std::array<uint64_t, event_slots> told_lost_{};                                   ///< Lost events that they know of.
  std::bitset<event_slots> being_asked_;
  Time ask_not_before_;
};

}  // namespace troupe::experiment
