#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/interrupts.hpp"
#include "cluster/cli/log_text.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

constexpr Duration poll_interval = std::chrono::milliseconds{500};
constexpr int polls_per_search = 4;  ///< New replicas are looked for so much less often.
constexpr size_t pages_per_round = 64;
constexpr size_t id_digits = 16;

struct LogFlags {
  AdminFlags admin;
  std::string name;  ///< Deployment, model, MODEL@VERSION or replica.
  std::string node;
  std::string tail;
  std::string since;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
};

std::string encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                          c == '_' || c == '.' || c == '@';
    out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

void warn(const std::string& what) {
  std::cout.flush();
  std::cerr << "troupe: " << what << '\n';
}

/// One log that is read.
struct Reader {
  std::string path;  ///< Under logs/ of the admin API.
  std::string cursor;
  std::string trouble;  ///< What was said of it last.
  bool is_new = true;   ///< Begun while others were followed: from its first line.
  bool is_over = false;
};

class LogView {
 public:
  explicit LogView(const LogFlags& flags, AdminClient admin)
      : flags_(flags), admin_(std::move(admin)), text_({flags.admin.json, flags.timestamps}) {}

  Result<Exit> run();

 private:
  bool is_node_log() const { return flags_.name.empty(); }
  bool is_one_replica() const {
    return flags_.name.size() == id_digits && flags_.name.find_first_not_of("0123456789abcdef") == std::string::npos;
  }
  Status search(bool is_first);
  Status choose(const std::vector<json>& rows);
  void add(const json& row, bool is_new);
  void read_all();
  bool read_page(size_t log);
  std::string query_of(const Reader& reader) const;
  void say_once(Reader& reader, const std::string& trouble);
  void print(std::vector<ShownLine> lines);

  const LogFlags& flags_;
  const AdminClient admin_;
  LogText text_;
  std::vector<ShownLog> logs_;
  std::vector<Reader> readers_;              ///< Of `logs_`.
  std::set<std::string> known_;              ///< Paths of `readers_`.
  std::map<std::string, std::string> gone_;  ///< Nodes that did not answer, and why.
  std::vector<ShownLine> waiting_;           ///< Read, to be sorted.
  bool has_failed_ = false;
};

Result<Exit> LogView::run() {
  if (flags_.follow) end_at_interrupts();
  if (is_node_log()) {
    add({{"node", flags_.node}}, false);
  } else {
    TROUPE_CHECK(search(true));
  }
  read_all();
  for (int polls = 1; flags_.follow && !is_interrupted() && std::cout; ++polls) {
    const bool is_over = is_one_replica() && std::ranges::all_of(readers_, &Reader::is_over);
    if (is_over) break;
    pause(poll_interval);
    if (!is_node_log() && polls % polls_per_search == 0) static_cast<void>(search(false));
    read_all();
  }
  std::cout << text_.end() << std::flush;
  return has_failed_ && !flags_.follow ? Exit::failed : Exit::ok;
}

/// Which logs there are. Errors are the first search's; later ones leave those that are known.
Status LogView::search(bool is_first) {
  const std::string node = flags_.node.empty() ? "" : "&node=" + encoded(flags_.node);
  const auto found = admin_.get("logs?of=" + encoded(flags_.name) + node);
  if (!found) return is_first ? fail(found.error()) : Status{};
  for (const json& gone : found->value("unreachable", json::array())) {
    const std::string name = gone.value("node", "");
    const std::string reason = gone.value("reason", "");
    if (gone_[name] != reason) warn(fmt::format("node {}: {}", name, reason));
    gone_[name] = reason;
  }
  if (is_first && found->value("cut", false)) warn("there are more logs than are shown; name a --node");
  const auto rows = found->value("logs", std::vector<json>());
  if (is_first) return choose(rows);
  for (const json& row : rows) {
    const bool has_ended = row.value("state", "") == "ended";
    for (size_t i = 0; i < logs_.size(); ++i)
      if (logs_[i].replica == row.value("replica", "")) readers_[i].is_over = has_ended;
    if (!has_ended) add(row, true);
  }
  return {};
}

/// Those that run; where none does, or --previous asks for them, those that have ended.
Status LogView::choose(const std::vector<json>& rows) {
  std::vector<json> running;
  std::vector<json> ended;
  for (const json& row : rows) (row.value("state", "") == "ended" ? ended : running).push_back(row);
  if (rows.empty()) return fail(Errc::unavailable, "of the nodes that answer, none has a log of {}", flags_.name);
  const bool takes_ended = flags_.previous || running.empty();
  if (flags_.previous && ended.empty())
    return fail(Errc::not_found, "no replica of {} that has ended has left a log", flags_.name);
  if (running.empty() && !flags_.previous && !is_one_replica())
    warn(fmt::format("no replica of {} runs; these have ended", flags_.name));
  for (const json& row : takes_ended ? ended : running) add(row, false);
  if (takes_ended)
    for (Reader& reader : readers_) reader.is_over = true;
  return {};
}

void LogView::add(const json& row, bool is_new) {
  const std::string node = row.value("node", "");
  const std::string replica = row.value("replica", "");
  const bool is_silent = !replica.empty() && row.value("bytes", 0U) == 0;
  const std::string path = encoded(node) + (replica.empty() ? "" : "/" + replica);
  if (is_silent) {
    if (is_new) return;
    const std::string note = row.value("note", "");
    warn(fmt::format("replica {} on {} has written nothing{}{}", replica, node, note.empty() ? "" : ": ", note));
    return;
  }
  if (!known_.insert(path).second) return;
  logs_.push_back({node, replica, row.value("deployment", ""), row.value("model", "")});
  Reader& reader = readers_.emplace_back();
  reader.path = path;
  reader.is_new = is_new;
}

/// What there is, in the order of its time: of one log as it comes, of several when all have been read.
void LogView::read_all() {
  for (size_t i = 0; i < readers_.size(); ++i)
    for (size_t pages = 0; (pages < pages_per_round || !flags_.follow) && !is_interrupted() && read_page(i); ++pages) {
    }
  sort_by_time(waiting_);
  print(std::exchange(waiting_, {}));
}

/// False where no more is there now.
bool LogView::read_page(size_t log) {
  Reader& reader = readers_[log];
  const auto page = admin_.get(fmt::format("logs/{}?{}", reader.path, query_of(reader)));
  if (!page) {
    say_once(reader, page.error().message);
    has_failed_ = true;
    return false;
  }
  reader.trouble.clear();
  reader.cursor = page->value("cursor", "");
  if (page->value("gap", false)) warn(fmt::format("{}: lines were rotated away before they were read", reader.path));
  std::vector<ShownLine> lines = lines_of(log, *page);
  if (readers_.size() == 1) {
    print(std::move(lines));
  } else {
    std::ranges::move(lines, std::back_inserter(waiting_));
  }
  return !page->value("end", true);
}

std::string LogView::query_of(const Reader& reader) const {
  std::string query = flags_.follow ? "follow=1" : "follow=0";
  if (!reader.cursor.empty()) return query + "&cursor=" + encoded(reader.cursor);
  if (reader.is_new) return query + "&tail=all";
  if (!flags_.tail.empty()) query += "&tail=" + encoded(flags_.tail);
  if (!flags_.since.empty()) query += "&since=" + encoded(flags_.since);
  return query;
}

void LogView::say_once(Reader& reader, const std::string& trouble) {
  if (reader.trouble != trouble) warn(fmt::format("{}: {}", reader.path, trouble));
  reader.trouble = trouble;
}

void LogView::print(std::vector<ShownLine> lines) {
  for (const ShownLine& line : lines) std::cout << text_.write(logs_, line);
  std::cout.flush();
}

Result<Exit> show_logs(const LogFlags& flags) {
  if (flags.name.empty() && flags.node.empty())
    return fail_field("NAME", "name a deployment, a model or a replica, or a node with --node");
  if (flags.previous && (flags.follow || flags.name.empty()))
    return fail_field("--previous", "shows replicas that have ended: it goes with a NAME and without --follow");
  TROUPE_TRY(AdminClient admin, AdminClient::make(flags.admin));
  return LogView(flags, std::move(admin)).run();
}

}  // namespace

void add_logs(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("logs", "What replicas print, and what nodes log");
  auto flags = std::make_shared<LogFlags>();
  verb->add_option("NAME", flags->name,
                   "Deployment, model, MODEL@VERSION or id of a replica; without it, --node's own log is shown");
  verb->add_option("--node", flags->node, "Only replicas of this node; without NAME, the node's own log")
      ->type_name("NODE");
  verb->add_option("--tail", flags->tail,
                   "So many lines before the end, or all (default: 100 of each log; with --since, all of that time)")
      ->type_name("LINES");
  verb->add_option("--since", flags->since, "Only lines that are no older than this: 10m, 2h")->type_name("DURATION");
  verb->add_flag("-f,--follow", flags->follow, "Show what comes, until Ctrl-C");
  verb->add_flag("--previous", flags->previous, "Of replicas that have ended");
  verb->add_flag("--timestamps", flags->timestamps, "Show when each line was written");
  add_admin_flags(*verb, flags->admin);
  verb->callback([=, &shell] { shell.verb = [=] { return show_logs(*flags); }; });
}

}  // namespace troupe::cli
