#pragma once
// Which arm a unit belongs to. Pure: the same in every process, before and after a restart.

#include <span>
#include <string_view>

namespace troupe::experiment {

/// One choice among several, e.g. a version of a model.
struct Arm {
  std::string_view name;
  double weight = 0;  ///< >= 0; shares are weight / sum of weights.
};

/// The index of the arm that `unit` is given, or arms.size() when no weight is positive.
///
/// Weighted rendezvous hashing (Schindelhauer and Schomaker 2005; score -w / ln(u)): a unit keeps its arm unless that
/// arm's share shrinks or another's grows, and then only as many units move as must. `salt` makes the assignments of
/// different questions independent. O(arms), no allocation.
size_t pick_weighted(std::span<const Arm> arms, std::string_view unit, std::string_view salt);

}  // namespace troupe::experiment
