#include "cluster/head/admin_logs.hpp"

#include <boost/test/unit_test.hpp>

#include "fake_head.hpp"

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::testing;
using namespace std::chrono_literals;

namespace {

constexpr const char* replica = "00000000000000a1";

std::string message_of(std::string_view id, std::string_view query) {
  const auto log = parse_read_log("worker-1", id, query);
  return log ? "it was taken" : log.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(admin_logs)

BOOST_AUTO_TEST_CASE(logs_need_the_key_also_on_loopback) {
  Site site([](const AdminCall&) { return Result<std::string>("{}"); });

  for (const char* path : {"/api/v1/logs?of=clerk", "/api/v1/logs/head", "/api/v1/logs/head/00000000000000a1"}) {
    BOOST_TEST(site.get(path)->status() == 401, path);
    BOOST_TEST(site.write("GET", path)->status() == 200, path);
  }
}

BOOST_AUTO_TEST_CASE(what_is_asked_reaches_the_head) {
  FindLogs found;
  ReadNodeLog read;
  Site site([&](const AdminCall& call) -> Result<std::string> {
    if (const auto* find = std::get_if<FindLogs>(&call.what)) found = *find;
    if (const auto* log = std::get_if<ReadNodeLog>(&call.what)) read = *log;
    return "{}";
  });

  site.write("GET", "/api/v1/logs?of=clerk%402&node=worker-1");
  site.write("GET", std::string("/api/v1/logs/worker-1/") + replica + "?cursor=1-2&follow=1");

  BOOST_TEST(found.of == "clerk@2");
  BOOST_TEST(found.node == "worker-1");
  BOOST_TEST(read.node == "worker-1");
  BOOST_TEST((read.wish.replica == ReplicaId{0xa1}));
  BOOST_TEST(read.wish.cursor == "1-2");
  BOOST_TEST(read.wish.follows);
}

BOOST_AUTO_TEST_CASE(the_last_hundred_lines_come_where_nothing_is_said) {
  const auto log = parse_read_log("head", "", "");

  BOOST_REQUIRE(log.has_value());
  BOOST_TEST(!log->wish.replica);
  BOOST_TEST((log->wish.tail == 100U));
}

BOOST_AUTO_TEST_CASE(a_time_has_all_its_lines_unless_a_tail_is_named_too) {
  BOOST_TEST(!parse_read_log("head", "", "since=10m")->wish.tail.has_value());
  BOOST_TEST((parse_read_log("head", "", "since=10m")->since == 10min));
  BOOST_TEST((parse_read_log("head", "", "since=10m&tail=5")->wish.tail == 5U));
  BOOST_TEST(!parse_read_log("head", "", "tail=all")->wish.tail.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named) {
  BOOST_TEST(message_of("../../etc/passwd", "") ==
             "'../../etc/passwd' is no replica's id; that is 16 hex digits, as `troupe get deployment NAME` shows");
  BOOST_TEST(message_of("0000000000000000", "") != "it was taken");
  BOOST_TEST(message_of(replica, "tail=-1") == "tail is a number of lines up to 1000000, or all; '-1' is neither");
  BOOST_TEST(message_of(replica, "tail=1000001") != "it was taken");
  BOOST_TEST(message_of(replica, "since=soon") != "it was taken");
  BOOST_TEST(message_of(replica, "since=0") != "it was taken");
  BOOST_TEST(message_of(replica, "cursor=1-2&tail=3") ==
             "a cursor says where the page begins; it goes without tail and since");
  BOOST_TEST(message_of(replica, "follow=yes") == "follow is 1 or 0, not 'yes'");
  BOOST_TEST(message_of(replica, "tails=3") == "unknown parameter tails (did you mean tail?)");
  BOOST_TEST(message_of(replica, "tail=%4") == "the query has a broken escape in 'tail=%4'");
}

BOOST_AUTO_TEST_CASE(a_page_is_shown_with_what_a_reader_must_know) {
  const protocol::LogPage page{{{"2026-11-21T04:05:06.123Z", "loading"}, {"", "more"}}, "1-2", false, true, true, true};

  const nlohmann::json view = log_page_view("worker-1", ReplicaId{0xa1}, page);

  const nlohmann::json expected = nlohmann::json::parse(
      R"({"node": "worker-1", "replica": "00000000000000a1", "cursor": "1-2", "continues": false, "open": true,
          "gap": true, "end": true,
          "lines": [{"time": "2026-11-21T04:05:06.123Z", "text": "loading"}, {"text": "more"}]})");
  BOOST_TEST(view == expected);
}

BOOST_AUTO_TEST_SUITE_END()
