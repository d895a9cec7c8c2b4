#include "cluster/head/experiment_reader.hpp"

#include "actors/experiment/assignment/segments.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/ledger/attempt_cost.hpp"
#include "actors/experiment/ledger/fixed_point.hpp"
#include "cluster/head/views.hpp"

namespace troupe::cluster {

using experiment::Aggregates;
using experiment::ExperimentRecord;
using experiment::RowKey;
using nlohmann::json;

namespace {

/// Of a slot: who recounts sees by them where to look.
constexpr size_t differences_max = 20;

/// Of a second, six digits: "2026-11-29T15:12:04.123456Z".
std::string time_text(int64_t unix_us) {
  std::string text = to_iso8601(wall_time_from_unix_microseconds(unix_us));
  return text.substr(0, text.find_first_of(".Z")) +
         fmt::format(".{:06}Z", ((unix_us % 1'000'000) + 1'000'000) % 1'000'000);
}

void put_place(const ExperimentRecord& record, const protocol::ArmOf& place, json& row) {
  row["revision"] = place.revision;
  row["variant"] = record.definition.variants[place.arm].name;
}

void put(const ExperimentRecord& record, const protocol::Exposure& exposure, json& row) {
  const auto& segmentations = record.definition.segments;
  row["kind"] = "exposure";
  put_place(record, exposure.place, row);
  if (exposure.segment == 0 || segmentations.empty()) return;
  if (exposure.segment <= experiment::segment_count(segmentations))
    row["segment"] = experiment::segment_name(segmentations, exposure.segment);
}

void put(const ExperimentRecord& record, const protocol::Attempt& attempt, json& row) {
  row["kind"] = "attempt";
  put_place(record, attempt.place, row);
  row["served"] = attempt.cause == 0;
  if (attempt.cause != 0) row["cause"] = to_string(static_cast<Errc>(attempt.cause));
  row["latency_ms"] = static_cast<double>(attempt.latency_us) / 1000;
  if (attempt.first_part_us > 0) row["first_token_ms"] = static_cast<double>(attempt.first_part_us) / 1000;
  row["prompt_tokens"] = attempt.prompt_tokens;
  row["completion_tokens"] = attempt.completion_tokens;
  row["cache_hit"] = attempt.cached;
  if (const auto& price = record.definition.variants[attempt.place.arm].price)
    row["cost"] = experiment::from_fixed(experiment::cost_of(experiment::attempt_price(*price), attempt));
}

void put(const ExperimentRecord&, const protocol::Outcome& outcome, json& row) {
  row["kind"] = "outcome";
  row["name"] = outcome.measure;
  row["value"] = experiment::from_fixed(outcome.value);
  row["id"] = fmt::format("{:016x}{:016x}", outcome.id_high, outcome.id_low);
}

json row_of(const ExperimentRecord& record, const experiment::EventPage::Entry& entry) {
  json row{{"time", time_text(entry.event.time_unix_us)}, {"slot", entry.slot}, {"unit", entry.event.unit}};
  std::visit([&](const auto& what) { put(record, what, row); }, entry.event.what);
  return row;
}

std::string metric_name(const ExperimentRecord& record, uint32_t row_metric) {
  const uint32_t metric = experiment::without_part(row_metric);
  const uint32_t part = experiment::part_in(row_metric);
  const auto& metrics = record.definition.metrics;
  const std::string name = metric == experiment::crossed_units ? "(units in several variants)"
                           : metric < metrics.size()           ? metrics[metric].name
                                                               : fmt::format("metric {}", metric);
  return part == 0 ? name : fmt::format("{} in {}", name, experiment::part_name(record.definition.segments, part));
}

json difference(const ExperimentRecord& record, const RowKey& key, const Aggregates& kept, const Aggregates& counted) {
  const auto side = [&](const Aggregates& rows) {
    const experiment::Row* const row = rows.find(key);
    if (row == nullptr) return json(nullptr);
    return json{{"units", row->sums.units}, {"sum", experiment::from_fixed(row->sums.x)}};
  };
  const auto& variants = record.definition.variants;
  return {{"revision", key.revision},
          {"variant", key.arm < variants.size() ? variants[key.arm].name : fmt::format("arm {}", key.arm)},
          {"metric", metric_name(record, key.metric)},
          {"bucket", key.bucket},
          {"kept", side(kept)},
          {"counted", side(counted)}};
}

/// Rows that are not the same bits on both sides.
std::vector<RowKey> differing(const Aggregates& kept, const Aggregates& counted) {
  std::vector<RowKey> keys;
  for (const auto& [key, row] : kept.rows()) {
    const experiment::Row* const other = counted.find(key);
    if (other == nullptr || !(*other == row)) keys.push_back(key);
  }
  for (const auto& [key, row] : counted.rows())
    if (kept.find(key) == nullptr) keys.push_back(key);
  return keys;
}

}  // namespace

ExperimentReader::ExperimentReader(actor::Context& context, std::shared_ptr<storage::EventDatabase> database)
    : Actor(context), database_(std::move(database)), reader_(*database_) {
  const auto answer = [](const Result<std::string>& text, actor::Reply& reply) {
    text ? reply.finish(ExperimentText{*text}) : reply.fail(text.error());
  };
  serve<ReadEventPage>([this, answer](const std::shared_ptr<const ReadEventPage>& wish, actor::Reply reply) {
    answer(read_page(*wish), reply);
  });
  serve<RecountSlot>([this, answer](const std::shared_ptr<const RecountSlot>& wish, actor::Reply reply) {
    answer(recount(*wish), reply);
  });
  serve<ReadDiskUse>([this, answer](const std::shared_ptr<const ReadDiskUse>& wish, actor::Reply reply) {
    answer(read_disk_use(*wish), reply);
  });
}

Result<std::string> ExperimentReader::read_page(const ReadEventPage& wish) const {
  TROUPE_TRY(const experiment::EventPage page,
             reader_.events(experiment::rules_of(*wish.record), wish.from, wish.limit));
  TROUPE_TRY(const auto removed, reader_.removed_until());
  json events = json::array();
  for (const experiment::EventPage::Entry& entry : page.events) events.push_back(row_of(*wish.record, entry));
  return to_text({{"events", std::move(events)},
                  {"next", page.next ? json(page.next->str()) : json(nullptr)},
                  {"removed_until", removed ? json(to_iso8601(*removed)) : json(nullptr)}});
}

Result<std::string> ExperimentReader::recount(const RecountSlot& wish) const {
  const ExperimentRecord& record = *wish.record;
  TROUPE_TRY(const experiment::SlotRecount recount, reader_.recount(experiment::rules_of(record), wish.slot));
  TROUPE_TRY(const auto removed, reader_.removed_until());
  const std::vector<RowKey> keys = differing(recount.kept, recount.counted);
  json differences = json::array();
  for (size_t i = 0; i < std::min(keys.size(), differences_max); ++i)
    differences.push_back(difference(record, keys[i], recount.kept, recount.counted));
  return to_text({{"slot", wish.slot},
                  {"slots", experiment::event_slots},
                  {"blocks", recount.blocks},
                  {"events", recount.events},
                  {"rows", recount.kept.rows().size()},
                  {"differing", keys.size()},
                  {"differences", std::move(differences)},
                  {"removed_until", removed ? json(to_iso8601(*removed)) : json(nullptr)},
                  {"reaches_back", !removed || unix_microseconds(*removed) < record.started_unix_us}});
}

Result<std::string> ExperimentReader::read_disk_use(const ReadDiskUse& wish) const {
  TROUPE_TRY(const ByteCount own, reader_.bytes_of(wish.record->number));
  TROUPE_TRY(const ByteCount raw, reader_.raw_bytes());
  return to_text({{"units_and_rows_bytes", own.value}, {"raw_bytes_of_all", raw.value}});
}

}  // namespace troupe::cluster
