#pragma once
// Who listens on a TCP port of this machine.

#include <cstdint>
#include <string>

namespace troupe::cli {

/// Whether a program could listen on 127.0.0.1:`port` now.
bool is_port_free(uint16_t port);

/// "nginx (pid 12)" of the process that listens on `port`; empty where there is none, or it is another user's.
std::string listener_on(uint16_t port);

/// The inode of the socket that listens on `port`, from the text of /proc/net/tcp or tcp6; empty: none. Pure.
std::string listening_inode(const std::string& proc_net_tcp, uint16_t port);

}  // namespace troupe::cli
