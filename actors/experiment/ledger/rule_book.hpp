#pragma once
// RuleBook: the rules of all experiments whose events are summed up here.

#include <map>
#include <string_view>

#include "actors/experiment/ledger/rules.hpp"

namespace troupe::experiment {

class RuleBook {
 public:
  void set(Rules rules);
  void remove(uint32_t experiment) { rules_.erase(experiment); }
  /// nullptr: not known.
  const Rules* find(uint32_t experiment) const;
  const std::map<uint32_t, Rules>& all() const noexcept { return rules_; }

 private:
  std::map<uint32_t, Rules> rules_;
};

/// Index of the measure that outcomes of this name are of; none: the experiment has no such.
std::optional<uint16_t> outcome_measure(const Rules& rules, std::string_view name);

}  // namespace troupe::experiment
