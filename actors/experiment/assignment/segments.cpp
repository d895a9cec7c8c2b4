#include "actors/experiment/assignment/segments.hpp"

#include <fmt/format.h>

#include "runtime/base/mixed_radix.hpp"

namespace troupe::experiment {

namespace {

std::string_view value_name(const Segmentation& segmentation, uint32_t part) {
  return part < segmentation.values.size() ? std::string_view(segmentation.values[part]) : other_values;
}

}  // namespace

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

uint32_t part_number(const std::vector<Segmentation>& segmentations, size_t segmentation, uint32_t part) {
  uint32_t number = 1 + part;
  for (size_t i = 0; i < segmentation; ++i) number += parts_of(segmentations[i]);
  return number;
}

std::string part_name(const std::vector<Segmentation>& segmentations, uint32_t number) {
  uint32_t part = number - 1;
  for (const Segmentation& one : segmentations) {
    if (part < parts_of(one)) return fmt::format("{} {}", one.feature, value_name(one, part));
    part -= parts_of(one);
  }
  return fmt::format("part {}", number);
}

std::vector<uint32_t> parts_of_segment(const std::vector<Segmentation>& segmentations, uint32_t segment) {
  std::vector<size_t> counts;
  for (const Segmentation& one : segmentations) counts.push_back(parts_of(one));
  const std::vector<size_t> parts = mixed_radix_digits(segment - 1, counts);
  return {parts.begin(), parts.end()};
}

std::string segment_name(const std::vector<Segmentation>& segmentations, uint32_t segment) {
  const std::vector<uint32_t> parts = parts_of_segment(segmentations, segment);
  std::string name;
  for (size_t i = 0; i < parts.size(); ++i)
    name +=
        fmt::format("{}{}={}", i == 0 ? "" : ", ", segmentations[i].feature, value_name(segmentations[i], parts[i]));
  return name;
}

}  // namespace troupe::experiment
