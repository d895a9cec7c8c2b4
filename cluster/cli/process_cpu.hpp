#pragma once
// CPU time, user and system, that processes have used, as the kernel counts it.

#include <sys/types.h>

#include <map>
#include <vector>

#include "runtime/base/clock.hpp"

namespace troupe::cli {

/// By pid; processes that are gone are left out.
std::map<pid_t, Duration> cpu_times(const std::vector<pid_t>& pids);

/// What was used between two readings, over the processes that both have.
Duration cpu_between(const std::map<pid_t, Duration>& before, const std::map<pid_t, Duration>& after);

}  // namespace troupe::cli
