#include "cluster/cli/security_checks.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::cli {

using Level = Finding::Level;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

const WallTime noon = wall_time_from_unix_microseconds(1'800'000'000'000'000);

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Finding door(DoorKind kind, const std::string& address, bool is_encrypted, std::optional<bool> needs_key) {
  return check_door({"head", kind, address, is_encrypted, needs_key, needs_key ? "" : "no route"});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(security_checks)

BOOST_AUTO_TEST_CASE(doors_on_loopback_are_fine_and_say_what_they_ask_for) {
  const Finding http = door(DoorKind::http, "http://127.0.0.1:8000", false, false);
  BOOST_TEST((http.level == Level::ok));
  BOOST_TEST(http.what == "head: HTTP at http://127.0.0.1:8000: this machine only, in the clear, no key needed");
  BOOST_TEST(http.advice.empty());
  BOOST_TEST((door(DoorKind::zmq, "tcp://127.0.0.1:8003", false, false).level == Level::ok));
  BOOST_TEST((door(DoorKind::http, "http://[::1]:8000", false, false).level == Level::ok));
  BOOST_TEST(
      has(door(DoorKind::admin, "http://127.0.0.1:8265", false, false).what, "reading needs no key, writing does"));
}

BOOST_AUTO_TEST_CASE(a_public_door_must_encrypt_and_ask_for_a_key) {
  for (const DoorKind kind : {DoorKind::http, DoorKind::zmq, DoorKind::admin}) {
    BOOST_TEST((door(kind, "https://10.0.0.1:8000", true, true).level == Level::ok));
    const Finding clear = door(kind, "http://10.0.0.1:8000", false, true);
    BOOST_TEST((clear.level == Level::fail));
    BOOST_TEST(has(clear.what, "other machines reach it, in the clear"));
    BOOST_TEST(has(clear.advice, "read along"));
    const Finding keyless = door(kind, "https://10.0.0.1:8000", true, false);
    BOOST_TEST((keyless.level == Level::fail));
    BOOST_TEST(has(keyless.advice, "troupe key create"));
  }
  BOOST_TEST((door(DoorKind::http, "http://0.0.0.0:8000", false, false).level == Level::fail));
}

BOOST_AUTO_TEST_CASE(a_door_that_cannot_be_asked_is_a_note_that_says_why) {
  const Finding row = door(DoorKind::http, "https://10.0.0.1:8000", true, std::nullopt);

  BOOST_TEST((row.level == Level::warn));
  BOOST_TEST(has(row.what, "no route"));
}

BOOST_AUTO_TEST_CASE(metrics_may_be_read_by_all_but_not_in_the_clear) {
  BOOST_TEST((door(DoorKind::metrics, "https://10.0.0.1:8002/metrics", true, false).level == Level::warn));
  BOOST_TEST((door(DoorKind::metrics, "http://10.0.0.1:8002/metrics", false, false).level == Level::fail));
  BOOST_TEST((door(DoorKind::metrics, "http://127.0.0.1:8002/metrics", false, false).level == Level::ok));
}

BOOST_AUTO_TEST_CASE(the_bus_is_fine_wherever_it_is) {
  BOOST_TEST((door(DoorKind::bus, "tcp://10.0.0.1:7420", true, true).level == Level::ok));
}

BOOST_AUTO_TEST_CASE(insecure_is_open_where_others_reach_the_node) {
  BOOST_TEST((check_insecure("head", true).level == Level::fail));
  BOOST_TEST((check_insecure("head", false).level == Level::warn));
}

BOOST_AUTO_TEST_CASE(secrets_that_others_can_use_are_open) {
  BOOST_TEST((check_secret_file("admin.key", 0600).level == Level::ok));
  BOOST_TEST((check_secret_file("admin.key", 0640).level == Level::fail));
  BOOST_TEST(has(check_secret_file("admin.key", 0604).advice, "chmod 600 admin.key"));
  BOOST_TEST((check_folder("head", 0700).level == Level::ok));
  BOOST_TEST((check_folder("head", 0755).level == Level::warn));
  BOOST_TEST((check_folder("head", 0775).level == Level::fail));
}

BOOST_AUTO_TEST_CASE(a_certificate_is_told_of_a_month_before_its_end) {
  BOOST_TEST((check_certificate_end("tls.crt", noon + 31 * 24h, noon).level == Level::ok));
  BOOST_TEST((check_certificate_end("tls.crt", noon + 30 * 24h, noon).level == Level::warn));
  BOOST_TEST((check_certificate_end("tls.crt", noon, noon).level == Level::fail));
}

BOOST_AUTO_TEST_CASE(live_tokens_are_named_and_those_without_bounds_are_open) {
  const auto token = [](const char* id, const char* state, Duration left, uint32_t uses_max) {
    return json{
        {"id", id}, {"state", state}, {"expires", to_iso8601(noon + left)}, {"uses", 1}, {"uses_max", uses_max}};
  };
  const auto rows = check_tokens({token("day", "valid", 24h, 0), token("gone", "revoked", 24h, 0),
                                  token("year", "valid", 24h * 365, 0), token("two", "valid", 24h * 365, 3)},
                                 noon);

  BOOST_REQUIRE(rows.size() == 3U);
  BOOST_TEST((rows[0].level == Level::warn));
  BOOST_TEST(has(rows[0].what, "join token day lets in any number of nodes until 2027-01-16T08:00:00.000Z"));
  BOOST_TEST((rows[1].level == Level::fail));
  BOOST_TEST(has(rows[1].advice, "troupe token revoke year"));
  BOOST_TEST((rows[2].level == Level::warn));
  BOOST_TEST(has(rows[2].what, "2 more nodes"));
  BOOST_TEST((check_tokens(json::array(), noon).at(0).level == Level::ok));
}

BOOST_AUTO_TEST_CASE(keys_without_models_quota_or_end_are_noted) {
  const json narrow{{"id", "1"},
                    {"name", "a"},
                    {"state", "valid"},
                    {"models", {"clerk"}},
                    {"rate", 10.0},
                    {"concurrent", 0},
                    {"expires", "2027-01-16T08:00:00.000Z"}};
  json wide = narrow;
  wide["id"] = "2";
  wide["models"] = json::array();
  wide["rate"] = 0.0;
  wide["expires"] = nullptr;
  json revoked = wide;
  revoked["state"] = "revoked";

  const auto rows = check_keys({narrow, wide, revoked});

  BOOST_REQUIRE(rows.size() == 1U);
  BOOST_TEST((rows[0].level == Level::warn));
  BOOST_TEST(rows[0].what == "API key 2 (a) may use every model, has no quota, never expires");
  BOOST_TEST((check_keys(json::array({narrow})).at(0).level == Level::ok));
  BOOST_TEST((check_keys(json::array()).at(0).level == Level::ok));
}

BOOST_AUTO_TEST_CASE(nodes_on_the_list_that_are_away_are_noted) {
  const auto member = [](const char* name, const char* trust, const char* state) {
    return json{
        {"id", "0a"}, {"name", name}, {"trust", trust}, {"state", state}, {"joined", "2026-01-01T00:00:00.000Z"}};
  };
  const auto rows =
      check_members({member("w1", "member", "alive"), member("w2", "member", "away"), member("w3", "revoked", "away")});

  BOOST_REQUIRE(rows.size() == 1U);
  BOOST_TEST((rows[0].level == Level::warn));
  BOOST_TEST(has(rows[0].what, "node w2 (0a) may connect, but is away"));
  BOOST_TEST(has(rows[0].advice, "troupe node revoke 0a"));
}

BOOST_AUTO_TEST_CASE(one_open_row_is_unsafe_and_notes_are_not) {
  BOOST_TEST(is_healthy({{Level::ok, "a", ""}, {Level::warn, "b", ""}}));
  BOOST_TEST(!is_healthy({{Level::ok, "a", ""}, {Level::fail, "b", ""}}));
  BOOST_TEST(format_findings({{Level::fail, "b", "close it"}}, security_levels) == "open  b\n      close it\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::cli
