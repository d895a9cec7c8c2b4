#pragma once
// LogActor: a node's logs for the head, at "logs" on every node: what the back ends of its replicas wrote, and its own.
// On a thread of its own, because disks block.
//
// It reads what the node itself has put into its folder: a replica is a number, and no name or path that comes over the
// wire reaches the file system.

#include <filesystem>
#include <functional>
#include <memory>

#include "runtime/actor/actor.hpp"
#include "runtime/observe/log_files.hpp"
#include "runtime/protocol/logs.hpp"

namespace troupe::cluster {

struct LogActorOptions {
  std::filesystem::path replica_logs;  ///< Folder.
  std::filesystem::path node_log;      ///< The node's own; empty: it logs to stderr, and `recent` has the end.
  size_t old_files_max = 0;            ///< Of the node's own log.
  std::function<std::unique_ptr<observe::LogFiles>()> recent;
};

/// Serves protocol::ListLogs with LogList and protocol::ReadLog with LogPage, to nodes that may command this one.
class LogActor final : public actor::Actor {
 public:
  LogActor(actor::Context& context, LogActorOptions options);

 private:
  protocol::LogList list(const protocol::ListLogs& wish) const;
  Result<protocol::LogPage> read(const protocol::ReadLog& wish);
  Result<protocol::LogPage> read(const observe::LogFiles& files, const protocol::ReadLog& wish, bool takes_unfinished);

  LogActorOptions options_;
};

}  // namespace troupe::cluster
