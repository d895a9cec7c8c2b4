#pragma once
// An experiment's raw events from the head: as a table for other programs, and counted all over again.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/exit.hpp"

namespace troupe::cli {

/// The columns, as a line of CSV (RFC 4180).
std::string event_csv_header();
/// An event of the admin API as a line; what it has not is empty. Texts are as clients sent them: a program that takes
/// cells for formulas must import them as text.
std::string event_csv_line(const nlohmann::json& event);

/// All raw events of the experiment to `file`, or to stdout where that is empty.
Result<Exit> export_events(const AdminClient& admin, const std::string& name, const std::string& file);

/// Slot by slot. ok: the sums are what the raw events come to; failed: they are not; inconclusive: raw events are gone.
Result<Exit> recount(const AdminClient& admin, const std::string& name, bool as_json);

}  // namespace troupe::cli
