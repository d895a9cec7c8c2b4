// What looking at an experiment of 10^8 events costs: the rows of its sums, made from that many values, and Watch over
// them by each method. Prints a table; one core.
//
//   troupe_bench_analysis [events, 100000000]

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "actors/experiment/analysis/segment_analysis.hpp"
#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/decision/verdict.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/lifecycle/experiment_book.hpp"
#include "runtime/base/random.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

constexpr WallTime noon{std::chrono::hours{480'000}};
constexpr int64_t buckets = 500;

Definition asked() {
  Definition made;
  made.name = "sums";
  made.model = "clerk";
  made.variants = {{"control", "1", 0.5}, {"treatment", "2", 0.5}};
  MetricDefinition converted{"converted"};
  converted.role = MetricRole::goal;
  MetricDefinition revenue{"revenue", MetricKind::sum};
  MetricDefinition latency{"p95", MetricKind::quantile, "latency_ms"};
  latency.quantile = 0.95;
  MetricDefinition clicks{"clicks", MetricKind::ratio, "clicks", "views"};
  made.metrics = {converted, revenue, latency, clicks};
  made.window = std::chrono::seconds{60};
  return made;
}

/// As a ledger would have summed up units with 4 events each, evenly over the experiment's time.
Aggregates rows_of(uint64_t events) {
  SeededRandom random(1);
  Aggregates rows;
  const uint64_t units_of_row = events / 4 / (2 * buckets);
  for (uint32_t arm = 0; arm < 2; ++arm) {
    for (int64_t bucket = 0; bucket < buckets; ++bucket) {
      std::array<Row, 4> row;
      for (uint64_t unit = 0; unit < units_of_row; ++unit) {
        const uint64_t bits = random.next();
        const Fixed one = Fixed{1} << fixed_bits;
        const auto latency = static_cast<Fixed>((bits & 0xffff) + 1000) * one / 1000;
        row[0].sums.add({(bits >> 16 & 0xff) < 26 ? one : 0, 0});
        row[1].sums.add({static_cast<Fixed>(bits >> 24 & 0xff) * one, 0});
        row[2].sums.add({});
        ++row[2].counts[bucket_of(latency)];
        row[3].sums.add({static_cast<Fixed>(bits >> 32 & 3) * one, 4 * one});
      }
      for (uint32_t metric = 0; metric < row.size(); ++metric)
        rows.set({1, 1, arm, metric, bucket}, std::move(row[metric]));
    }
  }
  return rows;
}

void measure(const char* name, Method method, const Aggregates& rows) {
  Definition definition = asked();
  definition.rule.method = method;
  if (method == Method::fixed || method == Method::group_sequential) definition.rule.planned_units = 1000;
  ExperimentBook book;
  book.set(book.defined(definition, 1, "salt", noon).value());
  const ExperimentRecord record = book.started("sums", {"1", "2"}, noon).value();
  const WallTime now = noon + definition.rule.maximum_duration;
  std::vector<double> first;
  std::vector<double> next;
  for (int i = 0; i < 9; ++i) {
    Watch watch(record);
    auto begin = Clock::now();
    static_cast<void>(decide(definition, watch.look(rows, now)));
    first.push_back(milliseconds_since(begin));
    begin = Clock::now();
    static_cast<void>(decide(definition, watch.look(rows, now)));
    next.push_back(milliseconds_since(begin));
  }
  std::ranges::sort(first);
  std::ranges::sort(next);
  fmt::print("{:<20} first look {:>8.1f} ms, later ones {:>8.1f} ms (medians of 9)\n", name, first[4], next[4]);
}

/// The units shared out evenly over so many parts: what telling of segments costs whoever asks.
void measure_segments(uint32_t parts, uint64_t events) {
  const Aggregates rows = rows_of(events / parts);
  Definition definition = asked();
  definition.segments = {{"region", {}}};
  for (uint32_t part = 1; part < parts; ++part) definition.segments[0].values.push_back(std::to_string(part));
  ExperimentBook book;
  book.set(book.defined(definition, 1, "salt", noon).value());
  const ExperimentRecord record = book.started("sums", {"1", "2"}, noon).value();
  Aggregates all;
  for (const auto& [key, row] : rows.rows())
    for (uint32_t part = 0; part <= parts; ++part) {
      RowKey of_it = key;
      of_it.metric = of_part(key.metric, part);
      all.set(of_it, row);
    }
  const auto begin = Clock::now();
  const SegmentAnalysis analysis = segment_analysis_of(record, all, noon + definition.rule.maximum_duration);
  fmt::print("{} segments: {:.0f} ms, of {} rows\n", analysis.segmentations[0].parts.size(), milliseconds_since(begin),
             all.rows().size());
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000'000;
  const Aggregates rows = rows_of(events);
  fmt::print("{} events of {} units in {} rows: 2 variants, 4 metrics, {} buckets of time\n", events, events / 4,
             rows.rows().size(), buckets);
  measure("always_valid", Method::always_valid, rows);
  measure("group_sequential", Method::group_sequential, rows);
  measure("fixed", Method::fixed, rows);
  measure("bayesian", Method::bayesian, rows);
  for (const uint32_t parts : {4u, 16u, 256u}) measure_segments(parts, events);
}
