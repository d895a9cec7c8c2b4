#pragma once
// Scores of classes from a model's logits.

#include <span>
#include <vector>

#include "gpu/model/encoder_description.hpp"

namespace troupe::gpu {

/// softmax: probabilities that add up to 1; sigmoid: one probability for each; identity: the logits.
std::vector<float> class_scores(std::span<const float> logits, ScoreFunction function);

}  // namespace troupe::gpu
