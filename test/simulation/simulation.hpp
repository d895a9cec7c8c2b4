#pragma once
// Simulation: one cluster from its first node to its last check, decided by its knobs.

#include <functional>

#include "test/simulation/sim_node.hpp"

namespace troupe::sim {

struct Report {
  std::string violation;  ///< Empty: all was well.
  uint64_t trace = 0;     ///< Equal for equal runs.
  uint64_t steps = 0;
  Duration elapsed{0};  ///< Of virtual time.
  Counts counts;
};

/// `tell`, if given, is told what happens, line by line.
Report simulate(const Knobs& knobs, std::function<void(std::string_view line)> tell = nullptr);

}  // namespace troupe::sim
