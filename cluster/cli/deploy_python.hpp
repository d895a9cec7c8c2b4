#pragma once
// `troupe deploy my_module:Class`: from files in a folder to a version in the model store.

#include <string>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/python_source.hpp"

namespace troupe::cli {

struct PythonVersion {
  std::string name;     ///< Of the model.
  std::string version;  ///< Empty: the newest, where it has the same files, else the next number.
  PythonSource source;
};

/// Stores it; "NAME@VERSION". Errors: those of gather(), and the head's.
Result<std::string> store_python_version(const AdminClient& admin, const PythonVersion& wanted);

}  // namespace troupe::cli
