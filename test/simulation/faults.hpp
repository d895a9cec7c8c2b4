#pragma once
// Faults: what goes wrong in a simulated cluster, and how it ends again.

#include <functional>

#include "test/simulation/workload.hpp"

namespace troupe::sim {

class Faults {
 public:
  Faults(World& world, Nodes& nodes, Operator& people) : world_(world), nodes_(nodes), operator_(people) {}

  void begin();
  /// Nothing new; what is broken is mended, who is away comes back.
  void heal();

  // Each at once; it ends by itself.
  void kill(SimNode& node, bool silently, Duration away);
  void freeze(SimNode& node, Duration span);

 private:
  void next();
  void one();
  void partition(Duration span);
  void cut(Machine from, Machine to, Duration span);
  void slow(Duration span);
  SimBackend* backend_of(SimNode& node);
  void break_backend();
  void break_worker();
  void leave(SimNode& node, Duration away);
  void come_back(SimNode& node, Duration away);
  SimNode& any_node();
  void tell(std::string_view what, const SimNode& node, Duration span);

  World& world_;
  Nodes& nodes_;
  Operator& operator_;
  bool healed_ = false;
  std::vector<std::function<void()>> undo_;  ///< Of network faults; each works once.
};

}  // namespace troupe::sim
