#pragma once
// Verdict: whether an experiment is over, how it ended and why. Pure.

#include <optional>
#include <string>
#include <vector>

#include "actors/experiment/analysis/analysis.hpp"
#include "actors/experiment/lifecycle/record.hpp"

namespace troupe::experiment {

struct Verdict {
  State state = State::inconclusive;  ///< decided, inconclusive or invalid.
  std::optional<uint32_t> winner;     ///< Index of a variant; the control's where every other one lost.
  std::vector<uint32_t> losers;       ///< Variants that are worse, or harm what a guardrail watches.
  std::string sentence;               ///< For somebody who has not seen the experiment.
};

/// What ends the experiment now; none: it goes on. Ends it where
///   - a variant wins: it has the units, one of its goals is significantly better, and by at least the least
///     improvement, none is significantly worse, and no guardrail is harmed, nor has so few values that no harm could
///     be seen; of several the best in the first goal;
///   - every other variant has lost: a goal is significantly worse, a guardrail is surely worse than its margin, or (by
///     the Bayesian method) all goals are practically the same;
///   - the last planned look was made: inconclusive;
///   - its time is over: inconclusive, or invalid where its numbers cannot be trusted. Without units it says so: no
///     traffic is never a pass.
/// While a health check fails nothing else is decided.
std::optional<Verdict> decide(const Definition& definition, const Analysis& analysis);

/// Why nothing is decided yet, in words: "needs 640 more units of treatment".
std::string waiting_for(const Definition& definition, const Analysis& analysis);

/// The document that is kept: numbers, intervals, method, checks and the sentence, as JSON.
std::string document_of(const Definition& definition, const Analysis& analysis, const std::optional<Verdict>& verdict);

}  // namespace troupe::experiment
