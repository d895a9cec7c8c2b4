#pragma once
// How the head reads what back ends print and what nodes log. Control lane, so each answer is small: a list has at most
// log_entries_max rows, a page at most some 64 KiB.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/base/ids.hpp"
#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

inline constexpr size_t log_entries_max = 256;

/// Head -> node, answered by LogList: which replicas have written here.
struct ListLogs {
  static constexpr auto message_type = MessageType::list_logs;

  std::string of;  ///< Those of this deployment, model, MODEL@VERSION or replica; empty = all.

  bool operator==(const ListLogs&) const = default;
  static constexpr auto fields() { return std::tuple{&ListLogs::of}; }
};

struct LogEntry {
  ReplicaId replica;
  std::string deployment;
  std::string model;
  std::string version;
  uint64_t bytes = 0;
  int64_t written_unix_us = 0;  ///< Last.

  bool operator==(const LogEntry&) const = default;
  static constexpr auto fields() {
    using E = LogEntry;
    return std::tuple{&E::replica, &E::deployment, &E::model, &E::version, &E::bytes, &E::written_unix_us};
  }
};

struct LogList {
  static constexpr auto message_type = MessageType::log_list;

  std::vector<LogEntry> logs;  ///< The one that was written to last first.
  bool is_cut = false;         ///< There are more.

  bool operator==(const LogList&) const = default;
  static constexpr auto fields() { return std::tuple{&LogList::logs, &LogList::is_cut}; }
};

/// Head -> node, answered by LogPage.
struct ReadLog {
  static constexpr auto message_type = MessageType::read_log;

  ReplicaId replica;             ///< 0 = the node's own log.
  std::string cursor;            ///< Of the page before; empty: from where `tail` and `since` say.
  std::optional<uint64_t> tail;  ///< So many lines before the end; none = from the oldest.
  int64_t since_unix_us = 0;     ///< From the first line of this time or later; 0 = any.
  bool follows = false;          ///< The reader asks again: a line that is being written may wait a second for its end.

  bool operator==(const ReadLog&) const = default;
  static constexpr auto fields() {
    using R = ReadLog;
    return std::tuple{&R::replica, &R::cursor, &R::tail, &R::since_unix_us, &R::follows};
  }
};

struct LoggedLine {
  std::string time;  ///< ISO 8601; empty where it has none.
  std::string text;

  bool operator==(const LoggedLine&) const = default;
  static constexpr auto fields() { return std::tuple{&LoggedLine::time, &LoggedLine::text}; }
};

struct LogPage {
  static constexpr auto message_type = MessageType::log_page;

  std::vector<LoggedLine> lines;
  std::string cursor;      ///< For the next page.
  bool continues = false;  ///< The first line goes on with the last one of the page before.
  bool is_open = false;    ///< The last line has not ended; the next page goes on with it.
  bool has_gap = false;    ///< What followed the cursor was rotated away.
  bool at_end = false;     ///< Nothing more is there yet.

  bool operator==(const LogPage&) const = default;
  static constexpr auto fields() {
    using P = LogPage;
    return std::tuple{&P::lines, &P::cursor, &P::continues, &P::is_open, &P::has_gap, &P::at_end};
  }
};

}  // namespace troupe::protocol
