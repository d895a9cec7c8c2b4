#pragma once
// What `troupe bench` prints. Pure.

#include <nlohmann/json.hpp>
#include <string>

#include "cluster/cli/load.hpp"

namespace troupe::cli {

struct BenchReport {
  std::string model;
  std::string door;
  uint32_t concurrency = 0;
  size_t nodes = 0;        ///< Local node processes whose CPU time was counted.
  Duration node_cpu{0};    ///< Of those, over the run.
  Duration client_cpu{0};  ///< Of this process, over the run.
  double rate = 0;         ///< Of an open loop; 0: a closed one.
};

std::string format_report(const BenchReport& report, const LoadResult& result);
nlohmann::json json_report(const BenchReport& report, const LoadResult& result);

}  // namespace troupe::cli
