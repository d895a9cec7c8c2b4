#pragma once
// What a process takes of memory.

#include <cstdint>

namespace troupe::cluster {

/// Bytes resident, those that it shares with others among them; 0 where there is no such process. Reads /proc: no disk.
uint64_t resident_bytes(uint32_t pid);

}  // namespace troupe::cluster
