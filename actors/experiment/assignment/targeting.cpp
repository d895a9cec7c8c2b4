#include "actors/experiment/assignment/targeting.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::experiment {
namespace {

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<double> number_of(const FeatureValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto* text = std::get_if<std::string_view>(&value);
  return text == nullptr ? std::nullopt : parse_number(*text);
}

}  // namespace

uint32_t index_in(const std::vector<std::string>& values, const FeatureValue& value) {
  auto found = values.end();
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    found = std::ranges::find(values, *text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    found = std::ranges::find_if(values, [&](const std::string& known) { return parse_number(known) == *number; });
  }
  return static_cast<uint32_t>(found - values.begin());
}

bool matches(const protocol::TargetCondition& condition, const FeatureValue& value) {
  using Kind = protocol::ConditionKind;
  const bool is_present = !std::holds_alternative<std::monostate>(value);
  switch (condition.kind) {
    case Kind::any_of:
      return index_in(condition.values, value) < condition.values.size();
    case Kind::none_of:
      return index_in(condition.values, value) == condition.values.size();
    case Kind::at_least: {
      const auto number = number_of(value);
      return number && *number >= condition.number;
    }
    case Kind::below: {
      const auto number = number_of(value);
      return number && *number < condition.number;
    }
    case Kind::present:
      return is_present;
    case Kind::absent:
      return !is_present;
  }
  return false;
}

bool matches(const std::vector<protocol::TargetCondition>& conditions, const Features& features) {
  return std::ranges::all_of(conditions, [&](const protocol::TargetCondition& condition) {
    return matches(condition, features(condition.feature));
  });
}

}  // namespace troupe::experiment
