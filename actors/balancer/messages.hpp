#pragma once
// What the balancer of a model is told. Local to a gateway's process.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/protocol/cluster.hpp"
#include "runtime/protocol/serving.hpp"

namespace troupe::balancer {

/// Where the answer to one request goes. Calls come one after the other, from any thread, and end with a last part or
/// an error, exactly one of them. Must not block.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void on_part(std::shared_ptr<const protocol::ResultPart> part, bool last) = 0;
  virtual void on_error(const Error& error) = 0;
  /// An attempt failed before its first part, and another follows.
  virtual void on_retry(const Error& /*error*/) {}

  /// Bytes, as protocol::stream_cost counts them, that may be on their way here without having been read; none: parts
  /// may come as they are made. Asked once, when the request is dispatched.
  virtual std::optional<uint64_t> window() const { return std::nullopt; }
  /// Of one with a window, before its first part: `more`, which may be called from any thread, asks for so many bytes
  /// beyond. Calls after the end are ignored.
  virtual void on_begin(std::function<void(uint64_t bytes)> /*more*/) {}
};

/// Names a request within a gateway's process.
using DispatchId = Id64<struct DispatchIdTag>;

/// Serve `request` by a replica of `version` and answer into `sink`. Kept until its first part has come, so that it can
/// go to another replica if an attempt is lost before that.
struct Dispatch {
  DispatchId id;
  std::shared_ptr<const protocol::ServeRequest> request;
  std::string version;  ///< Decided by the routes; never empty.
  std::optional<Time> deadline;
  std::shared_ptr<ResponseSink> sink;
};

/// The client has gone: stop the work, answer nothing more.
struct CancelDispatch {
  DispatchId id;
};

/// The model's routes and the nodes their replicas live on, whole; replaces what was known.
struct UpdateRoutes {
  protocol::RoutedModel model;
  std::vector<protocol::RoutedNode> nodes;
};

}  // namespace troupe::balancer
