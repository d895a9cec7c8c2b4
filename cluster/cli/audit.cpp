#include <algorithm>
#include <charconv>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/table.hpp"
#include "cluster/cli/verbs.hpp"
#include "cluster/head/admin_audit.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

struct AuditFlags {
  AdminFlags admin;
  uint64_t since = 0;  ///< 0: the newest.
  uint64_t limit = 100;
  std::string record;
};

std::string text(const json& row, const char* key) {
  return row.value(key, std::string());
}

/// As many as were asked for, page by page.
Result<json> read_records(const AdminClient& admin, const AuditFlags& flags) {
  uint64_t since = flags.since;
  if (since == 0 && flags.limit > cluster::audit_page_max) {
    TROUPE_TRY(const json newest, admin.get("audit?limit=1"));
    since = std::max<uint64_t>(newest.value("newest", uint64_t{0}) + 1, flags.limit + 1) - flags.limit;
  }
  json all;
  while (true) {
    const uint64_t known = all.is_null() ? 0 : all["records"].size();
    std::string query = fmt::format("audit?limit={}", std::min(flags.limit - known, cluster::audit_page_max));
    if (since != 0) query += fmt::format("&since={}", since);
    TROUPE_TRY(json page, admin.get(query));
    if (!all.is_null()) {
      json& records = page["records"];
      records.insert(records.begin(), all["records"].begin(), all["records"].end());
    }
    all = std::move(page);
    if (all["records"].size() >= flags.limit || !all["next"].is_number_unsigned()) return all;
    since = all["next"];
  }
}

std::string outcome_of(const json& row) {
  const std::string outcome = text(row, "outcome");
  const std::string why = text(row, "error");
  return why.empty() ? outcome : outcome + ": " + why;
}

Result<Exit> show(const AuditFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json page, read_records(admin, flags));
  if (flags.admin.json) {
    std::cout << page.dump(2) << '\n';
    return Exit::ok;
  }
  Table table({"RECORD", "TIME", "WHO", "FROM", "ACTION", "OBJECT", "CHANGE", "OUTCOME"});
  for (const json& row : page["records"]) {
    const std::string sequence = std::to_string(row.value("sequence", uint64_t{0}));
    if (const std::string damage = text(row, "damaged"); !damage.empty()) {
      table.add({sequence, {}, {}, {}, {}, {}, {}, "damaged: " + damage});
      continue;
    }
    const uint64_t left_out = row.value("left_out", uint64_t{0});
    table.add({sequence, text(row, "time"), text(row, "who"), text(row, "from"), text(row, "action"),
               text(row, "object"), text(row, "change"),
               outcome_of(row) + (left_out == 0 ? "" : fmt::format(" ({} refused before, not recorded)", left_out))});
  }
  std::cout << table.str();
  if (const auto left_out = page.value("left_out", uint64_t{0}); left_out > 0)
    std::cerr << "troupe: " << left_out << " refused acts since then have no record of their own\n";
  return Exit::ok;
}

/// Whether what an earlier check ended with is still there.
Result<std::string> check_known(const AdminClient& admin, const std::string& known) {
  const size_t colon = known.find(':');
  uint64_t sequence = 0;
  const auto parsed = std::from_chars(known.data(), known.data() + std::min(colon, known.size()), sequence);
  const std::string hash = colon == std::string::npos ? "" : known.substr(colon + 1);
  if (parsed.ec != std::errc{} || parsed.ptr != known.data() + colon || sequence == 0 || hash.size() != 64)
    return fail_field("--record", "'{}' is not SEQUENCE:HASH, as `troupe audit verify` prints it", known);
  TROUPE_TRY(const json page, admin.get(fmt::format("audit?limit=1&since={}", sequence)));
  if (sequence < page.value("first", uint64_t{0}))
    return fmt::format("record {} is older than those that are kept, from {} on: give a newer one", sequence,
                       page.value("first", uint64_t{0}));
  const json& records = page["records"];
  if (records.empty() || records[0].value("sequence", uint64_t{0}) != sequence)
    return fmt::format("broken at record {}: it was there, and is missing", sequence);
  if (text(records[0], "hash") != hash)
    return fmt::format("broken at record {}: it is another one than it was", sequence);
  return std::string();
}

Result<Exit> verify(const AuditFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(json verdict, admin.get("audit/verify"));
  std::string problem;
  if (!verdict.value("whole", false))
    problem = fmt::format("broken at record {}: {}", verdict["broken_at"].dump(), text(verdict, "reason"));
  if (problem.empty() && !flags.record.empty()) {
    TROUPE_TRY(problem, check_known(admin, flags.record));
    if (!problem.empty()) verdict["whole"] = false;
    if (!problem.empty()) verdict["reason"] = problem;
  }
  if (flags.admin.json) {
    std::cout << verdict.dump(2) << '\n';
  } else if (problem.empty()) {
    std::cout << fmt::format("whole: records {} to {}\n{}:{}\n", verdict["first"].dump(), verdict["newest"].dump(),
                             verdict["newest"].dump(), text(verdict, "hash"));
  } else {
    std::cout << problem << '\n';
  }
  return problem.empty() ? Exit::ok : Exit::failed;
}

}  // namespace

void add_audit(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("audit", "Who changed what in the cluster, from where, and who was refused");
  auto flags = std::make_shared<AuditFlags>();
  verb->add_option("--since", flags->since, "From this record on (default: the newest --limit records)")
      ->check(CLI::PositiveNumber)
      ->type_name("RECORD");
  verb->add_option("--limit", flags->limit, "So many records at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_admin_flags(*verb, flags->admin);

  CLI::App* verifier = verb->add_subcommand("verify", "Whether no record was changed, removed or put between");
  auto verify_flags = std::make_shared<AuditFlags>();
  verifier
      ->add_option("--record", verify_flags->record, "What an earlier verify printed: that record must still be there")
      ->type_name("SEQUENCE:HASH");
  add_admin_flags(*verifier, verify_flags->admin);

  verifier->callback([=, &shell] { shell.verb = [=] { return verify(*verify_flags); }; });
  verb->callback([=, &shell] {
    if (verb->get_subcommands().empty()) shell.verb = [=] { return show(*flags); };
  });
}

}  // namespace troupe::cli
