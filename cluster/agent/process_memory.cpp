#include "cluster/agent/process_memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

namespace troupe::cluster {

uint64_t resident_bytes(uint32_t pid) {
  // proc(5): the whole program's size, then what is resident, in pages.
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  uint64_t size = 0;
  uint64_t resident = 0;
  if (!(file >> size >> resident)) return 0;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace troupe::cluster
