#include "cluster/head/admin_logs.hpp"

#include <algorithm>
#include <charconv>

#include "cluster/head/admin_door.hpp"
#include "cluster/head/admin_query.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cluster {
namespace {

constexpr uint64_t tail_default = 100;
constexpr uint64_t tail_max = 1'000'000;
constexpr Duration since_max = std::chrono::hours{24 * 365};
constexpr size_t id_digits = 16;

Result<ReplicaId> parse_replica(std::string_view text) {
  ReplicaId replica;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, replica.value, 16);
  if (text.size() != id_digits || parsed.ec != std::errc{} || parsed.ptr != end || !replica)
    return fail_field("replica",
                      "'{}' is no replica's id; that is {} hex digits, as `troupe get deployment NAME` shows", text,
                      id_digits);
  return replica;
}

Result<uint64_t> parse_tail(const std::string& text) {
  uint64_t lines = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), lines);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || lines > tail_max)
    return fail_field("tail", "tail is a number of lines up to {}, or all; '{}' is neither", tail_max, text);
  return lines;
}

}  // namespace

Result<FindLogs> parse_find_logs(std::string_view query) {
  TROUPE_TRY(const Parameters parameters, parse_query(query, {"of", "node"}));
  return FindLogs{value_of(parameters, "of"), value_of(parameters, "node")};
}

Result<ReadNodeLog> parse_read_log(const std::string& node, std::string_view replica, std::string_view query) {
  TROUPE_TRY(const Parameters parameters, parse_query(query, {"tail", "since", "cursor", "follow"}));
  ReadNodeLog log;
  log.node = node;
  if (!replica.empty()) {
    TROUPE_TRY(log.wish.replica, parse_replica(replica));
  }
  const std::string tail = value_of(parameters, "tail");
  const std::string since = value_of(parameters, "since");
  log.wish.cursor = value_of(parameters, "cursor");
  if (!log.wish.cursor.empty() && (!tail.empty() || !since.empty()))
    return fail_field("cursor", "a cursor says where the page begins; it goes without tail and since");
  const std::string follow = value_of(parameters, "follow");
  if (follow != "" && follow != "0" && follow != "1") return fail_field("follow", "follow is 1 or 0, not '{}'", follow);
  log.wish.follows = follow == "1";
  if (!since.empty()) {
    TROUPE_TRY(log.since, parse_duration(since));
    if (log.since <= Duration{0} || log.since > since_max)
      return fail_field("since", "since is a time ago from 1ns to {}, not {}", format_duration(since_max), since);
  }
  if (!tail.empty() && tail != "all") {
    TROUPE_TRY(log.wish.tail, parse_tail(tail));
  } else if (tail.empty() && since.empty()) {
    log.wish.tail = tail_default;
  }
  return log;
}

nlohmann::json log_page_view(const std::string& node, ReplicaId replica, const protocol::LogPage& page) {
  nlohmann::json lines = nlohmann::json::array();
  for (const protocol::LoggedLine& line : page.lines) {
    lines.push_back({{"text", line.text}});
    if (!line.time.empty()) lines.back()["time"] = line.time;
  }
  nlohmann::json view{
      {"node", node},         {"lines", std::move(lines)}, {"cursor", page.cursor}, {"continues", page.continues},
      {"open", page.is_open}, {"gap", page.has_gap},       {"end", page.at_end}};
  if (replica) view["replica"] = replica.str();
  return view;
}

void add_log_routes(http::Routes& routes, const AdminDoor& door) {
  const auto answer = [&door](auto wish, const ResponderRef& responder) {
    wish ? door.ask(std::move(*wish), responder) : refuse(*responder, wish.error());
  };
  routes.add("GET", "/api/v1/logs", [answer](const auto& request, const auto&, const ResponderRef& responder) {
    answer(parse_find_logs(request.query()), responder);
  });
  routes.add("GET", "/api/v1/logs/{node}",
             [answer](const auto& request, const auto& names, const ResponderRef& responder) {
               answer(parse_read_log(names[0], "", request.query()), responder);
             });
  routes.add("GET", "/api/v1/logs/{node}/{replica}",
             [answer](const auto& request, const auto& names, const ResponderRef& responder) {
               answer(parse_read_log(names[0], names[1], request.query()), responder);
             });
}

}  // namespace troupe::cluster
