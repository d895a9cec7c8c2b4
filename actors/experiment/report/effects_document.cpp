#include "actors/experiment/report/effects_document.hpp"

#include <nlohmann/json.hpp>

namespace troupe::experiment {
namespace {

using nlohmann::json;

json effect_document(const Definition& definition, const FactorEffects& told, const FactorEffect& effect) {
  json made{{"metric", definition.metrics[effect.metric].name},
            {"levels", json::object()},
            {"against", json::object()},
            {"units", effect.units},
            {"sure", effect.is_sure}};
  for (const FactorMove& move : effect.moves) {
    const Factor& factor = told.design.factors[move.factor];
    made["levels"][factor.name] = factor.levels[move.level];
    made["against"][factor.name] = factor.levels.front();
  }
  if (effect.value) {
    made["difference"] = *effect.value;
    made["standard_error"] = effect.standard_error;
  }
  if (effect.interval) made["interval"] = {effect.interval->low, effect.interval->high};
  if (!effect.reason.empty()) made["reason"] = effect.reason;
  return made;
}

}  // namespace

std::string document_of(const ExperimentRecord& record, const FactorEffects& told) {
  const Definition& definition = record.definition;
  json document{{"experiment", definition.name}, {"alpha", definition.rule.alpha}, {"alpha_of_each", told.alpha},
                {"factors", json::array()},      {"effects", json::array()},       {"not_told", json::array()}};
  for (const Factor& factor : told.design.factors)
    document["factors"].push_back({{"name", factor.name}, {"levels", factor.levels}});
  for (const FactorEffect& effect : told.effects)
    document["effects"].push_back(effect_document(definition, told, effect));
  for (const auto& [metric, why] : told.not_told)
    document["not_told"].push_back({{"metric", definition.metrics[metric].name}, {"reason", why}});
  return document.dump();
}

}  // namespace troupe::experiment
