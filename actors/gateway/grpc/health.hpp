#pragma once
// grpc.health.v1.Health: whether this gateway takes requests, for load balancers and Kubernetes. No gRPC.
//
// https://github.com/grpc/grpc/blob/master/doc/health-checking.md

#include <memory>
#include <string_view>

#include "actors/gateway/front_end.hpp"
#include "actors/gateway/grpc/rpc_call.hpp"

namespace troupe::gateway {

/// Services whose health may be asked: "" is the whole server.
inline constexpr std::string_view inference_service = "inference.GRPCInferenceService";

/// The answer to Check: a HealthCheckResponse. not_found for a service that is not here.
Result<std::string> check_health(const FrontEnd& front_end, std::string_view request);

/// Answers Watch: the health now, and each change of it within a second.
std::shared_ptr<RpcHandler> make_health_watch(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call);

}  // namespace troupe::gateway
