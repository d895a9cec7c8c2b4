#pragma once
// A device that fails for good, for tests: what a poisoned CUDA context does to a back end, without a GPU. Always
// compiled in; unarmed it costs nothing.
//
// Armed by the environment of a node, for the processes of its back ends: TROUPE_BACKEND_FAULT=device_lost:200 lets the
// device fail at the 200th request of each process. From then on nothing is computed, as each call to such a device
// fails with the same error, and the back end says that it cannot go on.

#include <memory>
#include <string_view>

#include "actors/worker/backend.hpp"

namespace troupe::worker {

inline constexpr const char* backend_fault_variable = "TROUPE_BACKEND_FAULT";

/// `backend` as it is where `fault` is empty, else with that fault. invalid_argument for a text that names none.
Result<std::unique_ptr<Backend>> with_fault(std::unique_ptr<Backend> backend, std::string_view fault,
                                            BackendEvents& events);

}  // namespace troupe::worker
