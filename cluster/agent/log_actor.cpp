#include "cluster/agent/log_actor.hpp"

#include <algorithm>

#include "actors/worker/replica_log.hpp"

namespace troupe::cluster {
namespace {

/// So long may a reader wait for the rest of a line: a progress bar has none.
constexpr Duration line_patience = std::chrono::seconds{1};

bool is_of(const worker::LogOwner& owner, const std::string& name) {
  return name.empty() || owner.deployment == name || owner.model == name || owner.model + "@" + owner.version == name ||
         owner.replica.str() == name;
}

protocol::LogPage to_message(observe::LogPage page) {
  protocol::LogPage message;
  for (observe::LogLine& line : page.lines) message.lines.push_back({std::move(line.time), std::move(line.text)});
  message.cursor = observe::to_cursor(page.next);
  message.continues = page.continues;
  message.is_open = page.is_open;
  message.has_gap = page.has_gap;
  message.at_end = page.at_end;
  return message;
}

}  // namespace

LogActor::LogActor(actor::Context& context, LogActorOptions options) : Actor(context), options_(std::move(options)) {
  serve<protocol::ListLogs>([this](const auto& wish, actor::Reply reply) { reply.finish(list(*wish)); });
  serve<protocol::ReadLog>([this](const auto& wish, actor::Reply reply) {
    auto page = read(*wish);
    page ? reply.finish(std::move(*page)) : reply.fail(page.error());
  });
}

protocol::LogList LogActor::list(const protocol::ListLogs& wish) const {
  protocol::LogList list;
  for (const worker::ReplicaLogInfo& log : worker::list_replica_logs(options_.replica_logs)) {
    if (!is_of(log.owner, wish.of)) continue;
    list.is_cut = list.logs.size() == protocol::log_entries_max;
    if (list.is_cut) break;
    list.logs.push_back({log.owner.replica, log.owner.deployment, log.owner.model, log.owner.version, log.bytes.value,
                         unix_microseconds(log.written)});
  }
  return list;
}

Result<protocol::LogPage> LogActor::read(const protocol::ReadLog& wish) {
  if (!wish.replica && options_.node_log.empty()) return read(*options_.recent(), wish, true);
  TROUPE_TRY(const observe::OpenLogFiles files,
             wish.replica ? worker::open_replica_log(options_.replica_logs, wish.replica)
                          : observe::open_rotated_log(options_.node_log, options_.old_files_max));
  return read(files, wish, !wish.follows || context().wall() - files.last_written() >= line_patience);
}

Result<protocol::LogPage> LogActor::read(const observe::LogFiles& files, const protocol::ReadLog& wish,
                                         bool takes_unfinished) {
  observe::LogPosition from;
  if (!wish.cursor.empty()) {
    TROUPE_TRY(from, observe::parse_cursor(wish.cursor));
  } else {
    observe::LogStart start;
    start.tail = wish.tail;
    const int64_t since = std::min(wish.since_unix_us, unix_microseconds(context().wall()));
    if (since > 0) start.since = to_iso8601(wall_time_from_unix_microseconds(since));
    TROUPE_TRY(from, observe::find_start(files, start));
  }
  TROUPE_TRY(observe::LogPage page, observe::read_page(files, from, {.takes_unfinished = takes_unfinished}));
  return to_message(std::move(page));
}

}  // namespace troupe::cluster
