#pragma once
// Targeting: which requests an experiment is about. Pure.

#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/result.hpp"
#include "runtime/protocol/experiments.hpp"

namespace troupe::experiment {

/// What a request has under a feature's name; nothing, text, or a number.
using FeatureValue = std::variant<std::monostate, std::string_view, double>;

/// The features of one request, looked up by name only where a condition asks.
using Features = std::function<FeatureValue(std::string_view name)>;

/// Which of the values it is, `values.size()` where it is none of them. A number is the one that spells it.
uint32_t index_in(const std::vector<std::string>& values, const FeatureValue& value);

/// Text that spells a number counts as one where a number is asked for, and a number is told from text as it is
/// written.
bool matches(const protocol::TargetCondition& condition, const FeatureValue& value);
bool matches(const std::vector<protocol::TargetCondition>& conditions, const Features& features);

}  // namespace troupe::experiment
