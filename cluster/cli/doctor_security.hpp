#pragma once
// `troupe doctor --security`: gathers what is open of this machine's nodes and of the cluster.

#include "cluster/cli/exit.hpp"
#include "cluster/cli/flags.hpp"
#include "runtime/base/clock.hpp"

namespace troupe::cli {

/// Prints what it finds. Exit::unhealthy where something is open. Errors: those of the head where there is one to ask.
Result<Exit> examine_security(const AdminFlags& flags, const Clock& clock);

}  // namespace troupe::cli
