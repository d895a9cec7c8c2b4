#pragma once
// Which of an experiment's revisions hold: the last one, or where each segment has weights of its own (`policy:
// linear`) the last one of each. Pure.

#include <vector>

#include "actors/experiment/lifecycle/record.hpp"

namespace troupe::experiment {

/// What the units of a segment are to be shared out by.
struct SegmentWeights {
  uint32_t segment = 0;         ///< As Revision::segment.
  std::vector<double> weights;  ///< One for each variant.
  bool operator==(const SegmentWeights&) const = default;
};

/// Each segment of units has weights of its own.
bool weighs_segments(const Definition& definition);

/// The segments that have weights of their own, from 1; 0 alone where all units have the same.
std::vector<uint32_t> weighed_segments(const Definition& definition);

/// How many revisions an experiment may have: with its definition and its verdict they are one record of the control
/// state, and must fit there at the end too.
size_t revisions_max(const Definition& definition);

/// By segment; views into `record`. None of a draft.
std::vector<const Revision*> present_revisions(const ExperimentRecord& record);

}  // namespace troupe::experiment
