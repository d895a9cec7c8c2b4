#include "cluster/cli/process_cpu.hpp"

#include <time.h>

namespace troupe::cli {

std::map<pid_t, Duration> cpu_times(const std::vector<pid_t>& pids) {
  std::map<pid_t, Duration> times;
  for (const pid_t pid : pids) {
    // Of all threads, in nanoseconds; /proc/PID/stat has the same in hundredths of a second.
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) continue;
    times.emplace(pid, std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec});
  }
  return times;
}

Duration cpu_between(const std::map<pid_t, Duration>& before, const std::map<pid_t, Duration>& after) {
  Duration used{0};
  for (const auto& [pid, time] : after) {
    if (const auto earlier = before.find(pid); earlier != before.end()) used += time - earlier->second;
  }
  return used;
}

}  // namespace troupe::cli
