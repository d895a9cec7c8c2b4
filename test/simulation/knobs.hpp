#pragma once
// Knobs: everything about one simulated cluster that its seed decides before it begins.

#include <string_view>

#include "actors/gateway/admission.hpp"
#include "cluster/head/membership.hpp"
#include "runtime/bus/sim/network.hpp"

namespace troupe::sim {

/// A known-bad behaviour, planted to prove that the checks find it. None is in the program itself.
enum class Defect : uint8_t {
  none,
  reordering_network,  ///< A message overtakes another of its connection.
  doubling_network,    ///< A message arrives twice.
  lost_writes,         ///< The store acknowledges a write and forgets it.
  mixed_answers,       ///< A back end gives one request the answer of another.
  lost_timers,         ///< Timers that never fire.
  repeated_epoch,      ///< A head that forgets which epochs there were, on a machine whose clock stands still.
  kept_incarnation,    ///< A node that was declared down goes on under the incarnation that it had.
  endless_lease,       ///< Gateways that go by weights for an hour after the head was last heard.
};
inline constexpr Defect defects[] = {Defect::reordering_network, Defect::doubling_network, Defect::lost_writes,
                                     Defect::mixed_answers,      Defect::lost_timers,      Defect::repeated_epoch,
                                     Defect::kept_incarnation,   Defect::endless_lease};
std::string_view to_string(Defect defect) noexcept;

struct Knobs {
  uint64_t seed = 0;
  Defect defect = Defect::none;

  // The cluster. Node 0 is the head.
  uint32_t nodes = 3;      ///< The head included.
  uint32_t gateways = 1;   ///< The first so many nodes are gateways; the head always is one.
  bool head_works = true;  ///< The head is a worker too.
  uint32_t cpus = 4;       ///< Of each worker.
  NetworkOptions network;
  Duration mailbox_delay_max{0};  ///< How long an actor with work may wait for a thread.

  // Settings of the program.
  cluster::MembershipOptions membership;
  Duration adoption_grace = std::chrono::seconds{3};
  Duration heartbeat_patience = std::chrono::seconds{2};
  Duration join_retry = std::chrono::milliseconds{300};
  Duration drain_patience = std::chrono::seconds{5};
  Duration weight_lease = std::chrono::seconds{30};
  gateway::AdmissionOptions admission;

  // What others do.
  Duration store_delay_max = std::chrono::milliseconds{5};
  double store_error_chance = 0;
  Duration load_time_max = std::chrono::milliseconds{500};
  double load_error_chance = 0;
  Duration part_time_max = std::chrono::milliseconds{20};  ///< Of a back end, for one part of an answer.
  uint32_t slots_max = 8;

  // What happens.
  Duration active = std::chrono::seconds{10};  ///< Work and faults; then all is mended.
  double requests_per_second = 50;
  double withdraw_chance = 0.05;
  Duration deadline_max = std::chrono::seconds{5};
  uint32_t deployments = 2;
  double changes_per_second = 0.3;
  double faults_per_second = 0;
  double lost_disk_chance = 0;  ///< Of a head that is killed.

  /// As it should be: small, quiet, no faults.
  static Knobs calm(uint64_t seed);
  /// 3 to 50 nodes (most are small), faults, and settings that nobody would choose.
  static Knobs hostile(uint64_t seed, Defect defect = Defect::none);

  /// One line for people.
  std::string str() const;
};

}  // namespace troupe::sim
