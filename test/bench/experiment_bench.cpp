// What assigning a unit costs, and what summing up its events does. Prints a table; one core.
//
//   troupe_bench_experiment [seconds a row, 1]

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "actors/experiment/assignment/plan.hpp"
#include "actors/experiment/ledger/stored_ledger.hpp"
#include "runtime/base/random.hpp"
#include "test/bench/experiment_events.hpp"

using namespace troupe;
using namespace troupe::experiment;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Runs `pass`, which says how many things it did, for so long; prints how many of them a second.
template <class Pass>
void measure(const char* what, double seconds, Pass pass) {
  pass();
  const auto begin = Clock::now();
  size_t done = 0;
  while (seconds_since(begin) < seconds) done += pass();
  const double rate = static_cast<double>(done) / seconds_since(begin);
  fmt::print("{:<56} {:>10.2f} million/s {:>8.0f} ns\n", what, rate / 1e6, 1e9 / rate);
}

constexpr WallTime noon{std::chrono::hours{480'000}};

protocol::RoutedExperiment half_and_half(const std::string& name) {
  protocol::RoutedExperiment made;
  made.name = made.salt = name;
  made.variants = {{"control", "1"}, {"treatment", "2"}};
  made.allocations = {{1, {{0, 0}, {slot_count / 2, 1}}}};
  made.layer = "default";
  made.layer_end = slot_count;
  made.ends_unix_us = unix_microseconds(noon + std::chrono::hours{1});
  return made;
}

void bench_assignment(double seconds) {
  std::vector<std::string> users;
  for (int i = 0; i < 4096; ++i) users.push_back("user-" + std::to_string(i * 7919));
  const Features features = [](std::string_view name) -> FeatureValue {
    return name == "region" ? FeatureValue(std::string_view("eu")) : FeatureValue{};
  };
  uint64_t sum = 0;
  const auto assign_all = [&](const Plan& plan) {
    return [&] {
      for (const std::string& user : users) {
        const auto assignment = plan.assign({.user = user}, features, noon);
        if (assignment) sum += assignment->arm;
      }
      return users.size();
    };
  };
  const Plan one = Plan::of({half_and_half("sums")}).value();
  measure("assign: one experiment", seconds, assign_all(one));

  auto targeted = half_and_half("sums");
  targeted.targets = {{"region", protocol::ConditionKind::any_of, {"us", "eu"}}};
  const Plan with_target = Plan::of({targeted}).value();
  measure("assign: one experiment with a target", seconds, assign_all(with_target));

  auto ramped = half_and_half("sums");
  Allocation allocation = Allocation::from_ranges(ramped.allocations[0].slots, 2).value();
  SeededRandom random(1);
  for (int i = 0; i < 50; ++i) {
    const double share = 0.1 + 0.8 * static_cast<double>(random.below(1000)) / 1000;
    allocation = allocation.reweighted(std::vector{share, 1 - share}).value();
  }
  ramped.allocations[0].slots = allocation.ranges();
  const Plan after_ramps = Plan::of({ramped}).value();
  measure(fmt::format("assign: one experiment, reweighted 50 times ({} ranges)", ramped.allocations[0].slots.size())
              .c_str(),
          seconds, assign_all(after_ramps));

  std::vector<protocol::RoutedExperiment> ten;
  for (uint32_t i = 0; i < 10; ++i) {
    ten.push_back(half_and_half("sums-" + std::to_string(i)));
    ten.back().layer_first = i * slot_count / 10;
    ten.back().layer_end = (i + 1) * slot_count / 10;
  }
  const Plan layer = Plan::of(ten).value();
  measure("assign: ten experiments that share a layer", seconds, assign_all(layer));
  if (sum == 0) fmt::print("nobody was treated\n");
}

/// A third each: exposures, attempts and outcomes.
std::vector<protocol::Event> events_of(size_t count, size_t units, Random& random) {
  std::vector<protocol::Event> events;
  for (size_t i = 0; i < count; ++i) events.push_back(event_of(i, random.below(units), random));
  return events;
}

void bench_ledger(double seconds) {
  RuleBook book;
  book.set(rules());
  SeededRandom random(2);
  for (const size_t units : {size_t{1000}, size_t{100'000}}) {
    const auto events = events_of(100'000, units, random);
    std::map<UnitKey, std::string> store;
    Aggregates sums;
    size_t next = 0;
    measure(fmt::format("ledger: events in batches of 1,000, {} units, as stored", units).c_str(), seconds, [&] {
      EventBatch batch(book);
      for (size_t i = 0; i < 1000; ++i) batch.add(events[(next + i) % events.size()]);
      next += 1000;
      const std::vector<UnitKey> keys = batch.units();
      std::vector<UnitRecord> records;
      for (const UnitKey& key : keys) {
        const std::string& bytes = store[key];
        records.push_back(bytes.empty() ? UnitRecord{} : decode_unit_record(bytes, *book.find(1)).value());
      }
      sums.merge(batch.apply(records).delta);
      for (size_t i = 0; i < keys.size(); ++i) store[keys[i]] = encode(records[i]);
      return size_t{1000};
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 1;
  if (argc > 1) seconds = std::atof(argv[1]);
  bench_assignment(seconds);
  bench_ledger(seconds);
}
