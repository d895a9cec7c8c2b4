#include "actors/gateway/key_ring.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/gateway/keyed_sink.hpp"
#include "storage/sha256.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace std::chrono_literals;

namespace {

const Time t0{1000s};
const WallTime noon = wall_time_from_unix_microseconds(1'700'000'000'000'000);

protocol::ApiKey key(const std::string& text) {
  storage::Sha256 sha;
  sha.update(std::as_bytes(std::span(text)));
  protocol::ApiKey made;
  made.hash = sha.hex();
  made.id = made.hash.substr(0, 12);
  return made;
}

struct Fixture {
  std::string refusals;
  KeyRing ring{[this](std::string_view reason, const std::string&) { refusals += std::string(reason) + ' '; }};
  uint64_t revision = 0;

  void set(std::vector<protocol::ApiKey> keys, bool required = true) {
    ring.update({Epoch{1}, ++revision, required, std::move(keys)});
  }
  std::string admit(std::optional<std::string_view> text, Time now = t0, std::string_view model = "clerk") {
    const auto pass = ring.admit(text, model, now, noon);
    return pass ? "ok" : std::string(to_string(pass.error().code));
  }
};

struct NoSink final : balancer::ResponseSink {
  void on_part(std::shared_ptr<const protocol::ResultPart>, bool) override {}
  void on_error(const Error&) override {}
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(key_ring, Fixture)

BOOST_AUTO_TEST_CASE(a_key_has_an_id_whether_or_not_keys_are_needed) {
  set({key("tk_a")}, false);
  BOOST_TEST(ring.id_of("tk_a") == key("tk_a").id);
  BOOST_TEST(ring.id_of("tk_b") == "");
  BOOST_TEST(ring.id_of(std::nullopt) == "");
}

BOOST_AUTO_TEST_CASE(a_key_with_a_rate_is_told_what_is_left_of_it) {
  auto limited = key("alice");
  limited.rate = 4;
  set({limited, key("free")});

  const auto fresh = ring.quota_of("alice", t0);
  for (int i = 0; i < 3; ++i) BOOST_TEST(admit("alice") == "ok");
  const auto used = ring.quota_of("alice", t0);
  const auto later = ring.quota_of("alice", t0 + 500ms);

  BOOST_TEST_REQUIRE(fresh.has_value());
  BOOST_TEST(fresh->limit == 4u);
  BOOST_TEST(fresh->remaining == 3u);
  BOOST_TEST((fresh->reset == 250ms));
  BOOST_TEST(used->remaining == 0u);
  BOOST_TEST((used->reset == 1000ms));
  BOOST_TEST(later->remaining == 2u);
  BOOST_TEST(!ring.quota_of("free", t0).has_value());
  BOOST_TEST(!ring.quota_of("nobody", t0).has_value());
  BOOST_TEST(!ring.quota_of(std::nullopt, t0).has_value());
}

BOOST_AUTO_TEST_CASE(a_door_that_others_reach_needs_keys_whatever_the_head_says) {
  KeyRing strict({}, true);
  strict.update({Epoch{1}, 1, false, {key("alice")}});

  BOOST_TEST((strict.admit(std::nullopt, "clerk", t0, noon).error().code == Errc::unauthenticated));
  BOOST_TEST(strict.admit("alice", "clerk", t0, noon).has_value());
}

BOOST_AUTO_TEST_CASE(nobody_is_served_before_it_is_known_whether_keys_are_needed) {
  BOOST_TEST(!ring.is_known());
  BOOST_TEST(admit("tk_a") == "unavailable");
  BOOST_TEST(admit(std::nullopt) == "unavailable");
}

BOOST_AUTO_TEST_CASE(where_none_are_required_all_are_let_in_whatever_they_show) {
  set({}, false);

  BOOST_TEST(admit(std::nullopt) == "ok");
  BOOST_TEST(admit("EMPTY") == "ok");
}

BOOST_AUTO_TEST_CASE(only_a_known_key_opens) {
  set({key("tk_a")});

  BOOST_TEST(admit("tk_a") == "ok");
  BOOST_TEST(admit("tk_b") == "unauthenticated");
  BOOST_TEST(admit("") == "unauthenticated");
  BOOST_TEST(admit(std::string(100'000, 'x')) == "unauthenticated");
  BOOST_TEST(admit(key("tk_a").hash) == "unauthenticated");  // What is stored is no key.
  BOOST_TEST(admit(std::nullopt) == "unauthenticated");
  BOOST_TEST(refusals == "unknown unknown unknown unknown missing ");
}

BOOST_AUTO_TEST_CASE(a_key_that_is_revoked_closes_and_the_last_ones_going_opens_nothing) {
  set({key("tk_a")});
  set({});

  BOOST_TEST(admit("tk_a") == "unauthenticated");
  BOOST_TEST(admit(std::nullopt) == "unauthenticated");
}

BOOST_AUTO_TEST_CASE(older_news_is_ignored) {
  set({});
  ring.update({Epoch{1}, 0, true, {key("tk_a")}});
  BOOST_TEST(admit("tk_a") == "unauthenticated");
  ring.update({Epoch{2}, 0, true, {key("tk_a")}});
  BOOST_TEST(admit("tk_a") == "ok");
}

BOOST_AUTO_TEST_CASE(a_key_expires_and_its_owner_is_told) {
  auto old = key("tk_a"), fresh = key("tk_b");
  old.expires_unix_us = unix_microseconds(noon);
  fresh.expires_unix_us = unix_microseconds(noon) + 1;
  set({old, fresh});

  BOOST_TEST(admit("tk_a") == "unauthenticated");
  BOOST_TEST(ring.admit("tk_a", "clerk", t0, noon).error().message.find("expired at 2023-11-14") != std::string::npos);
  BOOST_TEST(admit("tk_b") == "ok");
}

BOOST_AUTO_TEST_CASE(a_scoped_key_uses_its_models_alone) {
  auto scoped = key("tk_a");
  scoped.models = {"clerk", "echo"};
  set({scoped});

  BOOST_TEST(admit("tk_a", t0, "echo") == "ok");
  const auto refused = ring.admit("tk_a", "judge", t0, noon);
  BOOST_TEST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::permission_denied));
  BOOST_TEST(refused.error().message ==
             fmt::format("the API key {} may not use judge; it may use clerk, echo", scoped.id));
  BOOST_TEST((ring.models_of("tk_a", noon).value() == scoped.models));
}

BOOST_AUTO_TEST_CASE(a_rate_lets_a_seconds_worth_at_once_and_then_says_when_the_next_may_come) {
  auto limited = key("tk_a");
  limited.rate = 4;
  set({limited});

  for (int i = 0; i < 4; ++i) BOOST_TEST(admit("tk_a") == "ok");
  const auto refused = ring.admit("tk_a", "clerk", t0, noon);
  BOOST_TEST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::overloaded));
  BOOST_TEST(refused.error().retry_after.count() == 250);
  BOOST_TEST(admit("tk_a", t0 + 249ms) == "overloaded");
  BOOST_TEST(admit("tk_a", t0 + 251ms) == "ok");
}

BOOST_AUTO_TEST_CASE(news_of_other_keys_does_not_fill_up_a_quota) {
  auto limited = key("tk_a");
  limited.rate = 1;
  set({limited});
  BOOST_TEST(admit("tk_a") == "ok");

  set({limited, key("tk_b")});

  BOOST_TEST(admit("tk_a") == "overloaded");
  BOOST_TEST(admit("tk_b") == "ok");
}

BOOST_AUTO_TEST_CASE(requests_at_once_are_counted_until_they_have_ended) {
  auto limited = key("tk_a");
  limited.concurrent = 1;
  set({limited});
  auto sink = hold_pass(std::make_shared<NoSink>(), ring.admit("tk_a", "clerk", t0, noon).value());

  BOOST_TEST(admit("tk_a") == "overloaded");
  sink->on_part(nullptr, false);
  BOOST_TEST(admit("tk_a") == "overloaded");
  sink->on_part(nullptr, true);
  BOOST_TEST(admit("tk_a") == "ok");
}

BOOST_AUTO_TEST_CASE(loading_needs_a_key_that_may_also_where_requests_need_none) {
  protocol::ApiKey loader = key("tk_loader");
  loader.may_load = true;
  loader.models = {"clerk"};
  set({loader, key("tk_plain")}, false);
  const auto may = [&](std::optional<std::string_view> text, std::string_view model = "clerk") {
    const auto id = ring.may_load(text, model, noon);
    return id ? *id : std::string(to_string(id.error().code));
  };

  BOOST_TEST(admit(std::nullopt) == "ok");
  BOOST_TEST(may("tk_loader") == loader.id);
  BOOST_TEST(may("tk_loader", "judge") == "permission_denied");
  BOOST_TEST(may("tk_plain") == "permission_denied");
  BOOST_TEST(may("tk_other") == "unauthenticated");
  BOOST_TEST(may(std::nullopt) == "unauthenticated");
}

BOOST_AUTO_TEST_SUITE_END()
