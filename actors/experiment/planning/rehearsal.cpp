#include "actors/experiment/planning/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "actors/experiment/analysis/bandit_weights.hpp"
#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/assignment/plan.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/ledger/event_batch.hpp"
#include "actors/experiment/lifecycle/experiment_book.hpp"
#include "actors/experiment/planning/alarm_bound.hpp"
#include "actors/experiment/planning/running_moments.hpp"

namespace troupe::experiment {
namespace {

constexpr WallTime start{std::chrono::hours{480'000}};

const MetricDefinition& metric_of(const Definition& definition, const MetricBehaviour& behaviour) {
  return *std::ranges::find(definition.metrics, behaviour.metric, &MetricDefinition::name);
}

Duration duration_of(const RehearsalQuestion& question) {
  const Duration most = question.definition.rule.maximum_duration;
  return question.duration > Duration{0} ? std::min(question.duration, most) : most;
}

bool is_drawn(const RehearsalQuestion& question, const MetricDefinition& metric) {
  return std::ranges::any_of(question.behaviour.metrics, [&](const MetricBehaviour& one) {
    return measure_of(metric_of(question.definition, one)) == measure_of(metric);
  });
}

/// The traffic is what the experiment is about, and it starts now. Of metrics that are not drawn only goals stay, which
/// take their share of alpha: a guardrail without values would let nothing win.
Definition rehearsed(const RehearsalQuestion& question) {
  Definition definition = question.definition;
  definition.targets.clear();
  definition.overrides.clear();
  definition.starts.clear();
  definition.ends.clear();
  std::erase_if(definition.metrics, [&](const MetricDefinition& metric) {
    return metric.role != MetricRole::goal && !is_drawn(question, metric);
  });
  return definition;
}

/// One run.
class Stage {
 public:
  Stage(const RehearsalQuestion& question, uint64_t index)
      : question_(question),
        units_(question.definition, question.behaviour),
        random_(SeededRandom(question.seed + index * 0x9e3779b97f4a7c15).next()),
        definition_(rehearsed(question)),
        record_(started(definition_, static_cast<uint32_t>(index + 1),
                        fmt::format("rehearsal-{}-{}", question.seed, index))),
        plan_(plan_of(record_)),
        watch_(record_) {
    rules_.set(rules_of(record_));
  }

  RehearsalRun run() {
    const Duration end = duration_of(question_);
    RehearsalRun run;
    Analysis analysis;
    while (!run.verdict && now_ < end) {
      pass(std::min(question_.look_every, end - now_));
      analysis = watch_.look(aggregates_, start + now_);
      run.verdict = decide(definition_, analysis);
      if (!run.verdict) follow_bandit();
    }
    if (!run.verdict) run.waiting = waiting_for(definition_, analysis);
    run.elapsed = now_;
    run.units_by_variant = analysis.units;
    for (const uint64_t arm : analysis.units) run.units += arm;
    for (const MetricBehaviour& behaviour : question_.behaviour.metrics) {
      const auto metric = static_cast<uint32_t>(&metric_of(definition_, behaviour) - definition_.metrics.data());
      for (uint32_t arm = 1; arm < definition_.variants.size(); ++arm) {
        const auto said = std::ranges::find_if(
            analysis.comparisons, [&](const Comparison& one) { return one.metric == metric && one.arm == arm; });
        run.estimates.push_back(said == analysis.comparisons.end() ? RunEstimate{}
                                                                   : RunEstimate{said->difference, said->interval});
      }
    }
    return run;
  }

 private:
  static ExperimentRecord started(const Definition& definition, uint32_t number, std::string salt) {
    std::set<std::string> served;
    for (const VariantDefinition& variant : definition.variants) served.insert(variant.version);
    ExperimentBook book;
    book.set(book.defined(definition, number, std::move(salt), start).value());
    return book.started(definition.name, served, start).value();
  }

  static Plan plan_of(const ExperimentRecord& record) {
    ExperimentBook book;
    book.set(record);
    return Plan::of(book.routed(record.definition.model)).value();
  }

  /// As the head does with what the watcher tells it.
  void follow_bandit() {
    const auto weights = bandit_weights(record_, aggregates_, start + now_);
    if (!weights || weights->empty()) return;
    ExperimentBook book;
    book.set(record_);
    auto changed = book.reweighted(definition_.name, *weights, start + now_);
    if (!changed) return;
    record_ = std::move(*changed);
    plan_.emplace(plan_of(record_));
    watch_.update(record_);
  }

  /// The units of the next `step` come, and do what they do by then.
  void pass(Duration step) {
    const double per_ns = question_.units_per_second / 1e9;
    now_ += step;
    const auto until = static_cast<uint64_t>(std::floor(static_cast<double>(now_.count()) * per_ns));
    for (; came_ < until; ++came_)
      add_unit(start + Duration{static_cast<int64_t>(static_cast<double>(came_) / per_ns)});
    apply(take_due());
  }

  /// Events of units that came and of those that waited, up to now.
  std::vector<protocol::Event> take_due() {
    const int64_t now_us = unix_microseconds(start + now_);
    std::vector<protocol::Event> due;
    const int64_t end_us = unix_microseconds(start + duration_of(question_));
    for (protocol::Event& event : events_) {
      if (event.time_unix_us > end_us) continue;
      if (event.time_unix_us <= now_us) {
        due.push_back(std::move(event));
        continue;
      }
      ++waiting_[unit_key(record_.number, event.unit)].events;
      later_.emplace(event.time_unix_us, std::move(event));
    }
    events_.clear();
    while (!later_.empty() && later_.begin()->first <= now_us) {
      due.push_back(std::move(later_.extract(later_.begin()).mapped()));
      --waiting_.at(unit_key(record_.number, due.back().unit)).events;
    }
    return due;
  }

  void apply(const std::vector<protocol::Event>& events) {
    EventBatch batch(rules_);
    for (const protocol::Event& event : events) batch.add(event);
    const std::vector<UnitKey> units = batch.units();
    std::vector<UnitRecord> records;
    for (const UnitKey& unit : units) {
      const auto waiting = waiting_.find(unit);
      records.push_back(waiting == waiting_.end() ? UnitRecord{} : std::move(waiting->second.record));
    }
    aggregates_.merge(batch.apply(records).delta);
    for (size_t i = 0; i < units.size(); ++i) {
      const auto waiting = waiting_.find(units[i]);
      if (waiting == waiting_.end()) continue;
      if (waiting->second.events == 0)
        waiting_.erase(waiting);
      else
        waiting->second.record = std::move(records[i]);
    }
  }

  void add_unit(WallTime at) {
    const std::string unit = fmt::format("u{}", came_);
    const auto assigned = plan_->assign(
        {unit, unit, unit, unit}, [](std::string_view) { return FeatureValue{}; }, at);
    if (!assigned) return;
    units_.draw(unit, {record_.number, assigned->revision, assigned->arm}, unix_microseconds(at), random_, events_);
  }

  /// A unit of which something is still to happen; who is done has no further use for its record.
  struct Waiting {
    UnitRecord record;
    size_t events = 0;
  };

  const RehearsalQuestion& question_;
  UnitDraws units_;
  SeededRandom random_;
  Definition definition_;
  ExperimentRecord record_;
  std::optional<Plan> plan_;
  Watch watch_;
  RuleBook rules_;
  Aggregates aggregates_;
  std::vector<protocol::Event> events_;  ///< Of units that came in this step.
  std::multimap<int64_t, protocol::Event> later_;
  std::map<UnitKey, Waiting> waiting_;  ///< Whose are in later_.
  Duration now_{0};
  uint64_t came_ = 0;  ///< Units.
};

template <class T>
std::optional<T> share_of(std::vector<T>& values, double share) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<size_t>(rank, 1) - 1];
}

void count_end(const RehearsalRun& run, Rehearsal& all) {
  if (!run.verdict) {
    ++all.undecided;
    all.waiting = run.waiting;
  } else if (run.verdict->state == State::inconclusive) {
    ++all.inconclusive;
  } else if (run.verdict->state == State::invalid) {
    ++all.invalid;
    all.sickness = run.verdict->sentence;
  } else {
    ++all.wins[run.verdict->winner.value_or(0)];
  }
}

bool is_decided(const RehearsalRun& run) {
  return run.verdict && run.verdict->state == State::decided;
}

EffectSummary effect_of(const std::vector<RehearsalRun>& runs, size_t index, EffectSummary effect) {
  RunningMoments off;
  RunningMoments off_decided;
  for (const RehearsalRun& run : runs) {
    const RunEstimate& said = run.estimates[index];
    if (!said.difference) continue;
    off.add(*said.difference - effect.truth);
    if (is_decided(run)) off_decided.add(*said.difference - effect.truth);
    effect.intervals_missed += effect.truth < said.interval.low || effect.truth > said.interval.high;
  }
  effect.runs = static_cast<uint64_t>(off.moments().n);
  effect.bias = off.moments().mean;
  if (effect.runs > 1) effect.bias_error = std::sqrt(off.moments().m2 / (off.moments().n - 1) / off.moments().n);
  effect.runs_decided = static_cast<uint64_t>(off_decided.moments().n);
  effect.bias_decided = off_decided.moments().mean;
  return effect;
}

/// Where means are alike and deviations are not, another metric of the same measure, such as a quantile, may differ.
bool is_null(const RehearsalQuestion& question, const std::vector<EffectSummary>& effects) {
  const auto is_same = [](const std::vector<double>& values) {
    return std::ranges::all_of(values, [&](double value) { return value == values[0]; });
  };
  const auto is_shared = [&](const MetricBehaviour& behaviour) {
    const std::string& measure = measure_of(metric_of(question.definition, behaviour));
    return 1 < std::ranges::count_if(question.definition.metrics,
                                     [&](const MetricDefinition& one) { return measure_of(one) == measure; });
  };
  return std::ranges::all_of(effects, [](const EffectSummary& effect) { return effect.truth == 0; }) &&
         std::ranges::all_of(question.behaviour.metrics, [&](const MetricBehaviour& behaviour) {
           return is_same(behaviour.deviations) || !is_shared(behaviour);
         });
}

/// Metrics of which nothing happens.
std::vector<std::string> not_drawn(const RehearsalQuestion& question) {
  std::vector<std::string> names;
  for (const MetricDefinition& metric : question.definition.metrics)
    if (!is_drawn(question, metric)) names.push_back(metric.name);
  return names;
}

}  // namespace

Status check(const RehearsalQuestion& question) {
  const Definition& definition = question.definition;
  TROUPE_CHECK(check(definition));
  if (weighs_segments(definition))
    return fail(Errc::unimplemented, "bandit: linear cannot be rehearsed, as units that are drawn are in no segment");
  TROUPE_CHECK(check(question.behaviour, definition));
  if (question.runs < 1 || question.runs > rehearsal_runs_max)
    return fail(Errc::invalid_argument, "there may be 1 to {} runs, found {}", rehearsal_runs_max, question.runs);
  if (!(question.units_per_second > 0 && question.units_per_second <= 1e6))
    return fail(Errc::invalid_argument, "units a second must be above 0 and at most 1e6, found {}",
                question.units_per_second);
  if (question.look_every < std::chrono::milliseconds{100})
    return fail(Errc::invalid_argument, "there is a look each 100 ms at most");
  const double seconds = std::chrono::duration<double>(duration_of(question)).count();
  const double window = std::chrono::duration<double>(definition.window).count();
  const double waiting = std::min(window, seconds) * question.units_per_second;
  const bool has_times = std::ranges::any_of(question.behaviour.metrics, [&](const MetricBehaviour& one) {
    return metric_of(definition, one).kind == MetricKind::survival;
  });
  if (has_times && waiting > rehearsal_waiting_max)
    return fail(Errc::too_large,
                "up to {:.3g} units would wait for what happens to them, and at most {:.3g} are kept: rehearse fewer "
                "hours or less traffic",
                waiting, rehearsal_waiting_max);
  const double requests = seconds * question.units_per_second * question.behaviour.requests;
  if (requests <= rehearsal_requests_max) return {};
  return fail(Errc::too_large,
              "a run of {:.4g} hours with {} units a second has {:.3g} requests, and at most {:.3g} are drawn: "
              "rehearse fewer hours or less traffic",
              seconds / 3600, question.units_per_second, requests, rehearsal_requests_max);
}

RehearsalRun rehearse_once(const RehearsalQuestion& question, uint64_t index) {
  return Stage(question, index).run();
}

Rehearsal summed_up(const RehearsalQuestion& question, const std::vector<RehearsalRun>& runs) {
  Rehearsal all;
  all.runs = runs.size();
  all.wins.resize(question.definition.variants.size());
  std::vector<double> units;
  std::vector<Duration> elapsed;
  for (const RehearsalRun& run : runs) {
    count_end(run, all);
    if (!is_decided(run)) continue;
    units.push_back(static_cast<double>(run.units));
    elapsed.push_back(run.elapsed);
  }
  all.units_median = share_of(units, 0.5);
  all.units_p90 = share_of(units, 0.9);
  all.elapsed_median = share_of(elapsed, 0.5);
  all.elapsed_p90 = share_of(elapsed, 0.9);
  all.keeps_alpha = question.definition.rule.method != Method::bayesian;
  all.alarms_max = alarms_max(all.runs, question.definition.rule.alpha);
  size_t index = 0;
  for (const MetricBehaviour& behaviour : question.behaviour.metrics)
    for (size_t arm = 1; arm < question.definition.variants.size(); ++arm)
      all.effects.push_back(effect_of(runs, index++,
                                      {behaviour.metric, question.definition.variants[arm].name,
                                       true_effect(metric_of(question.definition, behaviour), behaviour, arm)}));
  all.is_null = is_null(question, all.effects);
  all.not_drawn = not_drawn(question);
  return all;
}

}  // namespace troupe::experiment
