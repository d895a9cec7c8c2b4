// Commits pairs of keys for ever and prints the number of each pair once it is acknowledged; made to be killed.
// Usage: storage_crash_writer DIRECTORY FIRST

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <semaphore>

#include "storage/rocksdb_state_store.hpp"

using namespace troupe;
using namespace troupe::storage;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto store = open_rocksdb_state_store(argv[1]);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  std::counting_semaphore in_flight(8);
  for (uint64_t i = std::strtoull(argv[2], nullptr, 10);; ++i) {
    in_flight.acquire();
    const std::string value = fmt::format("{}:{}", i, std::string(i % 3000, 'v'));
    (*store)->commit({{}, {Put{fmt::format("left/{:08}", i), value}, Put{fmt::format("right/{:08}", i), value}}},
                     [i, &in_flight](Result<Revision> revision) {
                       const std::string line = fmt::format("{}\n", i);
                       if (!revision || ::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
                       in_flight.release();
                     });
  }
}
