#pragma once
// What clients measured, as they tell it to a gateway's ZeroMQ door. What is valid says the gateway
// (actors/gateway/reported_outcomes.hpp).

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/protocol/experiments.hpp"
#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

/// Something that was measured on a unit.
struct ReportedOutcome {
  std::string unit;  ///< The user, session, key or request that requests were made under.
  std::string name;  ///< What was measured: a measure of an experiment, such as "conversion".
  double value = 1;
  UnitKind kind = UnitKind::user;             ///< What the unit is.
  std::optional<double> time = std::nullopt;  ///< Unix seconds, fractions too; none: now.
  /// What is sent twice under one id counts once; none: it is an event of its own.
  std::optional<std::string> id = std::nullopt;
  bool operator==(const ReportedOutcome&) const = default;
  static constexpr auto fields() {
    using R = ReportedOutcome;
    return std::tuple{&R::unit, &R::name, &R::value, &R::kind, &R::time, &R::id};
  }
};

/// Client -> gateway's ZeroMQ door. Answered by OutcomesRecorded, or by an error.
struct RecordOutcomes {
  static constexpr auto message_type = MessageType::record_outcomes;
  std::vector<ReportedOutcome> events;
  bool operator==(const RecordOutcomes&) const = default;
  static constexpr auto fields() { return std::tuple{&RecordOutcomes::events}; }
};

/// All of them are on the gateway's disk.
struct OutcomesRecorded {
  static constexpr auto message_type = MessageType::outcomes_recorded;
  uint32_t recorded = 0;  ///< How many.
  bool operator==(const OutcomesRecorded&) const = default;
  static constexpr auto fields() { return std::tuple{&OutcomesRecorded::recorded}; }
};

}  // namespace troupe::protocol
