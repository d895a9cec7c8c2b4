#include "actors/worker/child_health.hpp"

#include "runtime/base/units.hpp"

namespace troupe::worker {
namespace {

Duration whole_milliseconds(Duration duration) {
  return std::chrono::floor<std::chrono::milliseconds>(duration);
}

}  // namespace

ChildHealth::ChildHealth(ChildHealthOptions options, Time started)
    : options_(options), started_(started), heard_(started), ticked_(started) {}

void ChildHealth::on_warm(Duration longest_step) {
  const Duration declared = longest_step > Duration{0} ? longest_step : options_.step_default;
  step_max_ = std::max(options_.step_min, declared + options_.step_grace);
  progress_ = {};
}

std::optional<std::string> ChildHealth::tick(Time now) {
  const Duration gap = now - std::exchange(ticked_, now);
  if (gap > options_.tick_gap_max) {
    // This node was stopped or starved; frames of that time may still be on their way.
    heard_ = now;
    started_ += gap;
    return std::nullopt;
  }
  if (!greeted_) {
    if (now - started_ < options_.hello_patience) return std::nullopt;
    return fmt::format("the back end's process said no hello within {}", format_duration(options_.hello_patience));
  }
  if (now - heard_ >= (step_max_ ? options_.silence_max : options_.silence_max_loading))
    return fmt::format("the back end's process has been silent for {}",
                       format_duration(whole_milliseconds(now - heard_)));
  if (step_max_ && progress_.running >= *step_max_)
    return fmt::format("a step of the back end has run for {}, at most {} are allowed",
                       format_duration(whole_milliseconds(progress_.running)), format_duration(*step_max_));
  return std::nullopt;
}

}  // namespace troupe::worker
