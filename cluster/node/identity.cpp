#include "cluster/node/identity.hpp"

#include <sched.h>
#include <unistd.h>

#include <fstream>

#include "runtime/base/random.hpp"
#include "storage/file_tree.hpp"

namespace troupe::cluster {

Result<NodeId> load_or_create_node_id(const std::filesystem::path& data_dir) {
  const auto file = data_dir / "node-id";
  if (std::ifstream in(file); in) {
    NodeId id;
    in >> std::hex >> id.value;
    if (!in || !id)
      return fail(Errc::corrupt_data, "{} does not hold a node id; remove it to get a new one", file.string());
    return id;
  }
  NodeId id;
  while (!id) id.value = secure_random_u64();
  // Whole or not at all: a node does not start with half an id.
  const auto fresh = data_dir / "node-id.new";
  std::error_code error;
  std::filesystem::remove(fresh, error);
  TROUPE_CHECK(storage::write_file_synced(fresh, id.str() + "\n", 0644));
  std::filesystem::rename(fresh, file, error);
  if (error) return storage::write_failure("write", file, error.value());
  TROUPE_CHECK(storage::sync_directory(data_dir));
  return id;
}

protocol::Resources machine_resources() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int cpus = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  const auto memory =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
  return {static_cast<uint32_t>(cpus) * 1000, memory / 5 * 4, 0};
}

}  // namespace troupe::cluster
