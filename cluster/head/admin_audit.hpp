#pragma once
// GET /api/v1/audit and what it answers.

#include <nlohmann/json.hpp>
#include <string_view>

#include "cluster/head/admin.hpp"
#include "cluster/head/audit_log.hpp"

namespace troupe::cluster {

inline constexpr uint64_t audit_page_default = 100;
inline constexpr uint64_t audit_page_max = 1000;

/// "since=120&limit=50". invalid_argument says what is wrong.
Result<ReadAudit> parse_read_audit(std::string_view query);

nlohmann::json audit_row(const AuditRecord& record);
/// Of one that cannot be read: its sequence, and why under "damaged".
nlohmann::json damaged_audit_row(uint64_t sequence, const Error& error);
/// {"records":[…],"first":…,"newest":…,"next":…,"left_out":…}; `next` is what to begin the next page with, null where
/// there is none.
nlohmann::json audit_page(nlohmann::json rows, const AuditTip& tip, uint64_t next, uint64_t left_out);
nlohmann::json verdict_row(const AuditCheck::Verdict& verdict);

}  // namespace troupe::cluster
