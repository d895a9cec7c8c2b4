#include "actors/experiment/assignment/segments.hpp"

#include <algorithm>

namespace troupe::experiment {

uint32_t parts_of(const Segmentation& segmentation) {
  return static_cast<uint32_t>(segmentation.values.size() + 1);
}

uint32_t segment_count(const std::vector<Segmentation>& segmentations) {
  uint32_t count = 1;
  for (const Segmentation& one : segmentations) count *= parts_of(one);
  return count;
}

uint32_t segment_of(const std::vector<Segmentation>& segmentations, const Features& features) {
  if (segmentations.empty()) return 0;
  uint32_t segment = 0;
  for (const Segmentation& one : segmentations)
    segment = segment * parts_of(one) + index_in(one.values, features(one.feature));
  return segment + 1;
}

std::vector<uint32_t> parts_of_segment(const std::vector<Segmentation>& segmentations, uint32_t segment) {
  std::vector<uint32_t> parts(segmentations.size());
  uint32_t left = segment - 1;
  for (size_t i = segmentations.size(); i-- > 0; left /= parts_of(segmentations[i]))
    parts[i] = left % parts_of(segmentations[i]);
  return parts;
}

}  // namespace troupe::experiment
