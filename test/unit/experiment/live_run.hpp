#pragma once
// LiveRun: an experiment in simulated time, from its definition over events and sums to looks at them.

#include <optional>

#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/ledger/event_batch.hpp"
#include "actors/experiment/lifecycle/experiment_book.hpp"
#include "runtime/base/random.hpp"

namespace troupe::experiment {

inline constexpr WallTime noon{std::chrono::hours{480'000}};
inline constexpr int64_t second = 1'000'000;

inline Definition asked() {
  Definition made;
  made.name = "sums";
  made.model = "clerk";
  made.unit = protocol::UnitKind::request;
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  MetricDefinition goal{"correct"};
  goal.role = MetricRole::goal;
  MetricDefinition latency{"p90", MetricKind::quantile, "latency_ms"};
  latency.quantile = 0.9;
  latency.role = MetricRole::guardrail;
  latency.direction = Direction::decrease;
  latency.margin = 0.2;
  MetricDefinition mean{"mean latency", MetricKind::ratio, "latency_ms"};
  mean.name = "mean_latency";
  made.metrics = {goal, latency, mean};
  made.window = std::chrono::seconds{1};
  made.rule.maximum_duration = std::chrono::hours{1};
  return made;
}

/// What a variant does.
struct Behaviour {
  double correct = 0.5;
  int64_t latency_us = 20'000;
  double kept = 1;  ///< Share of its units that are seen at all.
};

struct LiveRun {
  explicit LiveRun(Definition definition = asked()) {
    ExperimentBook book;
    book.set(book.defined(definition, 1, "salt", noon).value());
    record = book.started(definition.name, {"1", "2"}, noon).value();
    rules.set(rules_of(definition, 1, noon));
    watch.emplace(record);
  }

  /// `units` more a second for so many seconds.
  void pass(int seconds, int units, const Behaviour& control, const Behaviour& treatment) {
    const Allocation allocation = Allocation::from_ranges(record.revisions.back().slots, 2).value();
    for (int s = 0; s < seconds; ++s, ++now_s) {
      std::vector<protocol::Event> events;
      for (int i = 0; i < units; ++i) {
        const std::string unit = "request-" + std::to_string(next++);
        const uint32_t arm = allocation.arm_of(slot_of(unit, salt_of(record.salt)));
        const Behaviour& behaviour = arm == 0 ? control : treatment;
        if (random.uniform() >= behaviour.kept) continue;
        const int64_t at = unix_microseconds(noon) + now_s * second + i;
        const protocol::ArmOf place{1, record.revisions.back().number, arm};
        const auto latency = static_cast<int64_t>(static_cast<double>(behaviour.latency_us) * (0.5 + random.uniform()));
        events.push_back({at, definition().unit, unit, protocol::Attempt{place, 0, latency, 0, 1, 1}});
        if (random.uniform() < behaviour.correct)
          events.push_back(
              {at + 1, definition().unit, unit, protocol::Outcome{0, next, "correct", Fixed{1} << fixed_bits}});
      }
      EventBatch batch(rules);
      for (const protocol::Event& event : events) batch.add(event);
      std::vector<UnitRecord> records(batch.units().size());
      aggregates.merge(batch.apply(records).delta);
    }
  }
  Analysis look() { return watch->look(aggregates, noon + std::chrono::seconds{now_s}); }
  const Definition& definition() const { return record.definition; }

  SeededRandom random{5};
  ExperimentRecord record;
  RuleBook rules;
  Aggregates aggregates;
  std::optional<Watch> watch;
  uint64_t next = 0;
  int now_s = 0;
};

}  // namespace troupe::experiment
