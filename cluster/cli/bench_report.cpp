#include "cluster/cli/bench_report.hpp"

namespace troupe::cli {
namespace {

struct Quantile {
  const char* name;
  double share;
};
constexpr std::array quantiles{Quantile{"p50", 0.5}, Quantile{"p90", 0.9}, Quantile{"p99", 0.99},
                               Quantile{"p99.9", 0.999}};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
double ms(Duration duration) {
  return seconds(duration) * 1e3;
}
double per_second(uint64_t count, Duration elapsed) {
  return elapsed.count() > 0 ? static_cast<double>(count) / seconds(elapsed) : 0;
}

/// CPU-µs of each request, failed ones too: they cost as well.
double us_each(Duration cpu, const LoadResult& result) {
  uint64_t requests = result.answered;
  for (const auto& [code, count] : result.errors) requests += count;
  return requests > 0 ? seconds(cpu) * 1e6 / static_cast<double>(requests) : 0;
}

std::string latency_line(const observe::LatencyHistogram& histogram) {
  std::string line = fmt::format("mean {:.3f}", ms(histogram.mean()));
  for (const Quantile& q : quantiles) line += fmt::format("  {} {:.3f}", q.name, ms(histogram.quantile(q.share)));
  return line + "  ms";
}

nlohmann::json latency_json(const observe::LatencyHistogram& histogram) {
  nlohmann::json values{{"mean_ms", ms(histogram.mean())}};
  for (const Quantile& q : quantiles) values[fmt::format("{}_ms", q.name)] = ms(histogram.quantile(q.share));
  return values;
}

}  // namespace

std::string format_report(const BenchReport& report, const LoadResult& result) {
  std::string text;
  const auto line = [&](const char* what, const std::string& value) { text += fmt::format("{:<14}{}\n", what, value); };
  const std::string load = report.rate > 0 ? fmt::format("{} requests a second", report.rate)
                                           : fmt::format("{} open requests", report.concurrency);
  line("model", fmt::format("{} by {}, {}", report.model, report.door, load));
  line("requests", fmt::format("{} answered in {:.2f} s, {:.1f} a second", result.answered, seconds(result.elapsed),
                               per_second(result.answered, result.elapsed)));
  line("latency", latency_line(result.latency));
  if (result.rejected > 0) {
    line("rejected",
         fmt::format("{}, {} of them without a time to come back", result.rejected, result.rejected_without_time));
    line("", latency_line(result.rejection));
  }
  if (result.first_token.count() > 0) line("first text", latency_line(result.first_token));
  if (result.tokens > 0)
    line("tokens", fmt::format("{}, {:.1f} a second", result.tokens, per_second(result.tokens, result.elapsed)));
  if (result.cached > 0) line("from cache", std::to_string(result.cached));
  std::string errors;
  for (const auto& [code, count] : result.errors)
    errors += fmt::format("{}{} {}", errors.empty() ? "" : ", ", count, code);
  line("errors", errors.empty() ? "none" : fmt::format("{} (the first: {})", errors, result.first_error));
  line("CPU of nodes", report.nodes == 0 ? "unknown: no node of this machine is in the data folder"
                                         : fmt::format("{:.1f} us a request ({} local node processes)",
                                                       us_each(report.node_cpu, result), report.nodes));
  line("CPU of bench", fmt::format("{:.1f} us a request", us_each(report.client_cpu, result)));
  return text;
}

nlohmann::json json_report(const BenchReport& report, const LoadResult& result) {
  nlohmann::json json{{"model", report.model},
                      {"door", report.door},
                      {"concurrency", report.concurrency},
                      {"seconds", seconds(result.elapsed)},
                      {"answered", result.answered},
                      {"requests_per_second", per_second(result.answered, result.elapsed)},
                      {"latency", latency_json(result.latency)},
                      {"tokens", result.tokens},
                      {"tokens_per_second", per_second(result.tokens, result.elapsed)},
                      {"cached", result.cached},
                      {"rate", report.rate},
                      {"rejected", result.rejected},
                      {"rejected_without_time", result.rejected_without_time},
                      {"errors", result.errors},
                      {"node_processes", report.nodes},
                      {"bench_cpu_us_per_request", us_each(report.client_cpu, result)}};
  json["node_cpu_us_per_request"] =
      report.nodes > 0 ? nlohmann::json(us_each(report.node_cpu, result)) : nlohmann::json();
  json["rejection"] = result.rejected > 0 ? latency_json(result.rejection) : nlohmann::json();
  json["first_token"] = result.first_token.count() > 0 ? latency_json(result.first_token) : nlohmann::json();
  return json;
}

}  // namespace troupe::cli
