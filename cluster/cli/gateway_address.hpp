#pragma once
// Where a gateway is reached: said, or found among this machine's nodes. Only for .cpp files: includes CLI11.

#include <CLI/CLI.hpp>

#include "cluster/cli/http_call.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cli {

/// --zmq and --data-dir.
void add_zmq_flags(CLI::App& verb, std::string& zmq, std::string& data_root);
/// --api-key, or TROUPE_API_KEY.
void add_api_key(CLI::App& verb, std::string& key);

/// "tcp://HOST:PORT" of `said` (which may lack "tcp://"), else of a local gateway, else the default.
Result<std::string> zmq_address(const std::string& said, const std::string& data_root);
/// Of `said` (which may be a URL), else of a local gateway, else the default. `ca_file` empty: a local gateway's own.
Result<HostPort> http_address(const std::string& said, const std::string& ca_file, const std::string& data_root);

}  // namespace troupe::cli
