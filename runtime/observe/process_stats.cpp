#include "runtime/observe/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace troupe::observe {
namespace {

/// proc(5): fields 14, 15, 20, 22, 23 and 24 of /proc/self/stat. Counting starts behind the command's name, which may
/// hold spaces and parentheses.
void read_stat(ProcessStats& stats, double ticks_per_second) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line)) return;
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user_ticks = 0;
  double system_ticks = 0;
  double start_ticks = 0;
  uint64_t resident_pages = 0;
  fields >> user_ticks >> system_ticks >> skipped >> skipped >> skipped >> skipped >> stats.threads >> skipped >>
      start_ticks >> stats.virtual_bytes >> resident_pages;
  stats.cpu_seconds = (user_ticks + system_ticks) / ticks_per_second;
  stats.start_time_seconds = start_ticks / ticks_per_second;
  stats.resident_bytes = resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

/// Seconds from the epoch to the machine's start.
double boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word)
    if (word == "btime" && file >> seconds) return seconds;
  return 0;
}

uint64_t count_open_fds() {
  std::error_code error;
  uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error))
    ++count;
  return count > 0 ? count - 1 : 0;  // The listing itself holds one open.
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  read_stat(stats, static_cast<double>(sysconf(_SC_CLK_TCK)));
  stats.start_time_seconds += boot_time();
  stats.open_fds = count_open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

}  // namespace troupe::observe
