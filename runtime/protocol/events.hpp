#pragma once
// What experiments are told: that a unit was given a variant, what became of each attempt, and what was measured later.
// Gateways write events to their log and send them to the shard that keeps the unit's slot, in blocks.

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "runtime/base/bytes.hpp"
#include "runtime/protocol/experiments.hpp"
#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

/// Where a unit stands in an experiment.
struct ArmOf {
  uint32_t experiment = 0;  ///< Its number: each experiment ever made has one of its own.
  uint32_t revision = 0;
  uint32_t arm = 0;
  bool operator==(const ArmOf&) const = default;
  static constexpr auto fields() { return std::tuple{&ArmOf::experiment, &ArmOf::revision, &ArmOf::arm}; }
};

/// A request of the unit is about to be dispatched to the arm's version. A gateway says so of a unit's first requests
/// and leaves out repetitions that it remembers.
struct Exposure {
  ArmOf place;
  uint32_t segment = 0;  ///< Of the request, from 1; 0: the experiment tells none apart.
  bool operator==(const Exposure&) const = default;
  static constexpr auto fields() { return std::tuple{&Exposure::place, &Exposure::segment}; }
};

/// One dispatch of a request has ended, well or not.
struct Attempt {
  ArmOf place;
  uint32_t cause = 0;         ///< 0: it was served; else the error's code (Errc).
  int64_t latency_us = 0;     ///< From dispatch to the end.
  int64_t first_part_us = 0;  ///< From dispatch to the first part of the answer; 0: there was none.
  uint32_t prompt_tokens = 0;
  uint32_t completion_tokens = 0;
  bool cached = false;
  bool operator==(const Attempt&) const = default;
  static constexpr auto fields() {
    using A = Attempt;
    return std::tuple{&A::place, &A::cause, &A::latency_us, &A::first_part_us, &A::prompt_tokens, &A::completion_tokens,
                      &A::cached};
  }
};

/// A client measured something on a unit.
struct Outcome {
  uint64_t id_high = 0;  ///< 128 bits, minted by the client: the same event sent twice counts once.
  uint64_t id_low = 0;
  std::string measure;  ///< "conversion".
  int64_t value = 0;    ///< In units of 2^-20.
  bool operator==(const Outcome&) const = default;
  static constexpr auto fields() {
    return std::tuple{&Outcome::id_high, &Outcome::id_low, &Outcome::measure, &Outcome::value};
  }
};

struct Event {
  int64_t time_unix_us = 0;  ///< Of an attempt: when it was dispatched.
  UnitKind kind = UnitKind::user;
  std::string unit;
  std::variant<Exposure, Attempt, Outcome> what;
  bool operator==(const Event&) const = default;
  static constexpr auto fields() { return std::tuple{&Event::time_unix_us, &Event::kind, &Event::unit, &Event::what}; }
};

/// Gateway -> shard, bulk lane: consecutive events of one stream and slot. Answered by EventBlockHeld.
struct EventBlock {
  static constexpr auto message_type = MessageType::event_block;

  uint64_t stream_high = 0;  ///< 128 bits: one log from its making until it is thrown away.
  uint64_t stream_low = 0;
  uint32_t slot = 0;        ///< Of the 64 that units fall into, by their names.
  uint64_t oldest_seq = 0;  ///< The first that the log still keeps of the slot: what is before will not come.
  uint64_t first_seq = 0;
  Bytes events;       ///< For each its length, four bytes, big-endian, and its MessagePack.
  uint64_t lost = 0;  ///< How many of the slot's events the log could not take, since it was made: nor will they come.
  bool operator==(const EventBlock&) const = default;
  static constexpr auto fields() {
    using E = EventBlock;
    return std::tuple{&E::stream_high, &E::stream_low, &E::slot, &E::oldest_seq, &E::first_seq, &E::events, &E::lost};
  }
};

/// What the shard holds of the stream's slot is safe against a loss of power. Where `next_seq` is not behind the block,
/// something before it is missing: send from there.
struct EventBlockHeld {
  static constexpr auto message_type = MessageType::event_block_held;

  uint64_t next_seq = 0;
  uint64_t store_high = 0;  ///< Another one than before: the shard has lost what it held. Send all that is kept.
  uint64_t store_low = 0;
  bool operator==(const EventBlockHeld&) const = default;
  static constexpr auto fields() {
    using E = EventBlockHeld;
    return std::tuple{&E::next_seq, &E::store_high, &E::store_low};
  }
};

}  // namespace troupe::protocol
