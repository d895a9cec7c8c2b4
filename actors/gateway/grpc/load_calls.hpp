#pragma once
// RepositoryModelLoad and RepositoryModelUnload: answered once a replica takes requests, or none does any more.

#include <memory>

#include "actors/gateway/front_end.hpp"
#include "actors/gateway/grpc/rpc_call.hpp"

namespace troupe::gateway {

/// RepositoryModelLoadRequest, or (`load` false) RepositoryModelUnloadRequest: the model's name, NAME or NAME@VERSION.
Result<std::string> read_load_request(std::string_view bytes, bool load);

std::shared_ptr<RpcHandler> make_load_call(std::shared_ptr<const FrontEnd> front_end, std::shared_ptr<RpcCall> call,
                                           bool load);

}  // namespace troupe::gateway
