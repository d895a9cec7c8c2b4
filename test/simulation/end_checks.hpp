#pragma once
// EndChecks: what must be true of a cluster that was left in peace.

#include <set>
#include <string>

#include "test/simulation/workload.hpp"

namespace troupe::sim {

class EndChecks {
 public:
  EndChecks(World& world, Nodes& nodes, Operator& people) : world_(world), nodes_(nodes), operator_(people) {}

  /// What is not yet as it shall be, the first thing found; empty: nodes, replicas and routes are what was wished.
  std::string unsettled() const;
  /// What is held although nothing is going on; empty: each node has held nothing at one look or another. Heartbeats
  /// never stop, so at each moment some node has a call open.
  std::string leaked();
  /// Asks the head what it believes; the answer is in the next unsettled(). Who was declared down must not be back
  /// under the same incarnation.
  void ask_head();
  /// An actor crashed that no fault has crashed.
  void check_crashes() const;
  /// No gateway goes by weights that the head has not confirmed for longer than their lease.
  void check_leases() const;

 private:
  struct Replicas;

  bool was_broken(const std::string& path) const;
  void check_lives(Epoch epoch);
  std::string wrong_members() const;
  std::string wrong_replicas() const;
  std::string wrong_routes() const;
  std::string held(const SimNode& node) const;
  std::string wrong_actors(const SimNode& node) const;

  World& world_;
  Nodes& nodes_;
  Operator& operator_;
  std::set<uint32_t> clean_;                                 ///< Nodes that were seen to hold nothing.
  std::set<std::tuple<Epoch, std::string, uint64_t>> over_;  ///< Lives that were declared down.
  std::string nodes_view_;
  std::string deployments_view_;
};

}  // namespace troupe::sim
