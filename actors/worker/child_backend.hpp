#pragma once
// ChildHost: back ends in child processes of this node, over the worker protocol (docs/worker-protocol.md).

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/worker/backend.hpp"
#include "actors/worker/child_health.hpp"
#include "runtime/observe/log.hpp"

namespace troupe::worker {

struct ChildHostOptions {
  std::filesystem::path run_folder;  ///< For sockets; made with mode 0700, what lies in it is removed.
  std::filesystem::path log_folder;  ///< For what back ends write; see ReplicaLog.
  /// The command that runs a spec's back end: a path and arguments.
  std::function<std::vector<std::string>(const protocol::ReplicaSpec&)> program;
  int niceness = 5;  ///< Of the children, on top of this process's: I/O comes before computing.
  Duration unload_patience = std::chrono::seconds{5};
  ChildHealthOptions health;
  observe::Logger log;
};

/// This program's own: `troupe backend`. Also after its file was replaced by a newer one.
std::vector<std::string> own_backend_program();

/// Thread-safe. Destruction waits until all its processes are gone; back ends must be destroyed before.
class ChildHost {
 public:
  /// `clock` must outlive it. io_error where a folder can't be made.
  static Result<std::shared_ptr<ChildHost>> make(ChildHostOptions options, Clock& clock);
  virtual ~ChildHost() = default;

  /// A back end whose process starts with load(). Its destructor does not wait: it tells the process to unload, and the
  /// host kills it if it does not.
  virtual std::unique_ptr<Backend> make_backend(const protocol::ReplicaSpec& spec, BackendEvents& events) = 0;
};

}  // namespace troupe::worker
