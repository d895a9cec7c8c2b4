#include "test/simulation/knobs.hpp"

#include <cmath>

#include "runtime/base/units.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;

/// Between `low` and `high`, each order of magnitude as likely as the next.
Duration any_of(Random& random, Duration low, Duration high) {
  const double a = std::log(static_cast<double>(low.count()));
  const double b = std::log(static_cast<double>(high.count()));
  return Duration{static_cast<int64_t>(std::exp(a + (b - a) * random.uniform()))};
}

bool chance(Random& random, double p) {
  return random.uniform() < p;
}

}  // namespace

std::string_view to_string(Defect defect) noexcept {
  switch (defect) {
    case Defect::none:
      return "none";
    case Defect::reordering_network:
      return "reordering_network";
    case Defect::doubling_network:
      return "doubling_network";
    case Defect::lost_writes:
      return "lost_writes";
    case Defect::mixed_answers:
      return "mixed_answers";
    case Defect::lost_timers:
      return "lost_timers";
    case Defect::repeated_epoch:
      return "repeated_epoch";
    case Defect::kept_incarnation:
      return "kept_incarnation";
    case Defect::endless_lease:
      return "endless_lease";
  }
  return "unknown";
}

Knobs Knobs::calm(uint64_t seed) {
  Knobs knobs;
  knobs.seed = seed;
  knobs.network.machines = knobs.nodes;
  return knobs;
}

Knobs Knobs::hostile(uint64_t seed, Defect defect) {
  // Not the generator of the run itself: a new knob must not change every choice after it.
  SeededRandom random{seed * 0x9e3779b97f4a7c15ULL + 1};
  Knobs knobs;
  knobs.seed = seed;
  knobs.defect = defect;
  knobs.nodes = 10 + static_cast<uint32_t>(random.below(chance(random, 0.2) ? 41 : 9));
  knobs.gateways = 1 + static_cast<uint32_t>(random.below(4));
  knobs.head_works = chance(random, 0.5);
  knobs.cpus = 2 + static_cast<uint32_t>(random.below(7));
  knobs.network.machines = knobs.nodes;
  knobs.network.latency_min = any_of(random, 20us, 2ms);
  knobs.network.latency_max = knobs.network.latency_min * 4;
  knobs.network.jitter_max = any_of(random, 10us, 50ms);
  knobs.network.peer_queue_max = chance(random, 0.2) ? 4 + random.below(60) : 16384;
  knobs.mailbox_delay_max = chance(random, 0.3) ? Duration{0} : any_of(random, 1us, 10ms);

  knobs.membership.heartbeat_interval = any_of(random, 200ms, 1s);
  // A head that needs longer for the beats of all nodes than they need to come again is no fault that it could mend.
  knobs.mailbox_delay_max = std::min(knobs.mailbox_delay_max, knobs.membership.heartbeat_interval / (4 * knobs.nodes));
  knobs.membership.suspect_after = knobs.membership.heartbeat_interval * 3;
  knobs.membership.down_after = knobs.membership.heartbeat_interval * static_cast<int64_t>(4 + random.below(6));
  knobs.adoption_grace = any_of(random, 500ms, 5s);
  knobs.heartbeat_patience = any_of(random, 300ms, 3s);
  knobs.join_retry = any_of(random, 20ms, 1s);
  knobs.drain_patience = any_of(random, 100ms, 5s);
  if (chance(random, 0.2)) knobs.admission.requests_max = 1 + static_cast<uint32_t>(random.below(20));
  if (chance(random, 0.2)) knobs.admission.requests_per_model_max = 1 + static_cast<uint32_t>(random.below(10));

  knobs.store_delay_max = any_of(random, 100us, 300ms);
  knobs.store_error_chance = chance(random, 0.2) ? 0.2 : 0;
  knobs.load_time_max = any_of(random, 10ms, 2s);
  knobs.load_error_chance = chance(random, 0.2) ? 0.2 : 0;
  knobs.part_time_max = any_of(random, 1ms, 300ms);
  knobs.slots_max = 1 + static_cast<uint32_t>(random.below(16));

  knobs.active = Duration{8s} + Duration{1s} * static_cast<int64_t>(random.below(10));
  knobs.requests_per_second = 5 + 60 * random.uniform();
  knobs.deadline_max = any_of(random, 300ms, 8s);
  knobs.deployments = 1 + static_cast<uint32_t>(random.below(4));
  knobs.changes_per_second = random.uniform();
  knobs.faults_per_second = chance(random, 0.1) ? 0 : 1.5 * random.uniform();
  knobs.lost_disk_chance = chance(random, 0.1) ? 0.5 : 0;
  knobs.weight_lease = knobs.membership.heartbeat_interval * static_cast<int64_t>(3 + random.below(6));

  switch (defect) {
    case Defect::reordering_network:
      knobs.network.swap_chance = 0.2;
      break;
    case Defect::doubling_network:
      knobs.network.duplicate_chance = 0.05;
      break;
    case Defect::lost_writes:
    case Defect::repeated_epoch:
      knobs.lost_disk_chance = 0;
      break;
    case Defect::kept_incarnation:
      knobs.network.keeps_incarnation = true;
      break;
    case Defect::none:
    case Defect::mixed_answers:
    case Defect::lost_timers:
    case Defect::endless_lease:
      break;
  }
  return knobs;
}

std::string Knobs::str() const {
  return fmt::format(
      "{} nodes, {} gateways, {} deployments, {:.0f} requests/s, {:.1f} changes/s, {:.1f} faults/s, heartbeat {}, "
      "active {}",
      nodes, gateways, deployments, requests_per_second, changes_per_second, faults_per_second,
      format_duration(membership.heartbeat_interval), format_duration(active));
}

}  // namespace troupe::sim
