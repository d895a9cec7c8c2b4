#include "cluster/head/experiment_views.hpp"

#include <algorithm>

#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/lifecycle/revisions.hpp"
#include "cluster/spec/experiment_document.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/config/bind.hpp"

namespace troupe::cluster {

using experiment::ExperimentRecord;
using nlohmann::json;

namespace {

json time_of(int64_t unix_us) {
  return unix_us == 0 ? json(nullptr) : json(to_iso8601(wall_time_from_unix_microseconds(unix_us)));
}

std::string_view name_of(protocol::UnitKind kind) {
  const auto* const row = std::ranges::find(protocol::unit_names, kind, &config::EnumName<protocol::UnitKind>::value);
  return row == protocol::unit_names.end() ? "unknown" : row->name;
}

json slots_of(const ExperimentRecord& record, const experiment::Revision& revision) {
  json slots = json::array();
  for (const auto& [first, arm] : revision.slots)
    slots.push_back({{"first", first}, {"variant", record.definition.variants[arm].name}});
  return slots;
}

/// Who gets what, so that others can work it out as gateways do (troupe.experiments of the Python package). Null of a
/// draft: nobody gets anything. Where each segment has weights of its own, so many `slots_by_segment` stand there, in
/// the order of assignment/segments.hpp.
json assignment_of(const ExperimentRecord& record) {
  if (record.revisions.empty()) return nullptr;
  json assignment{{"unit", name_of(record.definition.unit)}, {"salt", record.salt},
                  {"layer", record.definition.layer},        {"layer_first", record.layer_first},
                  {"layer_end", record.layer_end},           {"overrides", record.definition.overrides}};
  if (!experiment::weighs_segments(record.definition)) {
    assignment["slots"] = slots_of(record, record.revisions.back());
    return assignment;
  }
  for (const protocol::Segmentation& one : record.definition.segments)
    assignment["segments"].push_back({{"feature", one.feature}, {"values", one.values}});
  for (const experiment::Revision* const revision : experiment::present_revisions(record))
    assignment["slots_by_segment"].push_back(slots_of(record, *revision));
  return assignment;
}

json revision_of(const ExperimentRecord& record, const experiment::Revision& revision) {
  json row{{"number", revision.number},
           {"at", time_of(revision.at_unix_us)},
           {"weights", revision.weights},
           {"moved", static_cast<double>(revision.moved) / experiment::slot_count}};
  if (revision.segment != 0) row["segment"] = experiment::segment_name(record.definition.segments, revision.segment);
  return row;
}

json row_of(const ExperimentRecord& record, const std::string& trouble) {
  const bool has_one_weight = !experiment::weighs_segments(record.definition);
  json variants = json::array();
  for (const experiment::VariantDefinition& variant : record.definition.variants) {
    variants.push_back({{"name", variant.name},
                        {"version", variant.version},
                        {"weight", has_one_weight ? json(variant.weight) : json(nullptr)}});
    if (!variant.factors.empty()) variants.back()["factors"] = variant.factors;
  }
  return {{"name", record.definition.name},
          {"model", record.definition.model},
          {"state", experiment::name_of(record.state)},
          {"variants", std::move(variants)},
          {"created", time_of(record.created_unix_us)},
          {"started", time_of(record.started_unix_us)},
          {"ended", time_of(record.ended_unix_us)},
          {"reason", trouble.empty() ? record.reason : trouble}};
}

/// What the list shows of a document; nothing of one that is empty.
void add_standing(json& row, const std::string& document) {
  const json said = json::parse(document, nullptr, false);
  row["sentence"] = row["reason"];
  if (!said.is_object()) return;
  if (row["reason"] == "") row["sentence"] = said.value("sentence", "");
  const json arms = said.value("variants", json::array());
  for (size_t arm = 0; arm < arms.size() && arm < row["variants"].size(); ++arm)
    row["variants"][arm]["units"] = arms[arm].value("units", uint64_t{0});
}

}  // namespace

json experiments_view(const experiment::ExperimentBook& experiments, const ExperimentDocuments& documents,
                      const ExperimentTroubles& troubles) {
  json rows = json::array();
  for (const auto& [name, record] : experiments.all()) {
    const auto document = documents.find(name);
    const auto trouble = troubles.find(name);
    rows.push_back(row_of(record, trouble == troubles.end() ? "" : trouble->second));
    add_standing(rows.back(), document == documents.end() ? record.verdict : document->second);
  }
  return rows;
}

json experiment_view(const ExperimentRecord& record, const std::string& document, const std::string& trouble) {
  json view = row_of(record, trouble);
  add_standing(view, document);
  view["definition"] = config::to_yaml(record.definition);
  view["revisions"] = json::array();
  for (const experiment::Revision& revision : record.revisions)
    view["revisions"].push_back(revision_of(record, revision));
  view["assignment"] = assignment_of(record);
  view["segmentations"] = json::array();
  for (const protocol::Segmentation& one : record.definition.segments) view["segmentations"].push_back(one.feature);
  const json said = json::parse(document, nullptr, false);
  view["analysis"] = said.is_discarded() ? json(nullptr) : said;
  return view;
}

}  // namespace troupe::cluster
