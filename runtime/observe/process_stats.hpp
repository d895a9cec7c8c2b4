#pragma once
// What the kernel knows about this process, as Prometheus' standard process_* metrics want it.

#include <cstdint>

namespace troupe::observe {

/// A value that could not be read is 0.
struct ProcessStats {
  double cpu_seconds = 0;         ///< User and system, of all threads.
  double start_time_seconds = 0;  ///< Since the Unix epoch.
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t threads = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;
};

/// Reads /proc; some tens of microseconds.
ProcessStats read_process_stats();

}  // namespace troupe::observe
