#pragma once
// A back end in Python: a process like any other (ChildHost), once there is an interpreter that has what it needs.

#include <filesystem>
#include <string>
#include <vector>

#include "actors/worker/child_backend.hpp"

namespace troupe::worker {

struct PythonOptions {
  std::filesystem::path package;       ///< Folder that holds the Python package `troupe`; empty: there is none.
  std::filesystem::path environments;  ///< Where virtual environments are made, shared by replicas that want the same.
  std::filesystem::path log_folder;    ///< That of the ChildHost: pip's output is in the replica's log.
  std::string python = "python3";      ///< Makes the environments: a path, or a name to be looked for in PATH.
};

/// load() checks the version's files against their manifest and, where the spec names no interpreter, finds or makes an
/// environment of its requirements.txt, on a thread of its own; then the process starts. `children` and `events` must
/// outlive it. Its destructor ends what pip does and waits for that.
std::unique_ptr<Backend> make_python_backend(const protocol::ReplicaSpec& spec, PythonOptions options,
                                             ChildHost& children, BackendEvents& events);

/// For ChildHostOptions::program: the command that runs a spec whose interpreter is known.
std::vector<std::string> python_program(const protocol::ReplicaSpec& spec, const std::filesystem::path& package);

}  // namespace troupe::worker
