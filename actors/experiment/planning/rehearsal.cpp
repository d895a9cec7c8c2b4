#include "actors/experiment/planning/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "actors/experiment/analysis/bandit_weights.hpp"
#include "actors/experiment/analysis/watch.hpp"
#include "actors/experiment/assignment/plan.hpp"
#include "actors/experiment/bandit/draws.hpp"
#include "actors/experiment/definition/compile.hpp"
#include "actors/experiment/ledger/event_batch.hpp"
#include "actors/experiment/lifecycle/experiment_book.hpp"
#include "actors/experiment/planning/alarm_bound.hpp"
#include "actors/experiment/planning/running_moments.hpp"
#include "runtime/base/nearest.hpp"

namespace troupe::experiment {
namespace {

constexpr WallTime start{std::chrono::hours{480'000}};

const std::string& measure_of(const MetricDefinition& metric) {
  return metric.of.empty() ? metric.name : metric.of;
}

/// Null where there is none of the name.
const MetricDefinition* find_metric(const Definition& definition, const std::string& name) {
  const auto found = std::ranges::find(definition.metrics, name, &MetricDefinition::name);
  return found == definition.metrics.end() ? nullptr : &*found;
}

Status check_drawn(const MetricDefinition& metric) {
  const auto unsupported = [&](std::string_view why) {
    return fail(Errc::unimplemented, "metric {}: {}", metric.name, why);
  };
  if (metric.kind != MetricKind::conversion && metric.kind != MetricKind::count && metric.kind != MetricKind::sum)
    return unsupported("only conversions, counts and sums are drawn");
  const auto attempts = attempt_measure_names();
  if (std::ranges::find(attempts, measure_of(metric)) != attempts.end())
    return unsupported(fmt::format("{} is measured of attempts, which are not drawn", measure_of(metric)));
  if (metric.covariate) return unsupported("what units did before, its `covariate`, is not drawn");
  if (metric.least || metric.most) return unsupported("its true value with `least` and `most` is not known");
  return {};
}

Status check_numbers(const MetricDefinition& metric, const MetricBehaviour& behaviour, size_t variants) {
  const auto wrong = [&](std::string_view why) {
    return fail(Errc::invalid_argument, "metric {}: {}", metric.name, why);
  };
  const bool has_deviations = metric.kind != MetricKind::conversion;
  if (behaviour.means.size() != variants)
    return wrong(fmt::format("there are {} values for {} variants", behaviour.means.size(), variants));
  if (behaviour.deviations.size() != (has_deviations ? variants : 0))
    return wrong(has_deviations ? fmt::format("there are {} standard deviations for {} variants",
                                              behaviour.deviations.size(), variants)
                                : std::string("a conversion has rates, and no standard deviations"));
  for (size_t arm = 0; arm < variants; ++arm) {
    const double mean = behaviour.means[arm];
    if (!has_deviations) {
      if (!(mean >= 0 && mean <= 1)) return wrong(fmt::format("a rate must lie from 0 to 1, found {}", mean));
      continue;
    }
    const double deviation = behaviour.deviations[arm];
    if (!(std::abs(mean) <= 1e6)) return wrong(fmt::format("a mean must lie from -1e6 to 1e6, found {}", mean));
    if (!(deviation >= 0 && deviation <= 1e6))
      return wrong(fmt::format("a standard deviation must lie from 0 to 1e6, found {}", deviation));
    if (metric.kind != MetricKind::count) continue;
    if (!(mean >= 0 && mean <= count_mean_max))
      return wrong(fmt::format("the mean of a count must lie from 0 to {}, found {}", count_mean_max, mean));
    if (deviation * deviation < mean * (1 - 1e-6))
      return wrong(fmt::format("counts of mean {} have a standard deviation of at least {:.4g}, found {}", mean,
                               std::sqrt(mean), deviation));
  }
  return {};
}

double draw_poisson(double mean, Random& random) {
  // A sum of such: exp(-mean) must be no denormal.
  constexpr double part_max = 30;
  double count = 0;
  for (double left = mean; left > 0; left -= part_max) {
    const double limit = std::exp(-std::min(left, part_max));
    for (double product = random.uniform(); product > limit; product *= random.uniform()) ++count;
  }
  return count;
}

double draw_count(double mean, double deviation, Random& random) {
  const double extra = deviation * deviation - mean;
  if (mean == 0 || extra <= mean * 1e-6) return draw_poisson(mean, random);
  return draw_poisson(draw_gamma(mean * mean / extra, random) * extra / mean, random);
}

double draw_sum(double mean, double deviation, Random& random) {
  if (deviation == 0) return mean;
  if (mean <= 0) return mean + deviation * draw_normal(random);
  const double scale = deviation * deviation / mean;
  return draw_gamma(mean / scale, random) * scale;
}

/// One metric's behaviour, and the measure by which it is recorded.
struct Drawn {
  const MetricDefinition* metric;
  const MetricBehaviour* behaviour;
  uint32_t index;  ///< Of the metric.
};

std::vector<Drawn> drawn_of(const RehearsalQuestion& question) {
  std::vector<Drawn> all;
  for (const MetricBehaviour& behaviour : question.behaviours) {
    const MetricDefinition* const metric = find_metric(question.definition, behaviour.metric);
    all.push_back({metric, &behaviour, static_cast<uint32_t>(metric - question.definition.metrics.data())});
  }
  return all;
}

Duration duration_of(const RehearsalQuestion& question) {
  const Duration most = question.definition.rule.maximum_duration;
  return question.duration > Duration{0} ? std::min(question.duration, most) : most;
}

/// The traffic is what the experiment is about, and it starts now.
Definition untargeted(Definition definition) {
  definition.targets.clear();
  definition.overrides.clear();
  definition.starts.clear();
  definition.ends.clear();
  return definition;
}

/// One run.
class Stage {
 public:
  Stage(const RehearsalQuestion& question, uint64_t index)
      : question_(question),
        drawn_(drawn_of(question)),
        random_(SeededRandom(question.seed + index * 0x9e3779b97f4a7c15).next()),
        definition_(untargeted(question.definition)),
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
    for (const Drawn& drawn : drawn_) {
      for (uint32_t arm = 1; arm < definition_.variants.size(); ++arm) {
        const auto said = std::ranges::find_if(
            analysis.comparisons, [&](const Comparison& one) { return one.metric == drawn.index && one.arm == arm; });
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

  /// The units of the next `step` come, and do what they do.
  void pass(Duration step) {
    const double per_ns = question_.units_per_second / 1e9;
    now_ += step;
    const auto until = static_cast<uint64_t>(std::floor(static_cast<double>(now_.count()) * per_ns));
    events_.clear();
    for (; units_ < until; ++units_)
      add_unit(start + Duration{static_cast<int64_t>(static_cast<double>(units_) / per_ns)});
    EventBatch batch(rules_);
    for (const protocol::Event& event : events_) batch.add(event);
    std::vector<UnitRecord> records(batch.units().size());
    aggregates_.merge(batch.apply(records).delta);
  }

  void add_unit(WallTime at) {
    const std::string unit = fmt::format("u{}", units_);
    const auto assigned = plan_->assign(
        {unit, unit, unit, unit}, [](std::string_view) { return FeatureValue{}; }, at);
    if (!assigned) return;
    const int64_t time_us = unix_microseconds(at);
    const protocol::ArmOf place{record_.number, assigned->revision, assigned->arm};
    events_.push_back({time_us, definition_.unit, unit, protocol::Exposure{place}});
    for (const Drawn& drawn : drawn_) {
      const double mean = drawn.behaviour->means[assigned->arm];
      switch (drawn.metric->kind) {
        case MetricKind::conversion:
          if (random_.uniform() < mean) record_outcome(unit, time_us, drawn, 1);
          break;
        case MetricKind::count:
          for (double left = draw_count(mean, drawn.behaviour->deviations[assigned->arm], random_); left >= 1; --left)
            record_outcome(unit, time_us, drawn, 1);
          break;
        default:
          record_outcome(unit, time_us, drawn, draw_sum(mean, drawn.behaviour->deviations[assigned->arm], random_));
      }
    }
  }

  void record_outcome(const std::string& unit, int64_t time_us, const Drawn& drawn, double value) {
    const Fixed fixed = to_fixed(std::clamp(value, -value_max, value_max)).value();
    events_.push_back(
        {time_us, definition_.unit, unit, protocol::Outcome{0, ++outcomes_, measure_of(*drawn.metric), fixed}});
  }

  const RehearsalQuestion& question_;
  std::vector<Drawn> drawn_;
  SeededRandom random_;
  Definition definition_;
  ExperimentRecord record_;
  std::optional<Plan> plan_;
  Watch watch_;
  RuleBook rules_;
  Aggregates aggregates_;
  std::vector<protocol::Event> events_;  ///< Of one step.
  Duration now_{0};
  uint64_t units_ = 0;
  uint64_t outcomes_ = 0;
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

/// Metrics of which nothing happens.
std::vector<std::string> not_drawn(const RehearsalQuestion& question) {
  std::vector<std::string> names;
  const auto drawn = drawn_of(question);
  for (const MetricDefinition& metric : question.definition.metrics)
    if (std::ranges::none_of(drawn, [&](const Drawn& one) { return measure_of(*one.metric) == measure_of(metric); }))
      names.push_back(metric.name);
  return names;
}

}  // namespace

Status check(const RehearsalQuestion& question) {
  const Definition& definition = question.definition;
  TROUPE_CHECK(check(definition));
  if (weighs_segments(definition))
    return fail(Errc::unimplemented, "bandit: linear cannot be rehearsed, as units that are drawn are in no segment");
  if (question.behaviours.empty())
    return fail(Errc::invalid_argument, "nothing happens: say what the units do in at least one goal");
  std::vector<std::string> names;
  for (const MetricDefinition& metric : definition.metrics) names.push_back(metric.name);
  bool has_goal = false;
  std::set<std::string> measures;
  for (const MetricBehaviour& behaviour : question.behaviours) {
    const MetricDefinition* const metric = find_metric(definition, behaviour.metric);
    if (metric == nullptr)
      return fail(Errc::invalid_argument, "experiment {} has no metric {}{}", definition.name, behaviour.metric,
                  did_you_mean(behaviour.metric, names));
    TROUPE_CHECK(check_drawn(*metric));
    TROUPE_CHECK(check_numbers(*metric, behaviour, definition.variants.size()));
    if (!measures.insert(measure_of(*metric)).second)
      return fail(Errc::invalid_argument, "{} is said twice: metric {} is of the same measure as another",
                  measure_of(*metric), metric->name);
    has_goal = has_goal || metric->role == MetricRole::goal;
  }
  if (!has_goal) return fail(Errc::invalid_argument, "nothing happens in any goal, so nothing could be decided");
  if (question.runs < 1 || question.runs > rehearsal_runs_max)
    return fail(Errc::invalid_argument, "there may be 1 to {} runs, found {}", rehearsal_runs_max, question.runs);
  if (!(question.units_per_second > 0 && question.units_per_second <= 1e6))
    return fail(Errc::invalid_argument, "units a second must be above 0 and at most 1e6, found {}",
                question.units_per_second);
  if (question.look_every < std::chrono::milliseconds{100})
    return fail(Errc::invalid_argument, "there is a look each 100 ms at most");
  const double seconds = std::chrono::duration<double>(duration_of(question)).count();
  if (seconds * question.units_per_second <= rehearsal_units_max) return {};
  return fail(Errc::too_large,
              "a run of {:.4g} hours with {} units a second has {:.3g} units, and at most {:.3g} are drawn: "
              "rehearse fewer hours or less traffic",
              seconds / 3600, question.units_per_second, seconds * question.units_per_second, rehearsal_units_max);
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
  all.is_null = std::ranges::all_of(question.behaviours, [](const MetricBehaviour& behaviour) {
    return std::ranges::all_of(behaviour.means, [&](double mean) { return mean == behaviour.means[0]; });
  });
  all.keeps_alpha = question.definition.rule.method != Method::bayesian;
  all.alarms_max = alarms_max(all.runs, question.definition.rule.alpha);
  size_t index = 0;
  for (const MetricBehaviour& behaviour : question.behaviours)
    for (size_t arm = 1; arm < question.definition.variants.size(); ++arm)
      all.effects.push_back(effect_of(
          runs, index++,
          {behaviour.metric, question.definition.variants[arm].name, behaviour.means[arm] - behaviour.means[0]}));
  all.not_drawn = not_drawn(question);
  return all;
}

}  // namespace troupe::experiment
