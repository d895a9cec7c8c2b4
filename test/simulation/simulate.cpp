// simulate --seeds A..B | --seed N: runs simulated clusters, and says which went wrong.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "runtime/base/units.hpp"
#include "test/simulation/simulation.hpp"

namespace {

using namespace troupe;

struct Options {
  uint64_t first = 1;
  uint64_t last = 40;
  bool trace = false;
  sim::Defect defect = sim::Defect::none;
};

bool parse_range(const std::string& text, Options& options) {
  const size_t dots = text.find("..");
  char* end = nullptr;
  options.first = std::strtoull(text.c_str(), &end, 10);
  if (dots == std::string::npos || end != text.c_str() + dots) return false;
  options.last = std::strtoull(text.c_str() + dots + 2, &end, 10);
  return *end == '\0' && options.first <= options.last;
}

/// Whether it went well.
bool run(uint64_t seed, const Options& options) {
  const sim::Knobs knobs = sim::Knobs::hostile(seed, options.defect);
  if (options.trace) std::printf("seed %lu: %s\n", seed, knobs.str().c_str());
  std::function<void(std::string_view)> tell;
  if (options.trace)
    tell = [](std::string_view line) { std::printf("%.*s\n", static_cast<int>(line.size()), line.data()); };
  const sim::Report report = sim::simulate(knobs, tell);
  const sim::Counts& c = report.counts;
  if (options.trace)
    std::printf(
        "trace %016lx, %lu steps, %s of virtual time\n%lu requests: %lu answered, %lu failed, %lu withdrawn, %lu cut "
        "off "
        "with their gateway; %lu executions, %lu changes, %lu faults\n",
        report.trace, report.steps, format_duration(report.elapsed).c_str(), c.requests, c.answered, c.failed,
        c.withdrawn, c.cut_off, c.executions, c.writes, c.faults);
  if (report.violation.empty()) return true;
  std::printf("seed %lu: %s\n  again: simulate --seed %lu --trace\n", seed, report.violation.c_str(), seed);
  std::fflush(stdout);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Simulates clusters in virtual time, each decided by its seed"};
  Options options;
  std::string seeds;
  uint64_t seed = 0;
  std::string defect;
  app.add_option("--seeds", seeds, "FIRST..LAST");
  app.add_option("--seed", seed, "One seed");
  app.add_flag("--trace", options.trace, "Tell what happens");
  app.add_option("--defect", defect, "Plant a known-bad behaviour");
  CLI11_PARSE(app, argc, argv);
  if (!seeds.empty() && !parse_range(seeds, options)) {
    std::fprintf(stderr, "--seeds must be FIRST..LAST, e.g. 1..2000\n");
    return 2;
  }
  if (seed != 0) options.first = options.last = seed;
  for (const sim::Defect known : sim::defects)
    if (to_string(known) == defect) options.defect = known;

  uint64_t bad = 0;
  for (uint64_t next = options.first; next <= options.last; ++next) bad += run(next, options) ? 0 : 1;
  std::printf("%lu clusters, %lu went wrong\n", options.last - options.first + 1, bad);
  return bad == 0 ? 0 : 1;
}
