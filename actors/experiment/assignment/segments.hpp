#pragma once
// Segments: requests told apart by their features, so that what is true of all may be looked at for each. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/experiment/assignment/targeting.hpp"

namespace troupe::experiment {

using protocol::Segmentation;

/// Of one experiment, all its segmentations together.
inline constexpr uint32_t segments_max = 256;

/// Into how many parts a segmentation divides requests: one for each value, and one for all others.
uint32_t parts_of(const Segmentation& segmentation);

/// How all others are called.
inline constexpr std::string_view other_values = "(others)";

/// How many segments there are: each combination of parts is one. 1 without segmentations.
uint32_t segment_count(const std::vector<Segmentation>& segmentations);

/// The segment of a request, from 1; 0 without segmentations. No allocation.
uint32_t segment_of(const std::vector<Segmentation>& segmentations, const Features& features);

/// Parts of all segmentations in one row of numbers, from 1: of the first one those of its values and of all others,
/// then those of the next. The number of a segmentation's part.
uint32_t part_number(const std::vector<Segmentation>& segmentations, size_t segmentation, uint32_t part);

/// "region eu", "region (others)", by that number.
std::string part_name(const std::vector<Segmentation>& segmentations, uint32_t number);

/// The part of each segmentation that make up a segment. Requires 1 <= segment <= segment_count().
std::vector<uint32_t> parts_of_segment(const std::vector<Segmentation>& segmentations, uint32_t segment);

/// "header.x-plan=free, region=(others)"; requires the same.
std::string segment_name(const std::vector<Segmentation>& segmentations, uint32_t segment);

}  // namespace troupe::experiment
