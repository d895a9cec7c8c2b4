#pragma once
// What audit records say of a change. Pure; never a secret.

#include <string>

#include "cluster/spec/audit_record.hpp"
#include "cluster/spec/records.hpp"
#include "cluster/spec/trust_records.hpp"
#include "runtime/protocol/keys.hpp"

namespace troupe::cluster {

/// "created: clerk@2 x2, weight 1", or what differs: "clerk@2 -> clerk@3, x2 -> x4, settings".
std::string change_of(const DeploymentRecord* before, const DeploymentRecord& after);

/// The record of a new join token.
AuditEntry token_created(AuditAct by, const TokenRecord& token);

/// "models clerk, rate 10/s, 4 at once, expires 2026-…"
std::string summary_of(const protocol::ApiKey& key);

}  // namespace troupe::cluster
