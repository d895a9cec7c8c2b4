#pragma once
// NativeBackend: Troupe's own engine (gpu/engine) behind the worker protocol.

#include <filesystem>
#include <functional>

#include "actors/worker/backend.hpp"

namespace troupe::worker {

/// Serves Generate; Infer is refused by name. Runs steps on a thread of its own for as long as something is in it.
/// `verify` checks the folder's files against their manifest before anything is loaded. `clock` and `events` must
/// outlive it.
std::unique_ptr<Backend> make_native_backend(const protocol::ReplicaSpec& spec, std::function<Status()> verify,
                                             const Clock& clock, BackendEvents& events);

}  // namespace troupe::worker
