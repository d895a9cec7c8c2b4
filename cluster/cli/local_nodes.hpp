#pragma once
// The nodes of this machine: their folders, their processes, and who runs.
//
// A node holds a lock on node.lock in its folder for as long as its process lives, so whether it runs and as which
// process is the kernel's answer, not a guess from a file that a crash left behind.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "cluster/node/options.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cli {

/// ~/.troupe, or ./.troupe where there is no home.
std::filesystem::path default_data_root();

/// Held for the life of the process.
class NodeLock {
 public:
  /// Makes the folder if need be. failed_precondition, naming the process, where a node runs in it.
  static Result<NodeLock> take(const std::filesystem::path& folder);
  NodeLock(NodeLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  NodeLock& operator=(NodeLock&&) = delete;
  ~NodeLock();

 private:
  explicit NodeLock(int fd) : fd_(fd) {}
  int fd_;
};

/// The process whose node runs in `folder`.
std::optional<pid_t> running_process(const std::filesystem::path& folder);

struct LocalNode {
  std::filesystem::path folder;
  cluster::NodeFile file;
  std::optional<pid_t> pid;  ///< None: it does not run, and node.json is a crash's leftover.
};

/// Nodes with a node.json under `root`, by name.
std::vector<LocalNode> local_nodes(const std::filesystem::path& root);
/// The first that runs in this role.
std::optional<LocalNode> running_node(const std::filesystem::path& root, bool protocol::Roles::*role);

/// A process that can be waited for although it is no child. Never another one that got the same pid later.
class Process {
 public:
  /// None where it is gone.
  static std::optional<Process> open(pid_t pid);
  Process(Process&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Process& operator=(Process&&) = delete;
  ~Process();

  void signal(int number) const;
  /// Whether it ended within `patience`.
  bool wait(Duration patience) const;

 private:
  explicit Process(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace troupe::cli
