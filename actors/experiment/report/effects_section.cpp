#include "actors/experiment/report/effects_section.hpp"

#include <fmt/format.h>

#include "actors/experiment/report/html.hpp"

namespace troupe::experiment {
namespace {

/// "prompt: long against short", or of two "prompt: long × temperature: high".
std::string name_of(const VariantDesign& design, const FactorEffect& effect) {
  std::string name;
  for (const FactorMove& move : effect.moves) {
    const Factor& factor = design.factors[move.factor];
    name += fmt::format("{}{}: {}", name.empty() ? "" : " × ", factor.name, factor.levels[move.level]);
    if (effect.moves.size() == 1) name += " against " + factor.levels.front();
  }
  return name;
}

/// A difference of rates is in points.
Scale scale_of(const MetricDefinition& metric) {
  return metric.kind == MetricKind::conversion ? Scale::points : Scale::number;
}

std::string row_of(const Definition& definition, const VariantDesign& design, const FactorEffect& effect) {
  const MetricDefinition& metric = definition.metrics[effect.metric];
  const Scale scale = scale_of(metric);
  const std::string ends = effect.interval ? fmt::format("[{}, {}]", text_of(effect.interval->low, scale),
                                                         text_of(effect.interval->high, scale))
                                           : std::string();
  return fmt::format(
      R"(<tr><td>{}</td><td class="wide">{}</td><td class="n">{}</td><td class="n">{}<small>{}</small></td>)"
      R"(<td class="n">{}</td><td>{}<small>{}</small></td></tr>)",
      escaped(metric.name), escaped(name_of(design, effect)), effect.units, text_of(effect.value, scale), ends,
      effect.value ? text_of(effect.standard_error, Scale::number) : "–", effect.is_sure ? "sure" : "not sure",
      escaped(effect.reason));
}

}  // namespace

std::string effects_section(const Definition& definition, const FactorEffects& told) {
  if (told.design.factors.empty()) return {};
  std::string html = fmt::format(
      R"(<h2>Factors</h2><p class="soft">Each level against the control's, evenly over the other factors' levels; and )"
      "what two factors do together beyond what each does alone. All intervals hold together, at any time, at {:g} "
      "%.</p>",
      100 * (1 - definition.rule.alpha));
  if (!told.effects.empty()) {
    html += R"(<div class="scroll"><table><thead><tr><th>Metric</th><th>Effect</th><th class="n">Units</th>)"
            R"(<th class="n">Difference</th><th class="n">Standard error</th><th>Evidence</th></tr></thead><tbody>)";
    for (const FactorEffect& effect : told.effects) html += row_of(definition, told.design, effect);
    html += "</tbody></table></div>";
  }
  for (const auto& [metric, why] : told.not_told)
    html += fmt::format("<p class=\"soft\">{} has no effects here: {}.</p>", escaped(definition.metrics[metric].name),
                        escaped(why));
  return html;
}

}  // namespace troupe::experiment
