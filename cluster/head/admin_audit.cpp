#include "cluster/head/admin_audit.hpp"

#include <charconv>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_query.hpp"

namespace troupe::cluster {

using nlohmann::json;

namespace {

Result<uint64_t> parse_number(const std::string& name, const std::string& text, uint64_t max) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || number == 0 || number > max)
    return fail_field(name, "{} is a whole number from 1 to {}; '{}' is none", name, max, text);
  return number;
}

}  // namespace

Result<ReadAudit> parse_read_audit(std::string_view query) {
  TROUPE_TRY(const Parameters parameters, parse_query(query, {"since", "limit"}));
  ReadAudit wish;
  wish.limit = audit_page_default;
  if (const std::string limit = value_of(parameters, "limit"); !limit.empty()) {
    TROUPE_TRY(wish.limit, parse_number("limit", limit, audit_page_max));
  }
  if (const std::string since = value_of(parameters, "since"); !since.empty()) {
    TROUPE_TRY(wish.since, parse_number("since", since, INT64_MAX));
  }
  return wish;
}

json audit_row(const AuditRecord& record) {
  return {{"sequence", record.sequence},
          {"time", to_iso8601(wall_time_from_unix_microseconds(record.time_unix_us))},
          {"time_unix_us", record.time_unix_us},
          {"who", record.who},
          {"from", record.from},
          {"action", record.action},
          {"object", record.object},
          {"outcome", to_string(record.outcome)},
          {"error", record.error},
          {"change", record.change},
          {"left_out", record.left_out},
          {"hash", record.hash}};
}

json damaged_audit_row(uint64_t sequence, const Error& error) {
  return {{"sequence", sequence}, {"damaged", error.message}};
}

json audit_page(json rows, const AuditTip& tip, uint64_t next, uint64_t left_out) {
  return {{"records", std::move(rows)},
          {"first", tip.first},
          {"newest", tip.newest},
          {"next", next > tip.newest ? json() : json(next)},
          {"left_out", left_out}};
}

json verdict_row(const AuditCheck::Verdict& verdict) {
  return {{"whole", !verdict.broken_at}, {"first", verdict.first},
          {"newest", verdict.newest},    {"records", verdict.records},
          {"hash", verdict.hash},        {"broken_at", verdict.broken_at ? json(*verdict.broken_at) : json()},
          {"reason", verdict.reason}};
}

void add_audit_routes(http::Routes& routes, const AdminDoor& door) {
  routes.add("GET", "/api/v1/audit", [&door](const auto& request, const auto&, const ResponderRef& responder) {
    auto wish = parse_read_audit(request.query());
    wish ? door.ask(std::move(*wish), responder) : refuse(*responder, wish.error());
  });
  routes.add("GET", "/api/v1/audit/verify",
             [&door](const auto&, const auto&, const ResponderRef& responder) { door.ask(VerifyAudit{}, responder); });
}

}  // namespace troupe::cluster
