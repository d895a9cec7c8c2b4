#pragma once
// Flags that several verbs have, and flags of types that CLI11 does not know. Only for .cpp files: includes CLI11.

#include <CLI/CLI.hpp>

#include "runtime/base/units.hpp"

namespace troupe::cli {

/// "5s", "1.5m"
CLI::Option* add_duration(CLI::App& verb, const std::string& name, Duration& target, const std::string& help);
/// "512MiB"
CLI::Option* add_bytes(CLI::App& verb, const std::string& name, ByteCount& target, const std::string& help);
/// --data-dir, TROUPE_DATA_DIR, ~/.troupe
CLI::Option* add_data_root(CLI::App& verb, std::string& target);

/// How verbs reach the head's admin API.
struct AdminFlags {
  std::string address;   ///< Empty: the local head's, else the default.
  std::string key_file;  ///< Empty: the local head's.
  std::string ca_file;   ///< Empty: the local head's, else what the system trusts.
  std::string data_root;
  Duration timeout = std::chrono::seconds{10};
  bool json = false;
};
/// --ca-file, TROUPE_CA_FILE
CLI::Option* add_ca_file(CLI::App& verb, std::string& target);
void add_admin_flags(CLI::App& verb, AdminFlags& flags);

}  // namespace troupe::cli
