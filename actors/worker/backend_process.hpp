#pragma once
// The child's side of the worker protocol (docs/worker-protocol.md): a back end of this program in a process of its
// own.

#include <string>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

namespace troupe::worker {

struct BackendProcessOptions {
  std::string connect;   ///< The node's socket, "ipc://PATH".
  int lifeline = -1;     ///< Descriptor that reads as ended when the node is gone.
  std::string software;  ///< For the node's log.
};

/// Serves the node until it says Unload; a node that is gone ends the process at once. io_error where the socket can't
/// be used.
Status run_backend_process(const BackendProcessOptions& options, Clock& clock);

}  // namespace troupe::worker
