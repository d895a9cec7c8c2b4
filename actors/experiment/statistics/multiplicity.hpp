#pragma once
// Several questions of one experiment: p values adjusted so that each can be compared with alpha itself.

#include <span>
#include <vector>

#include "runtime/base/result.hpp"

namespace troupe::experiment {

/// bonferroni: n p, bounds the chance of any false discovery under any dependence.
/// holm: the same bound, never less powerful (Holm 1979).
/// benjamini_hochberg: bounds the expected share of false discoveries, for independent or positively dependent tests
/// (Benjamini and Hochberg 1995).
enum class Correction { bonferroni, holm, benjamini_hochberg };

/// In the order given; none for none. Refuses a p outside [0, 1].
Result<std::vector<double>> adjusted_p_values(std::span<const double> p_values, Correction correction);

}  // namespace troupe::experiment
