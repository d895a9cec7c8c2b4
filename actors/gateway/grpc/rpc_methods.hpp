#pragma once
// RpcMethods: the methods of the gRPC door, each by its path. No gRPC.
//
//   /inference.GRPCInferenceService/{ServerLive, ServerReady, ServerMetadata, ModelReady, ModelMetadata, ModelConfig,
//     ModelStatistics, RepositoryIndex, RepositoryModelLoad, RepositoryModelUnload, ModelInfer, ModelStreamInfer}
//   /grpc.health.v1.Health/{Check, Watch}
//
// What Troupe does not do is refused by name: shared memory, trace and log settings.

#include <memory>
#include <mutex>
#include <string_view>

#include "actors/gateway/front_end.hpp"
#include "actors/gateway/grpc/rpc_call.hpp"
#include "runtime/base/random.hpp"

namespace troupe::gateway {

/// Thread-safe.
class RpcMethods {
 public:
  explicit RpcMethods(FrontEnd front_end);

  /// What answers `call`, which has not been read from yet. Never nullptr: an unknown path has a handler that ends it.
  std::shared_ptr<RpcHandler> open(std::string_view path, std::shared_ptr<RpcCall> call) const;

 private:
  struct Shared;
  const std::shared_ptr<const Shared> shared_;
};

}  // namespace troupe::gateway
