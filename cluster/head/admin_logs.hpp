#pragma once
// GET /api/v1/logs and what is under it: what their queries say, and what the answers do (docs/admin-api.md).

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cluster/head/admin.hpp"

namespace troupe::cluster {

/// "of=clerk&node=worker-1", both optional. invalid_argument names the parameter that is wrong.
Result<FindLogs> parse_find_logs(std::string_view query);

/// "tail=100&since=10m", or "cursor=…", and "follow=1". Without tail and since: the last 100 lines. `replica` as
/// sixteen hex digits; empty: the node's own log.
Result<ReadNodeLog> parse_read_log(const std::string& node, std::string_view replica, std::string_view query);

nlohmann::json log_page_view(const std::string& node, ReplicaId replica, const protocol::LogPage& page);

}  // namespace troupe::cluster
