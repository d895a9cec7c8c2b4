#include <atomic>
#include <charconv>
#include <iostream>
#include <thread>

#include "actors/experiment/planning/rehearsal.hpp"
#include "cluster/cli/experiment_definitions.hpp"
#include "cluster/cli/experiment_verbs.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/render_rehearsal.hpp"
#include "cluster/cli/text_file.hpp"

namespace troupe::cli {
namespace {

using experiment::Definition;
using experiment::MetricBehaviour;
using experiment::MetricDefinition;
using experiment::MetricKind;
using experiment::MetricRole;
using experiment::RehearsalQuestion;

struct SimulateFlags {
  std::string file;
  std::vector<std::string> rates, means, deviations;
  double hours = 0;  ///< 0: the definition's.
  uint32_t threads = 1;
  RehearsalQuestion question;
  bool json = false;
};

/// "0.10,0.11" or "METRIC=0.10,0.11"
struct NamedNumbers {
  std::string metric;  ///< Empty: not said.
  std::vector<double> numbers;
};

Result<NamedNumbers> parse_numbers(const std::string& flag, const std::string& text) {
  NamedNumbers named;
  const size_t equals = text.find('=');
  if (equals != std::string::npos) named.metric = text.substr(0, equals);
  const char* at = text.data() + (equals == std::string::npos ? 0 : equals + 1);
  const char* const end = text.data() + text.size();
  for (;;) {
    double number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || (rest != end && *rest != ','))
      return fail(Errc::invalid_argument, "{} {}: write a number for each variant, such as {} 0.10,0.11", flag, text,
                  flag);
    named.numbers.push_back(number);
    if (rest == end) return named;
    at = rest + 1;
  }
}

/// What a kind of metric is told by.
bool has_rates(MetricKind kind) {
  return kind == MetricKind::conversion || kind == MetricKind::ratio;
}
bool has_means(MetricKind kind) {
  return kind != MetricKind::conversion;
}

/// Gathers what the flags say of metrics.
class Behaviours {
 public:
  explicit Behaviours(const Definition& definition) : definition_(definition) {}

  Status add_rates(const std::vector<std::string>& texts) { return add("--rates", texts, has_rates); }
  Status add_means(const std::vector<std::string>& texts) { return add("--means", texts, has_means); }

  /// After the means that they belong to; where no metric is named, the first means that can have them.
  Status add_deviations(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      TROUPE_TRY(NamedNumbers named, parse_numbers("--sds", text));
      const auto found = std::ranges::find_if(said_, [&](const Said& one) {
        return one.flag == "--means" &&
               (named.metric.empty() ? one.kind != MetricKind::survival : one.behaviour.metric == named.metric);
      });
      if (found == said_.end())
        return fail(Errc::invalid_argument, "--sds{}: its --means are missing",
                    named.metric.empty() ? "" : " of metric " + named.metric);
      found->behaviour.deviations = std::move(named.numbers);
    }
    return {};
  }

  Result<std::vector<MetricBehaviour>> take() {
    std::vector<MetricBehaviour> all;
    for (Said& one : said_) {
      if (one.flag == "--means" && one.behaviour.deviations.empty() && one.kind != MetricKind::survival)
        return fail(Errc::invalid_argument, "--means of metric {}: its --sds are missing", one.behaviour.metric);
      all.push_back(std::move(one.behaviour));
    }
    return all;
  }

 private:
  struct Said {
    std::string flag;
    MetricKind kind;
    MetricBehaviour behaviour;
  };

  Status add(const std::string& flag, const std::vector<std::string>& texts, bool (*can_have)(MetricKind)) {
    for (const std::string& text : texts) {
      TROUPE_TRY(NamedNumbers named, parse_numbers(flag, text));
      if (named.metric.empty()) {
        TROUPE_TRY(named.metric, meant_by(flag, can_have));
      }
      const auto metric = std::ranges::find(definition_.metrics, named.metric, &MetricDefinition::name);
      // Of one that there is not, check() tells what may be meant.
      const MetricKind kind = metric == definition_.metrics.end() ? MetricKind::ratio : metric->kind;
      if (!can_have(kind))
        return fail(Errc::invalid_argument, "{} of metric {}: such a metric is told by {}", flag, named.metric,
                    flag == "--rates" ? "--means" : "--rates");
      if (is_said(named.metric)) return fail(Errc::invalid_argument, "metric {} is given twice", named.metric);
      said_.push_back({flag, kind, {std::move(named.metric), std::move(named.numbers), {}}});
    }
    return {};
  }

  bool is_said(const std::string& metric) const {
    return std::ranges::any_of(said_, [&](const Said& one) { return one.behaviour.metric == metric; });
  }

  /// Where none is named: the first goal that can have such numbers and has none yet.
  Result<std::string> meant_by(const std::string& flag, bool (*can_have)(MetricKind)) const {
    for (const auto& metric : definition_.metrics)
      if (metric.role == MetricRole::goal && can_have(metric.kind) && !is_said(metric.name)) return metric.name;
    return fail(Errc::invalid_argument, "{}: {} has no goal that has such numbers; name the metric: {} METRIC=...",
                flag, definition_.name, flag);
  }

  const Definition& definition_;
  std::vector<Said> said_;
};

/// In the order of their indices, whoever did them.
std::vector<experiment::RehearsalRun> rehearse(const RehearsalQuestion& question, uint32_t threads) {
  std::vector<experiment::RehearsalRun> runs(question.runs);
  std::atomic<uint64_t> next{0};
  std::vector<std::jthread> workers;
  for (uint32_t i = 0; i < threads; ++i)
    workers.emplace_back([&] {
      for (uint64_t index = next++; index < runs.size(); index = next++) runs[index] = rehearse_once(question, index);
    });
  workers.clear();
  return runs;
}

Result<Exit> simulate(const SimulateFlags& flags) {
  RehearsalQuestion question = flags.question;
  TROUPE_TRY(const std::string text, read_text(flags.file));
  TROUPE_TRY(question.definition, read_definition(text, name_of_text(flags.file)));
  question.duration =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<3600>>(flags.hours));
  Behaviours behaviours(question.definition);
  TROUPE_CHECK(behaviours.add_rates(flags.rates));
  TROUPE_CHECK(behaviours.add_means(flags.means));
  TROUPE_CHECK(behaviours.add_deviations(flags.deviations));
  TROUPE_TRY(question.behaviour.metrics, behaviours.take());
  TROUPE_CHECK(check(question));
  const auto rehearsal = summed_up(question, rehearse(question, flags.threads));
  if (flags.json) {
    std::cout << rehearsal_document(question, rehearsal).dump(2) << '\n';
  } else {
    std::cout << render_rehearsal(question, rehearsal);
  }
  uint64_t decided = 0;
  for (const uint64_t wins : rehearsal.wins) decided += wins;
  return rehearsal.is_null && rehearsal.keeps_alpha && decided > rehearsal.alarms_max ? Exit::failed : Exit::ok;
}

}  // namespace

void add_experiment_simulate(CLI::App& group, Shell& shell) {
  CLI::App* const verb = group.add_subcommand(
      "simulate", "Run a definition many times on drawn traffic, by what runs it in a cluster; needs none");
  auto flags = std::make_shared<SimulateFlags>();
  RehearsalQuestion& question = flags->question;
  verb->add_option("-f,--file", flags->file, "The definition; - reads stdin")->required();
  verb->add_option(
          "--rates", flags->rates,
          "Rates of a conversion's units or of a ratio's requests, one for each variant (default: of the first "
          "such goal)")
      ->type_name("[METRIC=]RATE,RATE,...");
  verb->add_option("--means", flags->means,
                   "Means of a count's or sum's units, of a ratio's or quantile's requests, or seconds until what a "
                   "survival metric waits for, one for each variant")
      ->type_name("[METRIC=]MEAN,MEAN,...");
  verb->add_option("--sds", flags->deviations, "Their standard deviations; times until something happens have none")
      ->type_name("[METRIC=]SD,SD,...");
  verb->add_option("--requests", question.behaviour.requests, "Of a unit on average; the first is always made")
      ->capture_default_str();
  verb->add_option("--correlation", question.behaviour.correlation,
                   "Of a unit's requests: 0 where they know nothing of each other, towards 1 where they are alike")
      ->capture_default_str();
  verb->add_option("--units-per-second", question.units_per_second, "New units; each comes once")
      ->capture_default_str();
  verb->add_option("--hours", flags->hours, "How long a run is at most (default: the rule's maximum_duration)")
      ->check(CLI::Range(0.001, 8784.0));
  add_duration(*verb, "--look-every", question.look_every, "Between looks; a cluster looks each second");
  verb->add_option("--runs", question.runs, "How many")->capture_default_str();
  verb->add_option("--seed", question.seed, "Of all that is drawn: the same one gives the same numbers")
      ->capture_default_str();
  verb->add_option("--threads", flags->threads, "That share the runs")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  verb->add_flag("--json", flags->json, "Print JSON");
  verb->callback([=, &shell] { shell.verb = [=] { return simulate(*flags); }; });
}

}  // namespace troupe::cli
