#pragma once
// EchoBackend: answers with what it was asked. For measuring what Troupe adds to a model, for replicas of a known
// capacity, and for trying out clients.

#include "actors/worker/backend.hpp"

namespace troupe::worker {

/// Infer is answered with its own inputs, Generate with its prompt's text, `spec.delay` after it came; a stream comes
/// word by word, evenly over the delay. It waits and computes nothing, so a replica answers slots / delay requests a
/// second on any machine. max_tokens and stop strings are not looked at; token ids are refused. `clock` and `events`
/// must outlive it.
std::unique_ptr<Backend> make_echo_backend(const protocol::EchoSpec& spec, const Clock& clock, BackendEvents& events);

}  // namespace troupe::worker
