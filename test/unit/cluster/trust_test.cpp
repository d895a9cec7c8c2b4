#include "cluster/head/trust.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;

namespace {

const WallTime noon = wall_time_from_unix_microseconds(1'800'000'000'000'000);
const std::string head_key(40, 'H');
const std::string key_a(40, 'a');
const std::string key_b(40, 'b');
const std::string key_c(40, 'c');

struct World {
  Trust trust{NodeId{1}, head_key};

  std::string token(TokenWish wish = {}, uint64_t id = 7, char secret = 's') {
    const auto issued = trust.issue(wish, id, std::string(token_secret_bytes, secret), noon).value();
    trust.apply(issued.first);
    return text_of(issued.second);
  }
  Result<Admission> ask(const std::string& token, uint64_t node = 5, const std::string& key = key_a,
                        WallTime now = noon + 1min) const {
    return trust.admit({NodeId{node}, "worker-" + std::to_string(node), key, token}, now);
  }
  void join(const std::string& token, uint64_t node = 5, const std::string& key = key_a) {
    const auto admission = ask(token, node, key);
    BOOST_REQUIRE(admission.has_value());
    trust.apply(admission->node.value());
    trust.apply(admission->token.value());
  }
  std::string why_not(const std::string& token, WallTime now = noon + 1min) const {
    const auto refused = ask(token, 5, key_a, now);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::unauthenticated));
    return refused.error().message;
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(trust, World)

BOOST_AUTO_TEST_CASE(a_token_lets_a_node_in_which_then_needs_none) {
  join(token());

  BOOST_TEST(trust.is_member(NodeId{5}, key_a));
  const auto again = ask("");
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(!again->node.has_value());
  BOOST_TEST(!again->token.has_value());
  BOOST_TEST(trust.allowed().size() == 2u);  // The head and the node.
}

BOOST_AUTO_TEST_CASE(no_wrong_expired_revoked_and_used_up_tokens_are_told_apart) {
  const std::string good = token({.lifetime = 1h, .uses_max = 1, .created_by = "t"});

  BOOST_TEST(has(why_not(""), "shows no join token"));
  BOOST_TEST(has(why_not("troupe-1.abc"), "damaged"));
  const JoinToken guess{head_key, 7, std::string(token_secret_bytes, 'x'), 0};
  BOOST_TEST(has(why_not(text_of(guess)), "wrong"));
  const JoinToken made_up{head_key, 8, std::string(token_secret_bytes, 's'), 0};
  BOOST_TEST(has(why_not(text_of(made_up)), "wrong"));
  BOOST_TEST(has(why_not(good, noon + 1h), "expired"));
  BOOST_TEST(ask(good, 5, key_a, noon + 1h - 1us).has_value());

  join(good, 6, key_b);
  BOOST_TEST(has(why_not(good), "let in 1 nodes, as many as it may"));
  trust.apply(trust.revoke_token("0000000000000007").value());
  BOOST_TEST(has(why_not(good), "revoked"));
  BOOST_TEST(trust.is_member(NodeId{6}, key_b));
}

BOOST_AUTO_TEST_CASE(the_head_keeps_no_secret) {
  const auto issued = trust.issue({}, 7, std::string(token_secret_bytes, 's'), noon).value();

  BOOST_TEST(!has(encode(issued.first), issued.second.secret));
  BOOST_TEST((decode_token(key_of(issued.first), encode(issued.first)).value() == issued.first));
}

BOOST_AUTO_TEST_CASE(a_revoked_node_is_off_the_list_and_its_key_is_denied_whatever_token_it_has) {
  const std::string good = token();
  join(good);

  const auto revoked = trust.revoke_node("worker-5").value();
  for (const NodeRecord& record : revoked) trust.apply(record);

  BOOST_TEST(!trust.is_member(NodeId{5}, key_a));
  BOOST_TEST(trust.allowed().size() == 1u);
  BOOST_TEST((trust.denied() == std::vector<std::string>{key_a}));
  BOOST_TEST((ask(good).error().code == Errc::permission_denied));
  BOOST_TEST((ask(good, 9, key_a).error().code == Errc::permission_denied));
  join(good, 5, key_b);
  BOOST_TEST(trust.is_member(NodeId{5}, key_b));
  BOOST_TEST((ask(good, 5, key_a).error().code == Errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(a_members_id_is_not_given_to_another_key) {
  const std::string good = token();
  join(good);

  BOOST_TEST((ask(good, 5, key_b).error().code == Errc::failed_precondition));
  BOOST_TEST(!trust.is_member(NodeId{5}, key_b));
  BOOST_TEST(!trust.is_member(NodeId{1}, key_b));
}

BOOST_AUTO_TEST_CASE(what_is_to_be_revoked_must_be_there) {
  join(token());

  BOOST_TEST(has(trust.revoke_node("worker-6").error().message, "did you mean worker-5"));
  BOOST_TEST((trust.revoke_node("0000000000000001").error().code == Errc::invalid_argument));
  BOOST_TEST((trust.revoke_token("0").error().code == Errc::not_found));
  BOOST_TEST(trust.revoke_node("0000000000000005").has_value());
}

BOOST_AUTO_TEST_CASE(a_node_has_both_keys_from_the_offer_until_it_comes_with_the_new_one) {
  join(token());

  trust.apply(trust.offer_key(NodeId{5}, key_a, key_b).value());
  BOOST_TEST(trust.is_member(NodeId{5}, key_a));
  BOOST_TEST(trust.is_member(NodeId{5}, key_b));
  BOOST_TEST(!trust.retire_keys(NodeId{5}, key_a).has_value());
  BOOST_TEST(!ask("", 5, key_b)->node.has_value());

  trust.apply(trust.retire_keys(NodeId{5}, key_b).value());
  BOOST_TEST(!trust.is_member(NodeId{5}, key_a));
  BOOST_TEST(trust.is_member(NodeId{5}, key_b));
  BOOST_TEST(!trust.retire_keys(NodeId{5}, key_b).has_value());
  BOOST_TEST((ask("", 5, key_a).error().code == Errc::failed_precondition));
}

BOOST_AUTO_TEST_CASE(an_offer_that_is_made_again_takes_the_place_of_the_first) {
  join(token());
  trust.apply(trust.offer_key(NodeId{5}, key_a, key_b).value());

  const NodeRecord again = trust.offer_key(NodeId{5}, key_a, key_c).value();

  BOOST_TEST((again.keys == std::vector<std::string>{key_a, key_c}));
}

BOOST_AUTO_TEST_CASE(what_is_no_new_key_of_a_members_own_is_not_put_on_the_list) {
  const std::string good = token();
  join(good);
  join(good, 6, key_b);
  const auto field_of = [&](const std::string& offered) {
    return trust.offer_key(NodeId{5}, key_a, offered).error().field;
  };

  for (const std::string& offered : {key_a, key_b, head_key, std::string("short"), std::string()})
    BOOST_TEST(field_of(offered) == "key");
  trust.apply(trust.revoke_node("worker-6").value().front());
  BOOST_TEST(field_of(key_b) == "key");
  BOOST_TEST((trust.offer_key(NodeId{6}, key_b, key_c).error().code == Errc::not_found));
  BOOST_TEST((trust.offer_key(NodeId{7}, key_a, key_c).error().code == Errc::not_found));
  BOOST_TEST((trust.offer_key(NodeId{5}, key_b, key_c).error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_revoked_while_it_has_two_keys_loses_both) {
  join(token());
  trust.apply(trust.offer_key(NodeId{5}, key_a, key_b).value());

  trust.apply(trust.revoke_node("worker-5").value().front());

  BOOST_TEST((trust.denied() == std::vector<std::string>{key_a, key_b}));
}

BOOST_AUTO_TEST_CASE(tokens_are_bounded_in_number_and_life) {
  BOOST_TEST(trust.issue({.lifetime = 0s}, 1, "", noon).error().field == "ttl");
  BOOST_TEST(trust.issue({.lifetime = token_lifetime_max + 1s}, 1, "", noon).error().field == "ttl");
  for (uint64_t id = 1; id <= tokens_max; ++id) token({}, id);
  BOOST_TEST((trust.issue({}, 5000, "", noon).error().code == Errc::resource_exhausted));
  BOOST_TEST(trust.leftovers(noon + 24h).empty());
  BOOST_TEST(trust.leftovers(noon + 24h * 9).size() == tokens_max);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(join_token)

BOOST_AUTO_TEST_CASE(text_and_back) {
  const JoinToken token{head_key, 0xfedcba9876543210, std::string("\0\xff", 2) + std::string(30, '-'), 1'800'000'000};
  const std::string text = text_of(token);

  BOOST_TEST((parse_join_token(text).value() == token));
  BOOST_TEST(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_cut_and_every_changed_character_is_noticed) {
  const std::string text = text_of({head_key, 1, std::string(token_secret_bytes, 's'), 1});
  for (size_t size = 0; size < text.size(); ++size) BOOST_TEST(!parse_join_token(text.substr(0, size)));
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    BOOST_TEST(!parse_join_token(changed));
  }
  for (const std::string& bad :
       {text + "A", text + "AAAA", "troupe-2." + text.substr(9), std::string("\0\xff troupe-1.")})
    BOOST_TEST((parse_join_token(bad).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
