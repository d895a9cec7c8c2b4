#include "actors/experiment/definition/factors.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "runtime/base/mixed_radix.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

constexpr size_t factors_max = 6;  ///< As in statistics/factorial.hpp.
constexpr size_t text_bytes_max = 64;

using Levels = std::map<std::string, std::string>;

std::vector<std::string> names_in(const Levels& levels) {
  std::vector<std::string> names;
  for (const auto& [name, level] : levels) names.push_back(name);
  return names;
}

/// "prompt = long and temperature = high"
std::string text_of(const Levels& levels) {
  std::vector<std::string> parts;
  for (const auto& [name, level] : levels) parts.push_back(fmt::format("{} = {}", name, level));
  return fmt::format("{}", fmt::join(parts, " and "));
}

bool is_text(const std::string& text) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return !text.empty() && text.size() <= text_bytes_max && std::ranges::none_of(text, is_control);
}

/// `variant` beside the control.
Status check_names(const VariantDefinition& control, const VariantDefinition& variant) {
  const auto wanted = names_in(control.factors);
  const auto found = names_in(variant.factors);
  for (const std::string& name : found)
    if (!control.factors.contains(name))
      return fail(Errc::invalid_argument, "variant {}: factor {} is none of {}'s{}; all variants name the same",
                  variant.name, name, control.name, did_you_mean(name, wanted));
  for (const std::string& name : wanted)
    if (!variant.factors.contains(name))
      return fail(Errc::invalid_argument, "variant {}: factor {} is missing; all variants name the same, and {} has {}",
                  variant.name, name, control.name, fmt::join(wanted, ", "));
  for (const auto& [name, level] : variant.factors)
    if (!is_text(name) || !is_text(level))
      return fail(Errc::invalid_argument, "variant {}: factors and their levels have 1 to {} printable bytes",
                  variant.name, text_bytes_max);
  return {};
}

Result<Factor> factor_named(const std::string& name, const Definition& definition) {
  Factor factor{name, {}};
  for (const VariantDefinition& variant : definition.variants) {
    const std::string& level = variant.factors.at(name);
    if (std::ranges::find(factor.levels, level) == factor.levels.end()) factor.levels.push_back(level);
  }
  if (factor.levels.size() > 1) return factor;
  return fail(Errc::invalid_argument, "variants: factor {} has one level, {}: there is nothing to hold it against",
              name, factor.levels[0]);
}

Result<uint32_t> arm_with(const Levels& combination, const Definition& definition) {
  const auto& variants = definition.variants;
  const auto found = std::ranges::find(variants, combination, &VariantDefinition::factors);
  if (found == variants.end())
    return fail(Errc::invalid_argument, "variants: none has {}; of factors every combination of levels is a variant",
                text_of(combination));
  const auto second = std::find_if(found + 1, variants.end(),
                                   [&](const VariantDefinition& other) { return other.factors == combination; });
  if (second == variants.end()) return static_cast<uint32_t>(found - variants.begin());
  return fail(Errc::invalid_argument, "variants: {} and {} both have {}", found->name, second->name,
              text_of(combination));
}

}  // namespace

std::vector<size_t> level_counts(const std::vector<Factor>& factors) {
  std::vector<size_t> counts;
  for (const Factor& factor : factors) counts.push_back(factor.levels.size());
  return counts;
}

Result<VariantDesign> design_of(const Definition& definition) {
  VariantDesign design;
  const auto has_none = [](const VariantDefinition& variant) { return variant.factors.empty(); };
  if (std::ranges::all_of(definition.variants, has_none)) return design;
  const VariantDefinition& control = definition.variants.front();
  if (control.factors.size() > factors_max)
    return fail(Errc::invalid_argument, "variant {}: there are {} factors; a design has at most {}", control.name,
                control.factors.size(), factors_max);
  for (const VariantDefinition& variant : definition.variants) TROUPE_CHECK(check_names(control, variant));
  for (const auto& [name, level] : control.factors) {
    TROUPE_TRY(Factor factor, factor_named(name, definition));
    design.factors.push_back(std::move(factor));
  }
  const std::vector<size_t> counts = level_counts(design.factors);
  const size_t combinations = std::accumulate(counts.begin(), counts.end(), size_t{1}, std::multiplies<>());
  for (size_t cell = 0; cell < combinations; ++cell) {
    const std::vector<size_t> levels = mixed_radix_digits(cell, counts);
    Levels combination;
    for (size_t i = 0; i < levels.size(); ++i)
      combination.emplace(design.factors[i].name, design.factors[i].levels[levels[i]]);
    TROUPE_TRY(const uint32_t arm, arm_with(combination, definition));
    design.arms.push_back(arm);
  }
  return design;
}

}  // namespace troupe::experiment
