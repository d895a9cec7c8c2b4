#include "gpu/engine/class_scores.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::gpu {

std::vector<float> class_scores(std::span<const float> logits, ScoreFunction function) {
  std::vector<float> scores(logits.begin(), logits.end());
  switch (function) {
    case ScoreFunction::identity:
      break;
    case ScoreFunction::sigmoid:
      for (float& score : scores) score = 1.0F / (1.0F + std::exp(-score));
      break;
    case ScoreFunction::softmax: {
      const float largest = *std::ranges::max_element(scores);
      float sum = 0;
      for (float& score : scores) sum += score = std::exp(score - largest);
      for (float& score : scores) score /= sum;
      break;
    }
  }
  return scores;
}

}  // namespace troupe::gpu
