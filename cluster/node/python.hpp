#pragma once
// Where a node finds what its back ends in Python need.

#include "actors/worker/python_backend.hpp"
#include "cluster/node/options.hpp"

namespace troupe::cluster {

/// The folder that holds the Python package `troupe`: TROUPE_PYTHON_PACKAGE; else ../share/troupe/python beside the
/// program's folder; else the source tree that this was built in. Empty: it is in none of them.
std::filesystem::path find_python_package();

/// Environments under the node's folder; TROUPE_PYTHON names the interpreter that makes them.
worker::PythonOptions python_options(const NodeOptions& options);

}  // namespace troupe::cluster
