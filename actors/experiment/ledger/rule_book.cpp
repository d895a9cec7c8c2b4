#include "actors/experiment/ledger/rule_book.hpp"

namespace troupe::experiment {

void RuleBook::set(Rules rules) {
  rules_[rules.experiment] = std::move(rules);
}

const Rules* RuleBook::find(uint32_t experiment) const {
  const auto found = rules_.find(experiment);
  return found == rules_.end() ? nullptr : &found->second;
}

std::optional<uint16_t> outcome_measure(const Rules& rules, std::string_view name) {
  for (size_t i = 0; i < rules.measures.size(); ++i)
    if (!rules.measures[i].of_attempts && rules.measures[i].name == name) return static_cast<uint16_t>(i);
  return std::nullopt;
}

}  // namespace troupe::experiment
