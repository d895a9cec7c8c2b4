#include "actors/experiment/lifecycle/revisions.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "actors/experiment/assignment/segments.hpp"

namespace troupe::experiment {

bool weighs_segments(const Definition& definition) {
  return definition.bandit && definition.bandit->policy == BanditPolicy::linear;
}

std::vector<uint32_t> weighed_segments(const Definition& definition) {
  if (!weighs_segments(definition)) return {0};
  std::vector<uint32_t> segments(segment_count(definition.segments));
  std::iota(segments.begin(), segments.end(), 1u);
  return segments;
}

size_t revisions_max(const Definition& definition) {
  constexpr size_t most = 2000;
  constexpr size_t weights_max = 16'000;
  return std::min(most, weights_max / definition.variants.size());
}

std::vector<const Revision*> present_revisions(const ExperimentRecord& record) {
  std::map<uint32_t, const Revision*> last;
  for (const Revision& revision : record.revisions) last[revision.segment] = &revision;
  std::vector<const Revision*> present;
  for (const auto& [segment, revision] : last) present.push_back(revision);
  return present;
}

}  // namespace troupe::experiment
