#pragma once
// ModelInfer and ModelStreamInfer: what takes their messages to the gateway and brings the answers back. No gRPC.

#include <memory>

#include "actors/gateway/call_fields.hpp"
#include "actors/gateway/grpc/rpc_call.hpp"

namespace troupe::gateway {

/// One request, one answer.
std::shared_ptr<RpcHandler> make_infer_call(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call,
                                            CallIdentity identity);

/// Requests in the stream that are under way together; the next one is read when one of them has ended.
inline constexpr size_t stream_requests_max = 32;
/// Nor is one read while so many bytes of answers wait for the client.
inline constexpr size_t stream_unsent_read_max = 256 << 10;

/// Many requests, and as many answers to each as its model gives, each as soon as it is there: the last of a request
/// has `triton_final_response`. One that fails is answered by an error_message and leaves the stream open. A request of
/// generated text is paced by what the client takes (StreamPace).
std::shared_ptr<RpcHandler> make_infer_stream(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call,
                                              CallIdentity identity);

}  // namespace troupe::gateway
