#include "actors/experiment/report/segments_document.hpp"

#include <nlohmann/json.hpp>

#include "actors/experiment/decision/comparison_json.hpp"
#include "runtime/base/iso8601.hpp"

namespace troupe::experiment {
namespace {

using nlohmann::json;

json part_of(const Definition& definition, const PartAnalysis& part, const std::string* value) {
  json made{{"value", value == nullptr ? json(nullptr) : json(*value)},
            {"variants", json::array()},
            {"comparisons", json::array()}};
  for (size_t arm = 0; arm < definition.variants.size() && arm < part.units.size(); ++arm)
    made["variants"].push_back({{"name", definition.variants[arm].name}, {"units", part.units[arm]}});
  for (const Comparison& comparison : part.comparisons) made["comparisons"].push_back(json_of(definition, comparison));
  return made;
}

json test_of(const Definition& definition, const PartsTest& test) {
  json made{{"metric", definition.metrics[test.metric].name},
            {"variant", definition.variants[test.arm].name},
            {"parts", test.parts}};
  if (test.test) {
    made["method"] = test.test->method;
    made["q"] = json_of(test.test->statistic);
    made["df"] = test.test->df;
    made["p_value"] = test.test->p_value;
    made["adjusted_p"] = test.adjusted_p;
  } else {
    made["reason"] = test.reason;
  }
  return made;
}

json segmentation_of(const Definition& definition, const protocol::Segmentation& asked,
                     const SegmentationAnalysis& analysis) {
  json made{{"feature", asked.feature}, {"parts", json::array()}, {"heterogeneity", json::array()}};
  for (size_t part = 0; part < analysis.parts.size(); ++part)
    made["parts"].push_back(
        part_of(definition, analysis.parts[part], part < asked.values.size() ? &asked.values[part] : nullptr));
  for (const PartsTest& test : analysis.tests) made["heterogeneity"].push_back(test_of(definition, test));
  return made;
}

}  // namespace

std::string document_of(const ExperimentRecord& record, const SegmentAnalysis& analysis) {
  const Definition& definition = record.definition;
  json document{{"experiment", definition.name},
                {"number", record.number},
                {"state", name_of(record.state)},
                {"at", to_iso8601(analysis.at)},
                {"alpha", definition.rule.alpha},
                {"interval_alpha", analysis.interval_alpha},
                {"units_in_no_part", analysis.units_in_no_part},
                {"segmentations", json::array()},
                {"findings", findings_of(definition, analysis)},
                {"cautions", cautions_of(definition, analysis)}};
  for (size_t i = 0; i < analysis.segmentations.size(); ++i)
    document["segmentations"].push_back(segmentation_of(definition, definition.segments[i], analysis.segmentations[i]));
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace troupe::experiment
