#pragma once
// EchoBackend: answers an Infer with its own inputs. For measuring what Troupe adds to a model, and for trying out
// clients.

#include "actors/worker/backend.hpp"

namespace troupe::worker {

/// Serves Infer only; other work is refused by name. `events` must outlive it.
std::unique_ptr<Backend> make_echo_backend(BackendEvents& events);

}  // namespace troupe::worker
